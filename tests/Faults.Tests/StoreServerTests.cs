using Npgsql;
using Xerotier.TestKit;

namespace Xerotier.Faults.Tests;

/// <summary>The faults' own tools: what is broken in two ways at once can be mended, and leaves nothing behind.</summary>
public sealed class StoreServerTests
{
    [Fact]
    public async Task A_Postgres_that_was_stopped_and_killed_starts_again_and_leaves_no_process_behind()
    {
        var parent = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), $"xerotier-test-{Guid.NewGuid():N}")).FullName; // the server's user can reach it
        try
        {
            await using (var postgres = await TestPostgres.StartAsync(parent))
            {
                await using var connection = new NpgsqlConnection(postgres.AdminConnectionString + ";Pooling=false");
                await connection.OpenAsync();
                postgres.Signal(19);
                await postgres.KillAsync();
                await postgres.RestartAsync();

                postgres.Signal(19); // and nobody mends it
                Assert.NotEmpty(Processes.In(parent));
            }

            await Eventually.TrueAsync(() => Processes.In(parent).Count == 0);
        }
        finally
        {
            Directory.Delete(parent, recursive: true);
        }
    }
}
