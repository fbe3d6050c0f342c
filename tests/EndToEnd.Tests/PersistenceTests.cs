using Xerotier.TestKit;

namespace Xerotier.EndToEnd.Tests;

/// <summary>What a cluster's data folder keeps from one start to the next.</summary>
public sealed class PersistenceTests : AppHostTests
{
    [Fact]
    public async Task Windows_and_credentials_survive_SIGINT_and_SIGKILL_leaves_no_process_behind()
    {
        var first = await StartReadyAsync();
        var credentials = Credentials(first);
        using (var http = Http(first))
        {
            await http.ScheduleAsync(first.Demo["XEROTIER_BASE_URL"], "Work that outlives a restart", "active");
            await http.ShowsAsync("Under Maintenance", TimeSpan.FromSeconds(3));
        }

        await StopAsync(first, "INT");

        var second = await StartReadyAsync();
        Assert.Equal(credentials, Credentials(second));
        using (var http = Http(second))
        {
            await http.ShowsAsync("Under Maintenance", TimeSpan.FromSeconds(10));
            Assert.Contains("Work that outlives a restart", await http.GetStringAsync("/status", TestContext.Current.CancellationToken));
        }

        second.Process.Kill();
        await NothingIsLeftAsync();

        // Data whose passwords are lost is not ours to delete.
        var passwords = Directory.GetFiles(Data, "passwords", SearchOption.AllDirectories).Single();
        File.Delete(passwords);
        var database = Path.Combine(Path.GetDirectoryName(passwords)!, "data");
        await FailsAsync([], $"{database} is there, but its passwords ({passwords}) are not: bring them back, or move the folder away.");
        Assert.True(File.Exists(Path.Combine(database, "PG_VERSION")));
    }

    private static (string Key, string Project) Credentials(AppHostProcess host) => (host.Demo["XEROTIER_API_KEY"], new Uri(host.Demo["XEROTIER_BASE_URL"]).Segments[1]);

    private static HttpClient Http(AppHostProcess host) => new()
    {
        BaseAddress = new(host.Demo["XEROTIER_BASE_URL"]),
        DefaultRequestHeaders = { Authorization = new("Bearer", host.Demo["XEROTIER_API_KEY"]) },
    };
}
