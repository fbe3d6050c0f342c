using System.Text.Json;
using Grpc.Core;
using Microsoft.Extensions.Options;
using Xerotier.Health.V1;

namespace Xerotier.FleetSimulator;

/// <summary>Two relays, one per key. Each holds a stream to the Gateway and sends the heartbeats of its senders when they are due.</summary>
internal sealed partial class Relays(SimulatedFleet fleet, IOptions<SimulatorOptions> options, TimeProvider time, ILogger<Relays> logger) : BackgroundService
{
    private const int BatchSize = 500;

    private readonly TaskCompletionSource platformHeard = NewSource();
    private readonly TaskCompletionSource projectHeard = NewSource();

    /// <summary>Whether the platform has acknowledged heartbeats of both relays since the start.</summary>
    public bool AreHeard => platformHeard.Task.IsCompleted && projectHeard.Task.IsCompleted;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await CollectorReadyAsync(stoppingToken);
        using var channel = GatewayChannel.Open(options.Value.GrpcUrl);
        var client = new Heartbeats.HeartbeatsClient(channel);
        await Task.WhenAll(
            RelayAsync("platform", client, options.Value.PlatformKey, fleet.PlatformHeartbeats, platformHeard, stoppingToken),
            RelayAsync("project", client, options.Value.ApiKey, fleet.ProjectHeartbeats, projectHeard, stoppingToken));
    }

    /// <summary>Waits until the Gateway has found the collector, at the start and not for longer than that: it would log each heartbeat that finds nobody.</summary>
    private async Task CollectorReadyAsync(CancellationToken stopping)
    {
        using var handler = new SocketsHttpHandler { UseProxy = false };
        using var http = new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(1) };
        var (started, readiness) = (time.GetTimestamp(), new Uri(new Uri(options.Value.BaseUrl), "/readyz"));
        while (time.GetElapsedTime(started) < DemoProject.StartupGrace)
        {
            try
            {
                using var response = await http.GetAsync(readiness, stopping);
                using var json = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(stopping));
                if (json.RootElement.GetProperty("checks").GetProperty("redis").GetString() == "ok") // the collector itself says that
                {
                    return;
                }
            }
            catch (Exception failure) when (failure is HttpRequestException or JsonException or TaskCanceledException or KeyNotFoundException && !stopping.IsCancellationRequested)
            {
                // not there yet
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), time, stopping);
        }
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task RelayAsync(
        string name, Heartbeats.HeartbeatsClient client, string key, Func<IEnumerable<Heartbeat>> senders, TaskCompletionSource heard, CancellationToken stopping)
    {
        var headers = new Metadata { { "authorization", $"Bearer {key}" } };
        var complained = false;
        var started = time.GetTimestamp();
        var unavailable = NewSource();
        while (!stopping.IsCancellationRequested)
        {
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(stopping);
            var acknowledged = Task.CompletedTask;
            try
            {
                using var call = client.Report(headers, cancellationToken: ended.Token);
                acknowledged = ReadAcknowledgementsAsync(call.ResponseStream);
                while (true)
                {
                    var changed = fleet.Changed;
                    unavailable = NewSource();
                    foreach (var batch in senders().Chunk(BatchSize).DefaultIfEmpty([])) // one without heartbeats keeps the stream
                    {
                        await call.RequestStream.WriteAsync(new() { Heartbeats = { batch } }, ended.Token);
                    }

                    var due = Task.Delay(options.Value.Interval, time, ended.Token);
                    var next = await Task.WhenAny(changed, due, unavailable.Task, acknowledged);
                    if (next == acknowledged)
                    {
                        await acknowledged; // throws the failure that ended the stream
                        break;
                    }

                    if (next == unavailable.Task)
                    {
                        await BackOffAsync(ended.Token); // not a whole interval: the platform would consider the senders stale
                    }
                }
            }
            catch (Exception failure) when (failure is RpcException or IOException or InvalidOperationException or OperationCanceledException)
            {
                if (!complained && IsNews() && !stopping.IsCancellationRequested)
                {
                    complained = true;
                    LogLost(logger, name, failure is RpcException rpc ? rpc.Status.Detail : failure.Message);
                }
            }

            await ended.CancelAsync();
            await acknowledged.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await BackOffAsync(stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        // At the start, nobody need be there yet.
        bool IsNews() => heard.Task.IsCompleted || time.GetElapsedTime(started) > DemoProject.StartupGrace;

        Task BackOffAsync(CancellationToken cancellation) => Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(200, 1000)), time, cancellation);

        async Task ReadAcknowledgementsAsync(IAsyncStreamReader<ReportResponse> responses)
        {
            while (await responses.MoveNext(CancellationToken.None))
            {
                if (complained)
                {
                    complained = false;
                    LogConnected(logger, name);
                }

                if (responses.Current.Errors is [var first, ..])
                {
                    if (IsNews())
                    {
                        LogRefused(logger, name, responses.Current.Errors.Count, first.Code, first.Message);
                    }

                    if (first.Code == "service_unavailable")
                    {
                        unavailable.TrySetResult();
                    }
                }
                else
                {
                    heard.TrySetResult();
                }
            }
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The {Name} stream was lost: {Reason}")]
    private static partial void LogLost(ILogger logger, string name, string reason);

    [LoggerMessage(2, LogLevel.Information, "The {Name} stream is back")]
    private static partial void LogConnected(ILogger logger, string name);

    [LoggerMessage(3, LogLevel.Warning, "{Count} heartbeats of the {Name} stream were refused: {Code}, {Message}")]
    private static partial void LogRefused(ILogger logger, string name, int count, string code, string message);
}
