using System.Net;
using System.Text.Json.Nodes;
using DbUp;
using DbUp.Engine.Output;
using DbUp.Postgresql;
using Npgsql;
using Xerotier.MaintenanceService.Windows;

namespace Xerotier.MaintenanceService.Tests;

/// <summary>An older schema with data in it is brought up to date, once, whoever starts first.</summary>
public sealed class MigrationTests(ManagementApi api)
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Data_of_an_older_schema_lives_on(int version)
    {
        var connectionString = await api.Postgres.CreateDatabaseAsync();
        await using var database = NpgsqlDataSource.Create(connectionString);
        var old = DeployChanges.To.PostgresqlDatabase(new PostgresqlConnectionManager(database))
            .WithScriptsEmbeddedInAssembly(typeof(WindowStore).Assembly, name => Enumerable.Range(1, version).Any(v => name.Contains($".Migrations.00{v}_", StringComparison.Ordinal)))
            .LogTo(new NoOpUpgradeLog()).Build().PerformUpgrade();
        Assert.True(old.Successful);
        var project = $"proj_migration{version}";
        const string Id = "mw_aaaaaaaaaaaaaaaaaaaaaaaaaa";
        await ExecuteAsync($$"""
            with w as (
                insert into windows (project_id, id, title, description, severity, affected_services, starts_at, ends_at, status, version, created_by, created_at, updated_at)
                values ('{{project}}', '{{Id}}', 'Old', 'Made before', 'warning', '{"Model Storage"}', '2026-05-22T02:00:00Z', '2026-05-22T03:00:00.5Z', 'active', 1, 'ops', '2026-05-01T00:00:00Z', '2026-05-01T00:00:00Z')
                returning *)
            insert into window_events (project_id, window_id, version, occurred_at, actor, action, after)
            select project_id, id, 1, created_at, 'ops', 'created', to_jsonb(w) from w
            """);

        var services = await Task.WhenAll(ManagementApi.StartServiceAsync(connectionString), ManagementApi.StartServiceAsync(connectionString));
        try
        {
            using var client = Project.Of(services[1], id: project);
            var window = (await client.GetAsync($"/{Id}")).Is(HttpStatusCode.OK);
            Assert.Equal(
                ("Old", "active", "false", "2026-05-22T03:00:00.5Z", """["Model Storage"]"""),
                (window["title"], window["status"], window["auto_transition"], window["ends_at"], window.Json["affected_services"]!.ToJsonString()));
            Assert.Equal(("""["-24h","-1h"]""", "true"), (window.Json["reminders"]!.ToJsonString(), window["notify"]));
            (await client.PatchAsync(Id, new JsonObject { ["title"] = "New" })).Is(HttpStatusCode.OK);
            (await client.CompleteAsync(Id)).Is(HttpStatusCode.OK);
            (await client.PurgeAsync(Id)).Is(HttpStatusCode.OK);
            var events = (await client.GetAsync($"/{Id}/events")).Data;
            Assert.Equal(["purged", "completed", "updated", "created"], events.Select(e => e!["action"]!.GetValue<string>()));
            Assert.Equal("2026-05-01T00:00:00Z", window["activated_at"]); // the log knows
            var logged = window.Json;
            logged["activated_at"] = null;
            Assert.Equal(logged.ToJsonString(), events[3]!["after"]!.ToJsonString());
            await using var applied = database.CreateCommand("select count(*), count(distinct scriptname) from schemaversions");
            await using var row = await applied.ExecuteReaderAsync();
            await row.ReadAsync();
            var scripts = typeof(WindowStore).Assembly.GetManifestResourceNames().LongCount(name => name.EndsWith(".sql", StringComparison.Ordinal));
            Assert.Equal((scripts, scripts), (row.GetInt64(0), row.GetInt64(1)));
        }
        finally
        {
            await services[0].DisposeAsync();
            await services[1].DisposeAsync();
        }

        async Task ExecuteAsync(string sql)
        {
            await using var command = database.CreateCommand(sql);
            await command.ExecuteNonQueryAsync();
        }
    }
}
