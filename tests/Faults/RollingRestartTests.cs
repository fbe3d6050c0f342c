using Xerotier.TestKit;

namespace Xerotier.Faults.Tests;

/// <summary>Every service restarted, one replica at a time, under load: nobody notices.</summary>
[Collection("a cluster of two of each")]
public sealed class RollingRestartTests
{
    [Fact]
    public async Task A_rolling_restart_fails_no_request()
    {
        await using var system = await FaultyCluster.StartAsync();
        var cluster = system.Cluster;
        await using var load = await MixedLoad.StartAsync(cluster);
        await Task.Delay(1000);
        foreach (var instance in FaultyCluster.Services.SelectMany(service => new[] { $"{service}-0", $"{service}-1" }))
        {
            await cluster.StopInstanceAsync(instance);
            await cluster.StartInstanceAsync(instance);
            await ReadyAsync(cluster, instance);
        }

        await load.StopAsync();
        await load.VerifyAsync();
        Assert.True(load.Findings.Count == 0, string.Join('\n', load.Findings.Take(20)));
    }

    private static async Task ReadyAsync(Cluster cluster, string instance)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var response = await http.GetAsync(new Uri(cluster.Endpoint(instance, "http"), "/readyz"));
                if (response.IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException)
            {
                // starting
            }

            Assert.True(attempt < 300, $"{instance} does not get ready.");
            await Task.Delay(100);
        }
    }
}
