using System.Collections.Concurrent;
using System.ComponentModel.DataAnnotations;
using System.Diagnostics;
using System.Text.Json;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Xerotier.Health.V1;

namespace Xerotier.FleetSimulator;

/// <summary>Sends heartbeats as fast as the server acknowledges them, or at a given rate, and prints the result as one JSON object.</summary>
internal static class LoadTest
{
    private const int StreamsPerConnection = 50;

    // Messages are encoded once, before the measurement, so that it measures the platform and not this process.
    private static readonly Method<byte[], ReportResponse> Report = new(
        MethodType.DuplexStreaming,
        "xerotier.health.v1.Heartbeats",
        "Report",
        Marshallers.Create<byte[]>(bytes => bytes, bytes => bytes),
        Marshallers.Create(message => message.ToByteArray(), ReportResponse.Parser.ParseFrom));

    public static async Task<int> RunAsync(string[] args)
    {
        var options = new ConfigurationBuilder().AddCommandLine(args).Build().Get<LoadOptions>() ?? new();
        var invalid = new List<ValidationResult>();
        if (!Validator.TryValidateObject(options, new(options), invalid, validateAllProperties: true))
        {
            await Console.Error.WriteLineAsync(string.Join('\n', invalid.Select(result => result.ErrorMessage)));
            return 2;
        }

        var messages = Enumerable.Range(0, options.Agents).Chunk(options.Batch)
            .Select(ids => new ReportRequest { Heartbeats = { ids.Select(id => HeartbeatOf(options, id)) } }.ToByteArray()).ToArray();
        var streams = Math.Min(options.Streams, messages.Length);
        var channels = Enumerable.Range(0, 1 + ((streams - 1) / StreamsPerConnection)).Select(_ => GatewayChannel.Open(options.Url)).ToArray();

        var from = Stopwatch.GetTimestamp() + (long)(options.Warmup * Stopwatch.Frequency);
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(options.Warmup + options.Seconds));
        var results = await Task.WhenAll(Enumerable.Range(0, streams).Select(i => Task.Run(() =>
            StreamAsync(options, channels[i % channels.Length], [.. messages.Where((_, m) => m % streams == i)], streams, from, stop.Token))));
        foreach (var channel in channels)
        {
            channel.Dispose();
        }

        var latencies = results.SelectMany(result => result.Latencies).Order().ToArray();
        var errors = results.SelectMany(result => result.Errors).GroupBy(pair => pair.Key).ToDictionary(group => group.Key, group => group.Sum(pair => pair.Value));
        Console.WriteLine(JsonSerializer.Serialize(new
        {
            accepted = results.Sum(result => result.Accepted),
            seconds = options.Seconds,
            accepted_per_second = Math.Round(results.Sum(result => result.Accepted) / options.Seconds, 1),
            messages = latencies.Length,
            latency_ms = new { p50 = At(0.5), p90 = At(0.9), p99 = At(0.99), max = At(1) },
            errors,
        }));
        return errors.Count == 0 ? 0 : 1;

        double At(double share) => latencies.Length == 0 ? 0 : Math.Round(latencies[(int)(share * (latencies.Length - 1))], 3);
    }

    private static async Task<Result> StreamAsync(LoadOptions options, GrpcChannel channel, byte[][] messages, int streams, long from, CancellationToken stop)
    {
        var result = new Result();
        using var inFlight = new SemaphoreSlim(options.InFlight);
        var sent = new ConcurrentQueue<long>();
        var pace = options.Rate == 0 ? 0 : options.Batch * streams * (double)Stopwatch.Frequency / options.Rate;
        var due = Stopwatch.GetTimestamp() + (pace * Random.Shared.NextDouble());
        try
        {
            using var call = channel.CreateCallInvoker().AsyncDuplexStreamingCall(
                Report, null, new CallOptions(new Metadata { { "authorization", $"Bearer {options.Key}" } }));
            var reading = ReadAsync(call.ResponseStream);
            for (var i = 0; !stop.IsCancellationRequested && !reading.IsCompleted; i = (i + 1) % messages.Length)
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
                await call.RequestStream.WriteAsync(messages[i], CancellationToken.None);
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

    private static Heartbeat HeartbeatOf(LoadOptions options, int id) => options.Kind == "router"
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
                Endpoints = { Endpoints(options) },
            },
        };

    private static string[] Endpoints(LoadOptions options) => options switch
    {
        { Kind: "private" } => ["chat"],
        { Project.Length: > 0 } => [options.Project + "/chat"],
        _ => [],
    };

    private sealed class Result
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
