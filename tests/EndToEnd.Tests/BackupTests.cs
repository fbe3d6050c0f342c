using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Npgsql;
using Xerotier.TestKit;

namespace Xerotier.EndToEnd.Tests;

/// <summary>The drill of docs/backup.md, with the services running on: write, back up, write on, lose it all, restore.</summary>
public sealed class BackupTests
{
    private readonly ConcurrentQueue<(string Window, string Id, bool Taken)> received = [];
    private volatile bool isWell; // the receiver of webhooks

    [Fact]
    public async Task What_was_written_before_the_backup_is_there_again_and_what_it_undoes_is_named()
    {
        await using var cluster = await Cluster.StartAsync();
        using var platform = cluster.Http(cluster.PlatformKey);
        var project = await CreatedAsync(platform, "/v1/platform/projects", new { name = "Drill", slug = "drill" });
        var (first, second) = (await KeyAsync("first"), await KeyAsync("second"));
        using var tenant = cluster.Http(first.Value);
        await using var receiver = await LoopbackServer.StartAsync(ReceiveAsync);
        var subscription = await CreatedAsync(tenant, $"/{project}/v1/management/subscriptions", new { channel = "webhook", target = receiver.Url, events = new[] { "maintenance.scheduled" } });
        var kept = await WindowAsync("A window from before the backup");
        await Observer.UntilAsync(() => Task.FromResult(received.Any(message => message.Window == kept)), TimeSpan.FromSeconds(30), "the receiver is told of it, and is not well");

        // As on an installation, whose connection strings are among its secrets.
        var (folder, secrets, metrics) = (Path.Combine(cluster.DataFolder, "backup"), Directory.CreateDirectory(Path.Combine(cluster.DataFolder, "secrets-of-services")).FullName, Path.Combine(cluster.DataFolder, "backup.prom"));
        foreach (var line in File.ReadLines(Path.Combine(cluster.DataFolder, "databases.env")))
        {
            await File.WriteAllTextAsync(Path.Combine(secrets, $"{line.Split('=')[0]}.env"), $"Other__Setting=1\n{line}\n");
        }

        var taken = await RunAsync("backup", [folder], ("XEROTIER_SECRETS", secrets), ("XEROTIER_METRICS", metrics), ("XEROTIER_DATA", ""));
        Assert.True(taken.ExitCode == 0, taken.Output);
        Assert.InRange(DateTimeOffset.UtcNow.ToUnixTimeSeconds() - long.Parse((await File.ReadAllTextAsync(metrics)).Split(' ')[1], CultureInfo.InvariantCulture), 0, 600);
        Assert.Equal(1, (await RunAsync("backup", [folder])).ExitCode); // no backup is written over

        var lost = await WindowAsync("A window that the backup does not know");
        var third = await KeyAsync("third");
        using (var revoked = await platform.DeleteAsync($"/v1/platform/projects/{project}/keys/{second.Id}"))
        {
            Assert.Equal(HttpStatusCode.OK, revoked.StatusCode);
        }

        await StatusAsync(second.Value, HttpStatusCode.Unauthorized);
        await SqlAsync(cluster, "maintenancedb", "drop schema public cascade; create schema public");
        await SqlAsync(cluster, "statusdb", "drop schema public cascade; create schema public");

        Assert.Equal(1, (await RunAsync("restore", [folder])).ExitCode); // nobody has said yes

        // One of the databases cannot be replaced yet; what a later release has made is in the way of the others.
        await SqlAsync(cluster, "gatewaydb", "create table later (id text references api_keys (id)); create function later() returns int language sql return 1; insert into schemaversions (scriptname, applied) values ('later', now())");
        await using (var busy = NpgsqlDataSource.Create(ConnectionString(cluster, "notificationsdb")))
        await using (var connection = await busy.OpenConnectionAsync())
        await using (var holding = await connection.BeginTransactionAsync())
        {
            await using var hold = new NpgsqlCommand("lock table subscriptions", connection, holding);
            await hold.ExecuteNonQueryAsync();
            var refused = await RunAsync("restore", [folder, "--yes"]);
            Assert.Equal(1, refused.ExitCode);
            Assert.Contains("notificationsdb could not be restored, and is as it was; replaced: statusdb.", refused.Output, StringComparison.Ordinal);
        }

        await StatusAsync(second.Value, HttpStatusCode.Unauthorized);
        var restored = await RestoreInACircleAsync();
        Assert.True(restored.ExitCode == 0, restored.Output);
        var soon = await WindowAsync("A window from right after the restore"); // before the NotificationService has noticed
        Assert.Contains($"{second.Id} revoked (second, {project})", restored.Output);
        Assert.DoesNotContain(third.Id, restored.Output); // what was only created is no danger
        Assert.Contains("they bring gatewaydb up to date", restored.Output, StringComparison.Ordinal);
        Assert.Equal(0L, await SqlAsync(cluster, "gatewaydb", "select count(*) from pg_class where relname = 'later'"));

        await StatusAsync(second.Value, HttpStatusCode.OK);
        await StatusAsync(third.Value, HttpStatusCode.Unauthorized);
        var list = (await tenant.GetFromJsonAsync<JsonObject>($"/{project}/v1/management/maintenance"))!["data"]!.AsArray().Select(window => (string?)window!["id"]);
        Assert.Equal(new[] { kept, soon }.Order(), list.Order());
        await Observer.UntilAsync(
            async () => await cluster.PageAsync() is var page && page.Contains("A window from before the backup", StringComparison.Ordinal) && !page.Contains("A window that the backup", StringComparison.Ordinal),
            TimeSpan.FromSeconds(15), "the page shows what the backup holds");

        // The message that waited has the id that it had, and nobody is told of what the backup does not know.
        isWell = true;
        var waits = (await tenant.GetFromJsonAsync<JsonObject>($"/{project}/v1/management/subscriptions/{subscription}/deliveries"))!["data"]!.AsArray().Single(waiting => (string?)waiting!["object_id"] == kept)!;
        Assert.Equal((kept, "pending"), ((string?)waits["object_id"], (string?)waits["state"]));
        using (var retried = await tenant.PostAsync($"/{project}/v1/management/subscriptions/{subscription}/deliveries/{waits["id"]}/retry", null))
        {
            Assert.Equal(HttpStatusCode.OK, retried.StatusCode);
        }

        await Observer.UntilAsync(() => Task.FromResult(received.Any(message => message.Window == kept && message.Taken)), TimeSpan.FromSeconds(30), "the message arrives");
        await Observer.UntilAsync(() => Task.FromResult(received.Any(message => message.Window == soon)), TimeSpan.FromSeconds(30), "the receiver is told of what was written while nobody followed");
        Assert.Equal((string)waits["id"]!, Assert.Single(received.Where(message => message.Window == kept).Select(message => message.Id).Distinct()));

        // Everything goes on: a rotation takes effect everywhere, windows are written, the history is recorded.
        using var rotation = await tenant.PostAsync($"/{project}/v1/management/keys/{second.Id}/rotate", null);
        var rotated = (await rotation.Content.ReadFromJsonAsync<JsonObject>())!["key"]!.GetValue<string>();
        await StatusAsync(rotated, HttpStatusCode.OK);
        var later = await WindowAsync("A window from after the restore");
        Assert.NotEqual(lost, later);
        await Observer.UntilAsync(() => Task.FromResult(received.Any(message => message.Window == later && message.Taken)), TimeSpan.FromSeconds(30), "the receiver is told of what is new");
        Assert.DoesNotContain(received, message => message.Window == lost);
        await Observer.UntilAsync(
            async () => (await cluster.PageAsync()).Contains("A window from after the restore", StringComparison.Ordinal), TimeSpan.FromSeconds(15), "the page shows what was written after the restore");
        await Observer.UntilAsync(async () => (await platform.GetAsync("/readyz")).StatusCode == HttpStatusCode.OK, TimeSpan.FromSeconds(15), "everything is ready");
        var before = await RecordedUntilAsync();
        await Observer.UntilAsync(async () => await RecordedUntilAsync() > before, TimeSpan.FromSeconds(15), "the history goes on");

        // The whole server is lost: what was rotated since the backup counts again, and the value that came of it does not.
        foreach (var database in (string[])["gatewaydb", "maintenancedb", "notificationsdb", "statusdb"])
        {
            await SqlAsync(cluster, database, "drop schema public cascade; create schema public");
        }

        var anew = await RunAsync("restore", [folder, "--yes"]);
        Assert.True(anew.ExitCode == 0, anew.Output);
        Assert.Contains("The keys of before could not be read", anew.Output, StringComparison.Ordinal);
        await StatusAsync(rotated, HttpStatusCode.Unauthorized);
        await StatusAsync(first.Value, HttpStatusCode.OK);
        await StatusAsync(second.Value, HttpStatusCode.OK);
        using var again = await tenant.PostAsync($"/{project}/v1/management/keys/{second.Id}/rotate", null);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        await StatusAsync((await again.Content.ReadFromJsonAsync<JsonObject>())!["key"]!.GetValue<string>(), HttpStatusCode.OK);

        // What is left to do where the server itself has recovered the databases.
        await SqlAsync(cluster, "gatewaydb", "insert into console_sessions select sha256('drill'), null, hash, now(), now() from api_key_values limit 1");
        var recovered = await RunAsync("restore", ["--after-recovery"]);
        Assert.True(recovered.ExitCode == 0, recovered.Output);
        Assert.Contains("The keys of before could not be read", recovered.Output);
        Assert.Equal(0L, await SqlAsync(cluster, "gatewaydb", "select count(*) from console_sessions"));
        Assert.Contains("No revocation", (await RunAsync("restore", ["--after-recovery"], ("ConnectionStrings__gatewaydb_before", ConnectionString(cluster, "gatewaydb")))).Output);
        before = await RecordedUntilAsync();
        await Observer.UntilAsync(async () => await RecordedUntilAsync() > before, TimeSpan.FromSeconds(15), "the history goes on");

        // Restores while another transaction wants the first table, which the restore has, and has the last, which it wants.
        async Task<(int ExitCode, string Output)> RestoreInACircleAsync()
        {
            await using var database = NpgsqlDataSource.Create(ConnectionString(cluster, "notificationsdb"));
            await using var list = database.CreateCommand("select array_agg(oid::regclass::text order by oid) from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'");
            var tables = (string[])(await list.ExecuteScalarAsync())!;
            await using var circle = await database.OpenConnectionAsync();
            await using var inCircle = await circle.BeginTransactionAsync();
            await LockAsync(circle, tables[^1]);
            await using var delay = await database.OpenConnectionAsync();
            await using var delaying = await delay.BeginTransactionAsync();
            await LockAsync(delay, tables[1]);
            var restoring = RunAsync("restore", [folder, "--yes"]);
            await WaitsAsync(tables[1]);
            await Task.WhenAll(LockAsync(circle, tables[0]), CloseAsync());
            await inCircle.RollbackAsync();
            return await restoring;

            async Task CloseAsync()
            {
                await WaitsAsync(tables[0]);
                await Task.Delay(1500); // PostgreSQL looks for a circle a second after a wait began, and ends whoever finds it
                await delaying.RollbackAsync();
            }

            async Task LockAsync(NpgsqlConnection connection, string table)
            {
                await using var command = new NpgsqlCommand($"lock table {table} in access share mode", connection);
                await command.ExecuteNonQueryAsync();
            }

            Task WaitsAsync(string table) => Observer.UntilAsync(
                async () =>
                {
                    await using var waits = database.CreateCommand($"select exists (select from pg_locks where relation = '{table}'::regclass and not granted)");
                    return await waits.ExecuteScalarAsync() is true;
                },
                TimeSpan.FromSeconds(20),
                $"somebody waits for {table}");
        }

        async Task ReceiveAsync(HttpContext context)
        {
            var message = (await JsonNode.ParseAsync(context.Request.Body))!;
            received.Enqueue(((string)message["data"]!["id"]!, context.Request.Headers["webhook-id"].ToString(), isWell));
            context.Response.StatusCode = isWell ? StatusCodes.Status204NoContent : StatusCodes.Status500InternalServerError;
        }

        async Task<(string Id, string Value)> KeyAsync(string name)
        {
            using var response = await platform.PostAsJsonAsync($"/v1/platform/projects/{project}/keys", new { name, scopes = new[] { "management" } });
            var key = (await response.Content.ReadFromJsonAsync<JsonObject>())!;
            return (key["id"]!.GetValue<string>(), key["key"]!.GetValue<string>());
        }

        async Task<string> WindowAsync(string title) => await CreatedAsync(tenant, $"/{project}/v1/management/maintenance", new
        {
            title,
            description = "",
            starts_at = DateTimeOffset.UtcNow.AddHours(1),
            ends_at = DateTimeOffset.UtcNow.AddHours(2),
        });

        async Task StatusAsync(string key, HttpStatusCode status)
        {
            using var http = cluster.Http(key);
            await Observer.UntilAsync(
                async () => (await http.GetAsync($"/{project}/v1/management/maintenance")).StatusCode == status, TimeSpan.FromSeconds(15), $"the key is {status}");
        }

        async Task<DateTime> RecordedUntilAsync() => (DateTime)(await SqlAsync(cluster, "statusdb", "select recorded_until from recorder"))!;

        async Task<(int ExitCode, string Output)> RunAsync(string script, string[] arguments, params (string Name, string Value)[] environment)
        {
            var start = new ProcessStartInfo(Path.Combine(Solution.Folder, "eng", script), arguments)
            {
                Environment = { ["XEROTIER_DATA"] = cluster.DataFolder },
                RedirectStandardError = true,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            };
            foreach (var (name, value) in environment)
            {
                start.Environment[name] = value;
            }

            using var process = Process.Start(start)!;
            process.StandardInput.Close();
            var error = process.StandardError.ReadToEndAsync();
            var output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            return (process.ExitCode, output + await error);
        }
    }

    private static async Task<string> CreatedAsync(HttpClient http, string path, object body) => (await http.PostForJsonAsync(path, body))["id"]!.ToString();

    private static string ConnectionString(Cluster cluster, string database) =>
        File.ReadLines(Path.Combine(cluster.DataFolder, "databases.env")).Single(line => line.StartsWith($"ConnectionStrings__{database}=", StringComparison.Ordinal)).Split('=', 2)[1];

    private static async Task<object?> SqlAsync(Cluster cluster, string database, string sql)
    {
        await using var source = NpgsqlDataSource.Create(ConnectionString(cluster, database));
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }
}
