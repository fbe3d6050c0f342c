using System.Diagnostics.Metrics;
using System.Net;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;
using Xerotier.HealthCollector.Ingest;
using Xerotier.TestKit;
using static Xerotier.HealthCollector.Tests.TestHeartbeats;

namespace Xerotier.HealthCollector.Tests;

public sealed class HeartbeatWriterTests(RedisFixture redis) : RedisTests(redis)
{
    [Fact]
    public async Task A_busy_Redis_slows_the_streams_and_loses_nothing()
    {
        // Eight times as much as may wait, while something else occupies Redis for a fifth of a second at a time.
        using var collector = new Collector(
            Redis.ConnectionString, null, ("RateLimits:HeartbeatsPerMinute", "0"), ("RateLimits:ProjectHeartbeatsPerMinute", "0"), ("Fleet:MaxQueuedBytes", $"{8 << 20}"));
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
            using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(3));
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
    public async Task A_fault_of_a_write_fails_its_callers_only_and_the_log_has_its_cause()
    {
        using var log = new LogRecorder();
        using var collector = new Collector(Redis.ConnectionString, null, log);
        await collector.ReportProjectAsync(Private("w1"));
        using (FaultOf("write"))
        {
            for (var i = 0; i < 2; i++)
            {
                Assert.Equal(StatusCode.Internal, (await Assert.ThrowsAsync<RpcException>(() => collector.ReportProjectAsync(Private("w2")))).StatusCode);
            }

            var (status, response) = await HeartbeatEndpointsTests.PostAsync(
                collector, $"/{Collector.ProjectId}/v1/heartbeats", collector.ProjectToken(), """{"heartbeats":[{"worker_id":"w2","kind":"private","state":"ready"}]}""");
            Assert.Equal((HttpStatusCode.InternalServerError, "internal_error"), (status, HeartbeatEndpointsTests.Code(response)));
        }

        Assert.Equal(1, (await collector.ReportProjectAsync(Private("w2"))).Accepted);

        // The writer logs the failure once and the recovery once, each call its own end; all of them with the cause.
        var writer = log.Entries.Where(entry => entry.Category == typeof(HeartbeatWriter).FullName).ToList();
        Assert.Equal(["Heartbeats cannot be written to Redis", "Heartbeats are written to Redis again"], writer.Select(entry => entry.Message));
        Assert.Equal(4, log.Entries.Count(entry => entry.Exception?.ToString().Contains("A fault of the test.", StringComparison.Ordinal) == true));
    }

    /// <summary>Makes the instrument of calls to Redis throw at one operation.</summary>
    private static MeterListener FaultOf(string operation)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "xerotier.redis.duration")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>((_, _, tags, _) =>
        {
            if (tags[0].Value as string == operation)
            {
                throw new InvalidOperationException("A fault of the test.");
            }
        });
        listener.Start();
        return listener;
    }
}
