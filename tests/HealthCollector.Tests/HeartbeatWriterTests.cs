using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;
using Xerotier.HealthCollector.Ingest;
using static Xerotier.HealthCollector.Tests.TestHeartbeats;

namespace Xerotier.HealthCollector.Tests;

public sealed class HeartbeatWriterTests(RedisFixture redis) : RedisTests(redis)
{
    [Fact]
    public async Task A_busy_Redis_slows_the_streams_and_loses_nothing()
    {
        // Eight times as much as may wait, while something else occupies Redis for a fifth of a second at a time.
        using var collector = new Collector(
            Redis.ConnectionString, null, ("RateLimits:HeartbeatsPerMinute", "0"), ("Fleet:MaxQueuedBytes", $"{8 << 20}"));
        var writer = collector.Services.GetRequiredService<HeartbeatWriter>();
        await using var hog = await ConnectionMultiplexer.ConnectAsync(Redis.ConnectionString);
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
}
