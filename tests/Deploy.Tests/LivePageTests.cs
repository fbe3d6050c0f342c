using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Xerotier.TestKit;

namespace Xerotier.Deploy.Tests;

/// <summary>The real processes with exactly the environment of the manifests, upon real stores (operations.md section 25). <see cref="Pods"/> says what is replaced.</summary>
public sealed class LivePageTests
{
    [Fact]
    public async Task The_manifests_environment_makes_a_live_page_and_replicas_come_and_go_without_a_restart()
    {
        await using var postgres = await TestPostgres.StartAsync(null, "max_connections=250");
        await using var redis = await TestRedis.StartAsync();
        await using var pods = await Pods.TryCreateAsync(postgres, redis);
        if (pods is null)
        {
            Assert.NotEqual("true", Environment.GetEnvironmentVariable("CI"));
            Assert.Skip("There is no C compiler.");
            return;
        }

        try
        {
            foreach (var container in pods.Job.Spec.Template.Spec.Containers)
            {
                Assert.Equal(0, await pods.RunAsync(container));
            }

            pods.StartAll();
            await pods.StartedAsync();
            var gateway = pods.Running["gateway-0"];
            using var http = new HttpClient { BaseAddress = gateway.At("http"), Timeout = TimeSpan.FromSeconds(10) };
            foreach (var pod in pods.Running.Values)
            {
                Assert.All(await Task.WhenAll(new[] { pod.Container.StartupProbe, pod.Container.LivenessProbe, pod.Container.ReadinessProbe }.Select(pod.ProbeAsync)), Assert.True);
            }

            // Every Gateway reaches every service by name, the console among them.
            foreach (var replica in pods.Running.Values.Where(pod => pod.Service == "gateway"))
            {
                await UntilAsync(async () => (await http.GetAsync(new Uri(replica.At("http"), "/readyz"))).IsSuccessStatusCode, $"the Gateway at {replica.Address} is ready");
            }

            using var speaking = new CancellationTokenSource();
            var fleet = SpeakAsync(gateway.At("http"), pods.PlatformKey, speaking.Token);
            await UntilAsync(async () => (await http.GetStringAsync("/status")).Contains("All Systems Operational", StringComparison.Ordinal), "all systems operational");
            Assert.Contains("Example Status", await http.GetStringAsync("/status"), StringComparison.Ordinal);

            // The health check of compose.yaml, of a pod that is there and of one whose port nobody has.
            Assert.Equal(0, await pods.AskHealthAsync(gateway));
            Assert.NotEqual(0, await pods.AskHealthAsync(gateway with { Environment = new(gateway.Environment) { ["METRICS_PORT"] = $"{TestPorts.Free()}" } }));

            // Scaled out by one, and then those of the beginning go: nobody else starts anew, and the page goes on.
            foreach (var service in (string[])["healthcollector", "maintenanceservice", "statusservice"])
            {
                pods.Start(service, 2);
            }

            await pods.StartedAsync();
            await Task.Delay(TimeSpan.FromSeconds(6)); // everybody has asked DNS
            foreach (var service in (string[])["healthcollector", "maintenanceservice", "statusservice"])
            {
                Assert.All(await Task.WhenAll(pods.StopAsync($"{service}-0"), pods.StopAsync($"{service}-1")), exit => Assert.Equal(0, exit));
            }

            var gone = DateTimeOffset.UtcNow;
            await UntilAsync(
                async () => JsonNode.Parse(await http.GetStringAsync("/status.json"))! is var status && status["stale_since"] is null
                    && (await http.GetStringAsync("/status")).Contains("All Systems Operational", StringComparison.Ordinal) && DateTimeOffset.UtcNow - gone > TimeSpan.FromSeconds(5),
                "the page is live by the replica that came later");
            Assert.True((await http.GetAsync("/readyz")).IsSuccessStatusCode);
            await speaking.CancelAsync();
            Assert.True(await fleet > 0);

            // All end by themselves within their grace, and a Gateway has kept its page.
            var ends = await Task.WhenAll(pods.Running.Keys.Select(pods.StopAsync));
            Assert.All(ends, exit => Assert.Equal(0, exit));
            Assert.True(File.Exists(gateway.Environment["Page__SnapshotFile"]));
            Assert.DoesNotContain(pods.Output, line => line.Contains("crit:", StringComparison.Ordinal) || line.Contains("Unhandled", StringComparison.Ordinal));
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            throw new InvalidOperationException($"{failure.Message}\n{string.Join('\n', pods.Output.TakeLast(60))}", failure);
        }
    }

    private static async Task UntilAsync(Func<Task<bool>> condition, string what) => await Eventually.TrueAsync(
        async () =>
        {
            try
            {
                return await condition();
            }
            catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException)
            {
                return false;
            }
        },
        what,
        seconds: 120);

    /// <summary>A router and a shared agent that report every 2 s; returns how often they were heard.</summary>
    private static async Task<int> SpeakAsync(Uri gateway, string key, CancellationToken until)
    {
        using var http = new HttpClient { BaseAddress = gateway };
        var heard = 0;
        while (!until.IsCancellationRequested)
        {
            using var report = new HttpRequestMessage(HttpMethod.Post, "/v1/platform/heartbeats")
            {
                Headers = { Authorization = new("Bearer", key) },
                Content = JsonContent.Create(new
                {
                    heartbeats = new object[]
                    {
                        new { router_id = "rtr-1", region = "us-east", version = "1.0.0", state = "online" },
                        new { worker_id = "wkr-1", kind = "shared", state = "ready" },
                    },
                }),
            };
            try
            {
                using var response = await http.SendAsync(report, CancellationToken.None);
                heard += response.IsSuccessStatusCode ? 1 : 0;
            }
            catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException)
            {
                // the next one may be heard
            }

            await Task.Delay(TimeSpan.FromSeconds(2), until).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return heard;
    }
}
