using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Options;
using Xerotier.Health.V1;

namespace Xerotier.FleetSimulator;

/// <summary>Two relays, one for each key: each holds a stream to the Gateway and sends all heartbeats of its senders when they are due.</summary>
internal sealed partial class Relays(SimulatedFleet fleet, IOptions<SimulatorOptions> options, TimeProvider time, ILogger<Relays> logger) : BackgroundService
{
    private const int BatchSize = 500;

    /// <summary>A channel that notices a silent peer within seconds.</summary>
    public static GrpcChannel Open(string url) => GrpcChannel.ForAddress(url, new GrpcChannelOptions
    {
        HttpHandler = new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromSeconds(2),
            EnableMultipleHttp2Connections = true,
            KeepAlivePingDelay = TimeSpan.FromSeconds(2),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(2),
            UseProxy = false,
        },
        DisposeHttpClient = true,
    });

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var channel = Open(options.Value.GrpcUrl);
        var client = new Heartbeats.HeartbeatsClient(channel);
        await Task.WhenAll(
            RelayAsync("platform", client, options.Value.PlatformKey, fleet.OfPlatform, stoppingToken),
            RelayAsync("project", client, options.Value.ApiKey, fleet.OfProject, stoppingToken));
    }

    private async Task RelayAsync(string name, Heartbeats.HeartbeatsClient client, string key, Func<IEnumerable<Heartbeat>> senders, CancellationToken stopping)
    {
        var headers = new Metadata { { "authorization", $"Bearer {key}" } };
        var lost = false;
        var unheard = NewSource();
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
                    unheard = NewSource();
                    foreach (var batch in senders().Chunk(BatchSize))
                    {
                        await call.RequestStream.WriteAsync(new() { Heartbeats = { batch } }, ended.Token);
                    }

                    var due = Task.Delay(options.Value.Interval, time, ended.Token);
                    var next = await Task.WhenAny(changed, due, unheard.Task, acknowledged);
                    if (next == acknowledged)
                    {
                        await acknowledged; // throws what ended the stream
                        break;
                    }

                    if (next == unheard.Task)
                    {
                        await RestAsync(ended.Token); // not ten seconds: who is not heard is taken for silent
                    }
                }
            }
            catch (Exception failure) when (failure is RpcException or IOException or InvalidOperationException or OperationCanceledException)
            {
                if (!lost && !stopping.IsCancellationRequested)
                {
                    LogLost(logger, name, failure is RpcException rpc ? rpc.Status.Detail : failure.Message);
                }
            }

            lost = true;
            await ended.CancelAsync();
            await acknowledged.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await RestAsync(stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task RestAsync(CancellationToken cancellation) => Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(200, 1000)), time, cancellation);

        async Task ReadAcknowledgementsAsync(IAsyncStreamReader<ReportResponse> responses)
        {
            while (await responses.MoveNext(CancellationToken.None))
            {
                if (lost)
                {
                    lost = false;
                    LogConnected(logger, name);
                }

                if (responses.Current.Errors is [var first, ..])
                {
                    LogRefused(logger, name, responses.Current.Errors.Count, first.Code, first.Message);
                    if (first.Code == "service_unavailable")
                    {
                        unheard.TrySetResult();
                    }
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
