using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Xerotier.Health.V1;

namespace Xerotier.FleetSimulator;

/// <summary>The heartbeats of a load, and the streams that send them. Each load goes on where the one before ended.</summary>
internal sealed class LoadStreams : IDisposable
{
    private const int StreamsPerConnection = 50;

    // Messages are encoded once, before the measurement, so that it measures the platform and not this process.
    private static readonly Method<byte[], ReportResponse> Report = new(
        MethodType.DuplexStreaming,
        "xerotier.health.v1.Heartbeats",
        "Report",
        Marshallers.Create<byte[]>(bytes => bytes, bytes => bytes),
        Marshallers.Create(message => message.ToByteArray(), ReportResponse.Parser.ParseFrom));

    private readonly LoadOptions options;
    private readonly byte[][][] messages;
    private readonly int[] next;
    private readonly GrpcChannel[] channels;

    public LoadStreams(LoadOptions options)
    {
        this.options = options;
        var all = Enumerable.Range(0, options.Agents).Chunk(options.Batch)
            .Select(ids => new ReportRequest { Heartbeats = { ids.Select(HeartbeatOf) } }.ToByteArray()).ToArray();
        var streams = Math.Min(options.Streams, all.Length);
        messages = [.. Enumerable.Range(0, streams).Select(i => all.Where((_, m) => m % streams == i).ToArray())];
        next = new int[streams];
        channels = [.. Enumerable.Range(0, 1 + ((streams - 1) / StreamsPerConnection)).Select(_ => GatewayChannel.Open(options.Url))];
    }

    /// <summary>Sends for <paramref name="warmup"/> and <paramref name="duration"/>.</summary>
    /// <param name="rate">Heartbeats per second over all streams; 0: as many as the server acknowledges.</param>
    /// <param name="warmup">The time at the beginning that does not count.</param>
    /// <param name="duration">The time that is measured.</param>
    public async Task<LoadResult> RunAsync(int rate, TimeSpan warmup, TimeSpan duration)
    {
        var from = Stopwatch.GetTimestamp() + (long)(warmup.TotalSeconds * Stopwatch.Frequency);
        using var stop = new CancellationTokenSource(warmup + duration);
        return new(await AllAsync(rate, from, once: false, stop.Token), duration.TotalSeconds);
    }

    /// <summary>Sends every heartbeat once, for <paramref name="limit"/> at most.</summary>
    public async Task<LoadResult> RegisterAsync(TimeSpan limit)
    {
        var started = Stopwatch.GetTimestamp();
        using var stop = new CancellationTokenSource(limit);
        return new(await AllAsync(0, started, once: true, stop.Token), Stopwatch.GetElapsedTime(started).TotalSeconds);
    }

    /// <inheritdoc/>
    public void Dispose() => Array.ForEach(channels, channel => channel.Dispose());

    private Task<Counts[]> AllAsync(int rate, long from, bool once, CancellationToken stop) =>
        Task.WhenAll(messages.Select((own, i) => Task.Run(() => StreamAsync(i, rate, from, once ? own.Length : int.MaxValue, stop), CancellationToken.None)));

    private async Task<Counts> StreamAsync(int stream, int rate, long from, int most, CancellationToken stop)
    {
        var (result, own) = (new Counts(), messages[stream]);
        using var inFlight = new SemaphoreSlim(options.InFlight);
        var sent = new ConcurrentQueue<long>();
        var pace = rate == 0 ? 0 : options.Batch * messages.Length * (double)Stopwatch.Frequency / rate;
        var due = Stopwatch.GetTimestamp() + (pace * Random.Shared.NextDouble());
        try
        {
            using var call = channels[stream % channels.Length].CreateCallInvoker().AsyncDuplexStreamingCall(
                Report, null, new CallOptions(new Metadata { { "authorization", $"Bearer {options.Key}" } }));
            var reading = ReadAsync(call.ResponseStream);
            for (var left = most; left > 0 && !stop.IsCancellationRequested && !reading.IsCompleted; left--)
            {
                if (pace > 0)
                {
                    var early = TimeSpan.FromSeconds((due - Stopwatch.GetTimestamp()) / Stopwatch.Frequency);
                    if (early > TimeSpan.Zero)
                    {
                        await Task.Delay(early, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    }

                    due += pace;
                }

                await Task.WhenAny(inFlight.WaitAsync(CancellationToken.None), reading);
                sent.Enqueue(Stopwatch.GetTimestamp());
                await call.RequestStream.WriteAsync(own[next[stream]], CancellationToken.None);
                next[stream] = (next[stream] + 1) % own.Length;
            }

            await call.RequestStream.CompleteAsync();
            await reading.WaitAsync(TimeSpan.FromSeconds(5), CancellationToken.None);
        }
        catch (Exception failure) when (failure is RpcException or IOException or InvalidOperationException or TimeoutException)
        {
            result.Fail(failure is RpcException rpc ? $"{rpc.StatusCode}: {rpc.Status.Detail}" : failure.Message, 1);
        }

        return result;

        async Task ReadAsync(IAsyncStreamReader<ReportResponse> responses)
        {
            while (await responses.MoveNext(CancellationToken.None))
            {
                sent.TryDequeue(out var at);
                result.Add(responses.Current, at, from, stop.IsCancellationRequested);
                inFlight.Release();
            }
        }
    }

    private Heartbeat HeartbeatOf(int id) => options.Kind == "router"
        ? new() { Router = new() { RouterId = $"rtr-{id}", Region = "us-east", Version = "1.4.2", State = RouterState.Online } }
        : new()
        {
            Agent = new()
            {
                WorkerId = $"load-{id}",
                Name = $"gpu-{id}",
                Region = "us-east",
                Kind = options.Kind == "shared" ? AgentKind.Shared : AgentKind.Private,
                Version = "2.1.0",
                State = AgentState.Ready,
                MaxConcurrentRequests = 16,
                ActiveRequests = id % 16,
                Models = { "llama-3.3-70b" },
                Endpoints = { Endpoints() },
                ProjectId = options.Projects > 0 ? string.Create(CultureInfo.InvariantCulture, $"proj_load{id % options.Projects:0000000}") : "",
            },
        };

    private string[] Endpoints() => options switch
    {
        { Kind: "private" } => ["chat"],
        { Project.Length: > 0 } => [options.Project + "/chat"],
        _ => [],
    };

    /// <summary>What one stream found.</summary>
    internal sealed class Counts
    {
        public long Accepted { get; private set; }

        public List<double> Latencies { get; } = [];

        public Dictionary<string, long> Errors { get; } = [];

        public void Add(ReportResponse response, long sentAt, long from, bool ended)
        {
            if (response.Errors.Count > 0)
            {
                foreach (var error in response.Errors.CountBy(error => error.Code))
                {
                    Fail(error.Key, error.Value);
                }
            }

            if (Stopwatch.GetTimestamp() >= from && !ended)
            {
                Accepted += response.Accepted;
                Latencies.Add(Stopwatch.GetElapsedTime(sentAt).TotalMilliseconds);
            }
        }

        public void Fail(string reason, long count) => Errors[reason] = Errors.GetValueOrDefault(reason) + count;
    }
}
