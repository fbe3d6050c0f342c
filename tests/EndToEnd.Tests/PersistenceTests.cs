using Xerotier.TestKit;

namespace Xerotier.EndToEnd.Tests;

public sealed class PersistenceTests
{
    [Fact]
    public async Task A_second_start_keeps_windows_and_credentials()
    {
        var data = Solution.NewDataFolder();
        try
        {
            string key, project;
            await using (var first = await Cluster.StartAsync(new() { DataFolder = data }))
            {
                (key, project) = (first.ApiKey, first.ProjectId);
                await first.ScheduleAsync("Work that outlives a restart", "active");
                await first.ShowsAsync("Under Maintenance", TimeSpan.FromSeconds(3));
            }

            await using (var second = await Cluster.StartAsync(new() { DataFolder = data }))
            {
                Assert.Equal((key, project), (second.ApiKey, second.ProjectId));
                await second.ShowsAsync("Under Maintenance", TimeSpan.FromSeconds(10));
                Assert.Contains("Work that outlives a restart", await second.PageAsync());
            }

            // Data whose passwords are lost is not ours to delete.
            var passwords = Directory.GetFiles(data, "passwords", SearchOption.AllDirectories).Single();
            File.Delete(passwords);
            var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => Cluster.StartAsync(new() { DataFolder = data }));
            Assert.Contains($"its passwords ({passwords}) are not: bring them back, or move the folder away.", refused.Message, StringComparison.Ordinal);
            Assert.True(File.Exists(Path.Combine(Path.GetDirectoryName(passwords)!, "data", "PG_VERSION")));
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }
}
