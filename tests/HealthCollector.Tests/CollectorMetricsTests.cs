using Xerotier.Health.V1;
using Xerotier.HealthCollector.Fleet;
using static Xerotier.HealthCollector.Tests.TestHeartbeats;

namespace Xerotier.HealthCollector.Tests;

public sealed class CollectorMetricsTests(RedisFixture redis) : RedisTests(redis)
{
    [Fact]
    public async Task Operators_see_what_was_accepted_and_refused_and_how_the_fleet_is()
    {
        var port = TestKit.TestPorts.Free();
        using var collector = new Collector(Redis.ConnectionString, null, ("METRICS_PORT", $"{port}"));
        using var watch = collector.Watch();
        await collector.ReportPlatformAsync(Router("r1"), Router("r2", RouterState.Offline), Shared("a1"), Private("w1"), Router(""));
        await collector.ReportProjectAsync(Private("w1"));
        await Collector.NextAsync(watch, health => health is { RoutersTotal: 2, RoutersOnline: 1 });

        var scripts = new[] { FleetKey.OfRouter("r1"), FleetKey.OfRouter("r2"), FleetKey.OfSharedAgent("a1") }.DistinctBy(fleet => fleet.Bucket).Count() + 1;
        using var http = new HttpClient();
        var metrics = await http.GetStringAsync($"http://127.0.0.1:{port}/metrics");
        foreach (var (name, label, value) in new[]
        {
            ("xerotier_heartbeats_accepted", "kind=\"router\"", 2), ("xerotier_heartbeats_accepted", "kind=\"shared\"", 1), ("xerotier_heartbeats_accepted", "kind=\"private\"", 1),
            ("xerotier_heartbeats_refused", "code=\"scope_insufficient\"", 1), ("xerotier_heartbeats_refused", "code=\"invalid_request\"", 1),
            ("xerotier_fleet_senders", "state=\"online\"", 1), ("xerotier_fleet_senders", "state=\"offline\"", 1), ("xerotier_fleet_senders", "state=\"fresh\"", 1),
            ("xerotier_streams_open", "kind=\"watch\"", 1), ("xerotier_store_ready", "", 1), ("xerotier_heartbeats_lag_seconds_count", "", 2), ("xerotier_redis_duration_seconds_count", "operation=\"write\"", scripts),
        })
        {
            Assert.Contains(metrics.Split('\n'), line =>
                line.StartsWith(name, StringComparison.Ordinal) && line.Contains(label, StringComparison.Ordinal) && line.Contains($" {value}", StringComparison.Ordinal));
        }

        Assert.DoesNotContain("w1", metrics, StringComparison.Ordinal);
        Assert.DoesNotContain(Collector.ProjectId, metrics, StringComparison.Ordinal);
    }
}
