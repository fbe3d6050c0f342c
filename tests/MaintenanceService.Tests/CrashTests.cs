using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using Xerotier.TestKit;

namespace Xerotier.MaintenanceService.Tests;

/// <summary>An acknowledged write is never lost, and a repeated one never doubled, whatever is killed meanwhile.</summary>
public sealed class CrashTests(ITestOutputHelper output)
{
    private const int Writers = 6;

    /// <summary>How long to kill: 10 s, or <c>XEROTIER_TEST_CRASH_SECONDS</c>.</summary>
    private static readonly TimeSpan Duration =
        TimeSpan.FromSeconds(int.Parse(Environment.GetEnvironmentVariable("XEROTIER_TEST_CRASH_SECONDS") ?? "10", CultureInfo.InvariantCulture));

    [Fact]
    public async Task Every_acknowledged_window_is_there_exactly_once_with_its_trail_after_kills_of_service_and_database()
    {
        await using var cluster = await Cluster.StartAsync(new() { Settings = new Dictionary<string, string?> { ["RateLimits__KeyPerMinute"] = "0", ["RateLimits__ProjectPerMinute"] = "0" } });
        using var project = new Project(cluster.ProjectId, "", cluster.Http(cluster.ApiKey));
        var created = new ConcurrentDictionary<string, string>(); // title to id, as acknowledged
        var completed = new ConcurrentDictionary<string, bool>();
        var failures = 0;
        using var stop = new CancellationTokenSource(Duration);
        using var done = new CancellationTokenSource();

        var writers = Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; !done.IsCancellationRequested; i++)
            {
                var title = $"w{writer}-{i}";
                var window = await AcknowledgedAsync(() => project.CreateAsync(Body.With("title", title), $"create-{title}"));
                created[title] = window.Id;
                if (i % 2 == 0)
                {
                    await AcknowledgedAsync(() => project.CompleteAsync(window.Id, $"complete-{title}"));
                    completed[title] = true;
                }

                await Task.Delay(20, CancellationToken.None); // what matters is what is killed, not how much is written
            }
        })).ToList();

        var kills = 0;
        while (!stop.IsCancellationRequested || kills < 4)
        {
            var victim = kills++ % 2 == 0 ? "maintenanceservice" : "postgres-server";
            await Task.Delay(Random.Shared.Next(100, 500));
            await cluster.KillAsync(victim);
            var (back, before) = (Stopwatch.StartNew(), created.Count);
            await cluster.StartInstanceAsync(victim);
            await Eventually.TrueAsync(() => created.Count > before + Writers, seconds: 60);
            output.WriteLine($"{victim} was killed; the next windows were acknowledged {back.Elapsed.TotalSeconds:0.0} s after its start");
        }

        await done.CancelAsync();
        await Task.WhenAll(writers);
        await Eventually.TrueAsync(async () => (await project.GetAsync()).Status == HttpStatusCode.OK);
        var found = new List<(string Title, string Id, string Status)>();
        for (var after = ""; ;)
        {
            var page = (await project.GetAsync($"?limit=100{after}")).Is(HttpStatusCode.OK);
            found.AddRange(page.Data.Select(w => (w!["title"]!.GetValue<string>(), w["id"]!.GetValue<string>(), w["status"]!.GetValue<string>())));
            if (page["has_more"] == "false")
            {
                break;
            }

            after = $"&after={page["last_id"]}";
        }

        output.WriteLine($"{kills} kills, {created.Count} windows acknowledged, {found.Count} there, {failures} requests failed meanwhile");
        Assert.True(kills > 2 && created.Count > 10 && failures > 0, $"{kills} kills, {created.Count} windows, {failures} failed requests");
        Assert.Equal(found.Select(w => w.Title).Distinct(), found.Select(w => w.Title));
        var byTitle = found.ToDictionary(w => w.Title);
        foreach (var (title, id) in created)
        {
            Assert.Equal(id, byTitle[title].Id);
        }

        Assert.All(completed.Keys, title => Assert.Equal("completed", byTitle[title].Status));
        await Parallel.ForEachAsync(found, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (window, _) =>
            Assert.Equal(
                window.Status == "completed" ? ["completed", "created"] : ["created"],
                (await project.GetAsync($"/{window.Id}/events")).Is(HttpStatusCode.OK).Data.Select(e => e!["action"]!.GetValue<string>())));

        // Sends the same request until it is acknowledged.
        async Task<Reply> AcknowledgedAsync(Func<Task<Reply>> send)
        {
            while (true)
            {
                var reply = await send();
                if ((int)reply.Status is 200 or 201)
                {
                    return reply;
                }

                Assert.True((int)reply.Status is 503 or 504, $"{reply.Status}: {reply.Text}");
                Assert.NotEmpty(reply.Code);
                Interlocked.Increment(ref failures);
                await Task.Delay(50);
            }
        }
    }
}
