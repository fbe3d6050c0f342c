using System.Diagnostics;
using System.Net;
using Xerotier.TestKit;

namespace Xerotier.EndToEnd.Tests;

/// <summary>The page answers 200 and stays honest whatever is broken behind it, and recovers by itself (product.md section 8).</summary>
public sealed class OutageTests(OutageTests.ClusterFixture fixture) : IClassFixture<OutageTests.ClusterFixture>
{
    private const string StaleWords = "Live data has been unavailable since";
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(30);

    private readonly Cluster cluster = fixture.Cluster;

    [Fact]
    public async Task Without_the_StatusService_the_page_says_that_it_is_stale()
    {
        await using var watch = await WatchAsync();
        await cluster.KillAsync("statusservice");
        await ContainsAsync(StaleWords, TimeSpan.FromSeconds(6));
        await cluster.StartInstanceAsync("statusservice");
        await OperationalAsync();
        watch.AllWere200();
    }

    [Fact]
    public async Task A_StatusService_that_hangs_is_as_good_as_gone()
    {
        await using var watch = await WatchAsync();
        cluster.Pause("statusservice");
        await ContainsAsync(StaleWords, TimeSpan.FromSeconds(6));
        cluster.Resume("statusservice");
        await OperationalAsync();
        watch.AllWere200();
    }

    [Fact]
    public async Task Without_the_HealthCollector_its_indicators_are_unknown()
    {
        await using var watch = await WatchAsync();
        await cluster.KillAsync("healthcollector");
        await OverallAsync("unknown", TimeSpan.FromSeconds(15));
        await cluster.StartInstanceAsync("healthcollector");
        await OperationalAsync();
        watch.AllWere200();
    }

    [Fact]
    public async Task Without_Redis_its_indicators_are_unknown()
    {
        await using var watch = await WatchAsync();
        cluster.Pause("redis-server");
        await OverallAsync("unknown", TimeSpan.FromSeconds(15));
        cluster.Resume("redis-server");
        await OperationalAsync();
        await cluster.KillAsync("redis-server");
        await OverallAsync("unknown", TimeSpan.FromSeconds(15));
        await cluster.StartInstanceAsync("redis-server");
        await OperationalAsync();
        watch.AllWere200();
    }

    [Fact]
    public async Task Without_Postgres_the_page_says_that_maintenance_data_is_unavailable()
    {
        await using var watch = await WatchAsync();
        await cluster.KillAsync("postgres-server");
        await ContainsAsync("aintenance data is unavailable", TimeSpan.FromSeconds(15));
        using (var http = cluster.Http(cluster.ApiKey))
        {
            using var response = await http.GetAsync($"{cluster.BaseUrl}/management/maintenance");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
            Assert.Contains("\"code\":\"service_unavailable\"", await response.Content.ReadAsStringAsync());
        }

        await cluster.StartInstanceAsync("postgres-server");
        await OperationalAsync();
        await Observer.UntilAsync(
            async () => !(await cluster.PageAsync()).Contains("aintenance data is unavailable", StringComparison.Ordinal), Recovery, "maintenance data is back");
        await cluster.ScheduleAsync("Made after the database came back");
        watch.AllWere200();
    }

    private Task ContainsAsync(string words, TimeSpan within) =>
        Observer.UntilAsync(async () => (await cluster.PageAsync()).Contains(words, StringComparison.Ordinal), within, $"the page says “{words}”");

    private Task OverallAsync(string key, TimeSpan within) =>
        Observer.UntilAsync(async () => await cluster.OverallAsync() == key, within, $"the page is {key}");

    private Task OperationalAsync() => Observer.UntilAsync(
        async () => await cluster.OverallAsync() == "operational" && !(await cluster.PageAsync()).Contains(StaleWords, StringComparison.Ordinal), Recovery, "the page is live and operational");

    private async Task<Visitor> WatchAsync()
    {
        await OperationalAsync();
        return new Visitor(cluster);
    }

    /// <summary>A visitor who loads the page ten times a second.</summary>
    private sealed class Visitor : IAsyncDisposable
    {
        private readonly CancellationTokenSource leaving = new();
        private readonly List<string> failures = [];
        private readonly Task visiting;
        private int loads;

        public Visitor(Cluster cluster) => visiting = VisitAsync(cluster);

        public void AllWere200()
        {
            lock (failures)
            {
                Assert.Empty(failures);
            }

            Assert.True(loads > 5);
        }

        public async ValueTask DisposeAsync()
        {
            await leaving.CancelAsync();
            await visiting;
            leaving.Dispose();
        }

        private async Task VisitAsync(Cluster cluster)
        {
            using var http = cluster.Http();
            http.Timeout = TimeSpan.FromSeconds(5);
            while (!leaving.IsCancellationRequested)
            {
                var watch = Stopwatch.StartNew();
                string? failure = null;
                try
                {
                    using var response = await http.GetAsync("/status");
                    failure = response.StatusCode == HttpStatusCode.OK ? null : $"{(int)response.StatusCode}";
                }
                catch (Exception broken) when (broken is HttpRequestException or TaskCanceledException)
                {
                    failure = broken.Message;
                }

                loads++;
                if (failure is not null)
                {
                    lock (failures)
                    {
                        failures.Add($"{DateTimeOffset.UtcNow:HH:mm:ss.fff} after {watch.ElapsedMilliseconds} ms: {failure}");
                    }
                }

                await Task.Delay(100);
            }
        }
    }

    public sealed class ClusterFixture : IAsyncLifetime
    {
        public Cluster Cluster { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Cluster = await Cluster.StartAsync(new()
        {
            Settings = new Dictionary<string, string?> { ["Fleet__StaleAfterSeconds"] = "9", ["Fleet__YoungStoreSeconds"] = "5", ["RateLimits__PublicPerMinute"] = "0", ["RateLimits__PublicQueriesPerMinute"] = "0" },
        });

        public ValueTask DisposeAsync() => Cluster.DisposeAsync();
    }
}
