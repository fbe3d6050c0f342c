using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Demo;
using Xerotier.TestKit;

namespace Xerotier.MaintenanceService.Tests;

/// <summary>A demo's example incidents and windows: what gets into which databases.</summary>
public sealed class DemoNoticesTests(ManagementApi api)
{
    private static readonly DateOnly Today = DateOnly.FromDateTime(DateTime.UtcNow);
    private static readonly DemoStory Story = DemoStory.Of(18, Today);

    [Fact]
    public async Task Two_replicas_that_start_at_once_on_a_fresh_database_write_the_story_once_with_its_audit_trail()
    {
        var connection = await api.Postgres.CreateDatabaseAsync<Program>();
        await using var database = NpgsqlDataSource.Create(connection);
        await using (Start(connection, seed: 18))
        await using (Start(connection, seed: 18))
        {
            await Eventually.TrueAsync(async () => await IsDoneAsync(database));
        }

        Assert.Equal(
            [
                "inc_demo00001800 Slow responses in eu-west resolved minor 3", "inc_demo00001801 Inference requests fail in all regions postmortem major 5",
                "inc_demo00001802 Shared agents are not responding resolved major 4",
            ],
            await ReadAsync(database, "select concat_ws(' ', id, document ->> 'title', status, document ->> 'impact', document ->> 'updates_count') from incidents where project_id = 'proj_demo000018' order by id"));
        Assert.Equal(
            ["Router firmware update completed f", "Move of the model store completed f", "Network maintenance completed f", "Database upgrade scheduled t"],
            await ReadAsync(database, "select concat_ws(' ', title, status, auto_transition) from windows where project_id = 'proj_demo000018' and platform order by id"));
        Assert.Equal(
            ["created activated completed", "created activated completed", "created activated completed", "created"],
            await ReadAsync(database, "select string_agg(action, ' ' order by version) from window_events group by window_id order by window_id"));
        Assert.Equal(
            ["created posted posted", "created posted posted posted posted", "created posted posted posted"],
            await ReadAsync(database, "select string_agg(action, ' ' order by version) from notice_events where project_id = 'proj_demo000018' group by object_id order by object_id"));
        Assert.Equal(
            Story.Windows.Take(3).Select(window => window.Span.To.ToString("u", CultureInfo.InvariantCulture)),
            await ReadAsync(database, "select to_char(completed_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS\"Z\"') from windows where completed_at is not null and activated_at = starts_at and completed_at = ends_at order by id"));

        // Later starts change nothing, whatever happened to what the story wrote.
        await ReadAsync(database, "delete from windows where title = 'Database upgrade' returning id");
        await using (var again = Start(connection, seed: 19))
        {
            await again.Services.GetRequiredService<Migrations>().Done.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
            await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        }

        Assert.Equal(["3 3"], await ReadAsync(database, "select concat_ws(' ', (select count(*) from windows), (select count(*) from incidents))"));
    }

    [Fact]
    public async Task A_start_that_was_broken_off_is_made_up_for()
    {
        var connection = await api.Postgres.CreateDatabaseAsync<Program>();
        await using var database = NpgsqlDataSource.Create(connection);
        await using (Start(connection, seed: 18))
        {
            await Eventually.TrueAsync(async () => await IsDoneAsync(database));
        }

        await ReadAsync(database, "update demo set done = false, day = day - 1 returning ''"); // the day is the first start's
        await ReadAsync(database, "delete from windows returning ''");
        await ReadAsync(database, "delete from window_events returning ''");
        await using (Start(connection, seed: 18))
        {
            await Eventually.TrueAsync(async () => await IsDoneAsync(database));
        }

        Assert.Equal(
            DemoStory.Of(18, Today.AddDays(-1)).Windows.Select(window => window.Span.From.ToString("u", CultureInfo.InvariantCulture)),
            await ReadAsync(database, "select to_char(starts_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS\"Z\"') from windows order by id"));
        Assert.Equal(["3"], await ReadAsync(database, "select count(*)::text from incidents"));
    }

    [Fact]
    public async Task A_database_with_a_window_gets_no_story()
    {
        var connection = await api.Postgres.CreateDatabaseAsync<Program>();
        await using var database = NpgsqlDataSource.Create(connection);
        await using (Start(connection, seed: 0))
        {
            await Eventually.TrueAsync(async () => await ExistsAsync(database));
        }

        await ReadAsync(database, """
            insert into window_events (project_id, window_id, version, occurred_at, actor, action) values ('proj_real01', 'mw_purged', 2, now(), 'ops', 'purged') returning window_id
            """);
        await using (var service = Start(connection, seed: 18))
        {
            await service.Services.GetRequiredService<Migrations>().Done.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
            await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        }

        Assert.Equal(["0 0 0"], await ReadAsync(database, "select concat_ws(' ', (select count(*) from windows), (select count(*) from incidents), (select count(*) from demo))"));
    }

    private static InProcessService<Program> Start(string connection, int seed) =>
        new([.. ManagementApi.Settings(connection), new("Demo:Seed", $"{seed}"), new("Demo:Day", Today.ToString("O", CultureInfo.InvariantCulture))]);

    private static async Task<bool> ExistsAsync(NpgsqlDataSource database) => await ReadAsync(database, "select to_regclass('demo')::text where to_regclass('demo') is not null") is [_];

    private static async Task<bool> IsDoneAsync(NpgsqlDataSource database) =>
        await ExistsAsync(database) && await ReadAsync(database, "select 'done' from demo where done") is [_];

    private static async Task<List<string>> ReadAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        await using var row = await command.ExecuteReaderAsync();
        var read = new List<string>();
        while (await row.ReadAsync())
        {
            read.Add(row.GetString(0));
        }

        return read;
    }
}
