using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using StackExchange.Redis;
using Xerotier.Health.V1;
using static Xerotier.HealthCollector.Tests.Beats;

namespace Xerotier.HealthCollector.Tests;

[Collection("redis")]
public sealed class OperationsTests(RedisFixture fixture) : IAsyncLifetime
{
    public async ValueTask InitializeAsync() => await Collector.EmptyAsync(fixture.Redis);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Operators_see_what_was_accepted_and_refused_and_how_the_fleet_is()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        using var collector = new Collector(fixture.Redis.ConnectionString, null, ("METRICS_PORT", $"{port}"));
        using var watch = collector.Watch();
        await collector.ReportPlatformAsync(Router("r1"), Router("r2", RouterState.Offline), Shared("a1"), Private("w1"), Router(""));
        await collector.ReportProjectAsync(Private("w1"));
        await Collector.NextAsync(watch, health => health is { RoutersTotal: 2, RoutersOnline: 1 });

        using var http = new HttpClient();
        var metrics = await http.GetStringAsync($"http://127.0.0.1:{port}/metrics");
        foreach (var (name, label, value) in new[]
        {
            ("xerotier_heartbeats_accepted", "kind=\"router\"", 2), ("xerotier_heartbeats_accepted", "kind=\"shared\"", 1), ("xerotier_heartbeats_accepted", "kind=\"private\"", 1),
            ("xerotier_heartbeats_refused", "code=\"scope_insufficient\"", 1), ("xerotier_heartbeats_refused", "code=\"invalid_request\"", 1),
            ("xerotier_fleet_senders", "state=\"online\"", 1), ("xerotier_fleet_senders", "state=\"offline\"", 1), ("xerotier_fleet_senders", "state=\"fresh\"", 1),
            ("xerotier_streams_open", "kind=\"watch\"", 1), ("xerotier_store_ready", "", 1), ("xerotier_heartbeats_lag_seconds_count", "", 2), ("xerotier_redis_duration_seconds_count", "operation=\"write\"", 3),
        })
        {
            Assert.Contains(metrics.Split('\n'), line =>
                line.StartsWith(name, StringComparison.Ordinal) && line.Contains(label, StringComparison.Ordinal) && line.Contains($" {value}", StringComparison.Ordinal));
        }

        Assert.DoesNotContain("w1", metrics, StringComparison.Ordinal);
        Assert.DoesNotContain(Collector.ProjectId, metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_busy_Redis_slows_the_streams_and_loses_nothing()
    {
        // Eight times as much as may wait, while something else occupies Redis for a fifth of a second at a time.
        using var collector = new Collector(
            fixture.Redis.ConnectionString, null, ("RateLimits:HeartbeatsPerMinute", "0"), ("Fleet:MaxQueuedBytes", $"{8 << 20}"));
        var writer = collector.Services.GetRequiredService<HeartbeatWriter>();
        await using var hog = await ConnectionMultiplexer.ConnectAsync(fixture.Redis.ConnectionString);
        using var done = new CancellationTokenSource();
        var hogging = HogAsync();

        await collector.ReportPlatformAsync(Router("r1"));
        var most = 0L;
        var accepted = await Task.WhenAll(Enumerable.Range(0, 8).Select(async stream =>
        {
            using var call = collector.Open(collector.PlatformToken);
            var sending = Task.Run(async () =>
            {
                for (var batch = 0; batch < 8; batch++)
                {
                    var heartbeats = Enumerable.Range(0, 20).Select(i => Shared($"a{stream}-{batch}-{i}")).ToArray();
                    Array.ForEach(heartbeats, heartbeat => heartbeat.Agent.Models.Add(Enumerable.Repeat(new string('m', 200), 255)));
                    await call.RequestStream.WriteAsync(new() { Heartbeats = { heartbeats } });
                }

                await call.RequestStream.CompleteAsync();
            });
            var sum = 0;
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            while (await call.ResponseStream.MoveNext(deadline.Token))
            {
                most = Math.Max(most, writer.QueuedBytes);
                sum += call.ResponseStream.Current.Accepted;
            }

            await sending;
            return sum;
        }));
        await done.CancelAsync();
        await hogging;
        Assert.Equal(8 * 8 * 20, accepted.Sum());
        Assert.InRange(most, 1, 8 << 20);
        Assert.Equal(8 * 8 * 20, (await collector.ObserveAsync()).Shared);

        async Task HogAsync()
        {
            while (!done.IsCancellationRequested)
            {
                await hog.GetDatabase().ScriptEvaluateAsync("""
                    local function now() local t = redis.call('TIME'); return t[1] * 1000 + t[2] / 1000 end
                    local till = now() + 200
                    while now() < till do end
                    """);
                await Task.Delay(20);
            }
        }
    }

    [Fact]
    public async Task A_collector_that_stops_ends_its_streams_at_once_so_that_their_senders_go_elsewhere()
    {
        using var collector = new Collector(fixture.Redis.ConnectionString);
        using var call = collector.Open(collector.PlatformToken);
        await call.SendAsync(Router("r1"));
        using var watch = collector.Watch();
        await Collector.NextAsync(watch, _ => true);

        var stopping = Stopwatch.StartNew();
        collector.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(15));
        var ended = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(deadline.Token));
        Assert.True(ended.StatusCode is StatusCode.Unavailable or StatusCode.Internal, ended.ToString()); // the client may see the connection's end before its own call's
        Assert.Equal(StatusCode.Unavailable, (await Assert.ThrowsAsync<RpcException>(async () => await Collector.NextAsync(watch, _ => false))).StatusCode);
        Assert.True(stopping.Elapsed < TimeSpan.FromSeconds(5));
    }
}
