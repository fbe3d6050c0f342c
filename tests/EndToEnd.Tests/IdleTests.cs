using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;
using Xerotier.Health.V1;
using Xerotier.TestKit;

namespace Xerotier.EndToEnd.Tests;

/// <summary>
/// One client opens IDLE_SOCKETS (10,000) connections and IDLE_STREAMS (5,000) streams of heartbeats, and says nothing on them, while others
/// read the page. Explicit: it takes two minutes and a quiet machine.
/// </summary>
public sealed class IdleTests(ITestOutputHelper output)
{
    private const int ConnectionsPerClient = 256, StreamsPerKey = 1_000;
    private static readonly IPAddress Idler = IPAddress.Parse("127.0.0.2"); // Linux has all of 127.0.0.0/8; everybody else here is 127.0.0.1

    [Fact(Explicit = true)]
    public async Task Who_holds_connections_and_streams_open_keeps_nobody_else_out()
    {
        var (sockets, streams) = (Setting("IDLE_SOCKETS", 10_000), Setting("IDLE_STREAMS", 5_000));
        await using var cluster = await Cluster.StartAsync(new()
        {
            Settings = new Dictionary<string, string?> { ["Gateway__MaxConnectionsPerClient"] = $"{ConnectionsPerClient}", ["RateLimits__PublicPerMinute"] = "0", ["RateLimits__PublicQueriesPerMinute"] = "0" },
        });
        var before = Memory();
        using var stop = new CancellationTokenSource();
        var latencies = new ConcurrentQueue<double>();
        var failures = new ConcurrentQueue<string>();
        var visitors = Task.WhenAll(Enumerable.Range(0, 8).Select(i => VisitAsync(i % 4 == 0 ? "/healthz" : "/status")));

        // The streams first: the connections would leave no room for theirs.
        var watch = Stopwatch.StartNew();
        var channels = Enumerable.Range(0, 10).Select(_ => GrpcChannel.ForAddress(cluster.GrpcUrl, new GrpcChannelOptions { HttpHandler = From(Idler), DisposeHttpClient = true })).ToList();
        var calls = Enumerable.Range(0, streams)
            .Select(i => new Heartbeats.HeartbeatsClient(channels[i % channels.Count]).Report(new Metadata { { "authorization", $"Bearer {cluster.ApiKey}" } })).ToList();
        var ends = Task.WhenAll(calls.Select(async call => (Status: await EndAsync(call), At: watch.Elapsed)));
        var idle = new ConcurrentQueue<TcpClient>();
        var held = 0;
        var counting = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                held = Math.Max(held, Connections());
                await Task.Delay(100);
            }
        });
        await Parallel.ForAsync(0, sockets, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (_, cancellation) =>
        {
            var client = new TcpClient(new IPEndPoint(Idler, 0));
            try
            {
                await client.ConnectAsync(IPAddress.Loopback, cluster.Url.Port, cancellation);
                idle.Enqueue(client);
            }
            catch (SocketException)
            {
                client.Dispose(); // refused
            }
        });
        var opened = watch.Elapsed;
        var during = Memory();
        await Eventually.TrueAsync(() => Connections() <= channels.Count, "silent connections are closed", seconds: 30);

        var ended = await ends.WaitAsync(TimeSpan.FromMinutes(3));
        await stop.CancelAsync();
        await visitors;
        await counting;
        foreach (var client in idle)
        {
            client.Dispose();
        }

        calls.ForEach(call => call.Dispose());
        channels.ForEach(channel => channel.Dispose());
        var sorted = latencies.Order().ToList();
        output.WriteLine($"{sockets} sockets and {streams} streams were opened within {opened.TotalSeconds:0.0} s; connections held at most {held}");
        output.WriteLine($"Streams: {string.Join(", ", ended.GroupBy(end => $"{end.Status.StatusCode} ({end.Status.Detail})").Select(group => $"{group.Count()} × {group.Key}, at {group.Min(end => end.At.TotalSeconds):0} to {group.Max(end => end.At.TotalSeconds):0} s"))}");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{sorted.Count} requests of others, p50 {sorted[sorted.Count / 2]:0.0} ms, p99 {sorted[(int)(sorted.Count * 0.99)]:0.0} ms, longest {sorted[^1]:0} ms; {failures.Count} failed"));
        output.WriteLine($"Memory before and during: gateway {before.Gateway:0} and {during.Gateway:0} MiB, healthcollector {before.Collector:0} and {during.Collector:0} MiB");
        Assert.Empty(failures);
        Assert.InRange(held, channels.Count + 1, Math.Max(sockets / 4, 2 * ConnectionsPerClient)); // the kernel's count: those that the Gateway is about to close, too
        Assert.InRange(ended.Count(end => end.Status.StatusCode == StatusCode.Unavailable), 1, StreamsPerKey);
        Assert.All(ended, end => Assert.True(end.Status.StatusCode is StatusCode.Unavailable or StatusCode.ResourceExhausted, end.Status.ToString()));

        async Task VisitAsync(string path)
        {
            while (!stop.IsCancellationRequested)
            {
                using var http = new HttpClient { BaseAddress = cluster.Url }; // a new visitor, with a new connection
                var started = Stopwatch.GetTimestamp();
                try
                {
                    using var response = await http.GetAsync(path);
                    await response.Content.ReadAsByteArrayAsync();
                    latencies.Enqueue(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
                    if (response.StatusCode != HttpStatusCode.OK)
                    {
                        failures.Enqueue($"{path}: {response.StatusCode}");
                    }
                }
                catch (HttpRequestException failure)
                {
                    failures.Enqueue($"{path}: {failure.Message}");
                }

                await Task.Delay(20);
            }
        }

        // The Gateway's side of the idler's connections, by the kernel: established (01), to 127.0.0.2 (in hexadecimal, lowest byte first).
        int Connections() => File.ReadLines($"/proc/{cluster.ProcessId("gateway")}/net/tcp").Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Count(fields => fields[3] == "01" && fields[2].StartsWith("0200007F:", StringComparison.Ordinal));

        (double Gateway, double Collector) Memory() => (Processes.PssMegabytes(cluster.ProcessId("gateway")), Processes.PssMegabytes(cluster.ProcessId("healthcollector")));
    }

    private static async Task<Status> EndAsync(AsyncDuplexStreamingCall<ReportRequest, ReportResponse> call)
    {
        try
        {
            await call.ResponseStream.MoveNext();
            return Status.DefaultSuccess;
        }
        catch (RpcException ended)
        {
            return ended.Status;
        }
    }

    private static SocketsHttpHandler From(IPAddress address) => new()
    {
        UseProxy = false,
        EnableMultipleHttp2Connections = false,
        ConnectCallback = async (context, cancellation) =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            socket.Bind(new IPEndPoint(address, 0));
            await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        },
    };

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
