using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xerotier.Gateway.Keys;
using Xerotier.Gateway.Storage;
using Xerotier.Health.V1;
using Xerotier.ServiceDefaults;
using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests;

public sealed class KeyLifeTests(PostgresFixture postgres)
{
    private static readonly Actor Nobody = new("nobody", null);

    [Fact]
    public async Task A_revocation_reaches_every_Gateway_within_a_second_and_ends_open_streams()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        await using var first = await TestGateway.StartAsync(database);
        await using var second = await TestGateway.StartAsync(database, platformKey: first.PlatformKey);
        var project = await first.CreateProjectAsync();
        var (id, key) = await first.CreateKeyAsync(project, "management", "heartbeat");
        Assert.Equal(200, (await second.SendAsync("GET", $"/{project}/v1/management/keys", key)).Status);

        using var channel = GrpcChannel.ForAddress(second.Service.GrpcAddress);
        using var call = new Heartbeats.HeartbeatsClient(channel).Report(new Metadata { { "authorization", $"Bearer {key}" } });
        await call.RequestStream.WriteAsync(new ReportRequest { Heartbeats = { new Heartbeat(), new Heartbeat() } });
        Assert.True(await call.ResponseStream.MoveNext());
        Assert.Equal(2, call.ResponseStream.Current.Accepted);
        var sent = second.Services.Requests.Single(r => r.Method == "GRPC");
        Assert.StartsWith("Bearer ey", sent.Headers["authorization"], StringComparison.Ordinal);

        Assert.Equal(200, (await first.SendAsync("DELETE", $"/{project}/v1/management/keys/{id}", key)).Status);
        await Eventually.TrueAsync(async () => (await second.SendAsync("GET", $"/{project}/v1/management/keys", key)).Status == 401, "refused by the other Gateway", seconds: 3);
        var ended = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext().WaitAsync(TimeSpan.FromSeconds(3)));
        Assert.Equal(StatusCode.Unauthenticated, ended.StatusCode);
        Assert.Equal("revoked_api_key", ended.Trailers.GetValue("xerotier-error-code"));
        await Eventually.TrueAsync(() => second.Service.Services.GetRequiredService<OpenCalls>().Count == 0, "the call is no longer counted");
    }

    [Fact]
    public async Task Of_many_rotations_at_once_one_value_stays()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        await using var gateway = await TestGateway.StartAsync(database);
        var project = await gateway.CreateProjectAsync();
        var (id, _) = await gateway.CreateKeyAsync(project, "management");
        var store = gateway.Service.Services.GetRequiredService<KeyStore>();
        var now = DateTimeOffset.UtcNow;
        const long rotations = 8;
        await Task.WhenAll(Enumerable.Range(0, (int)rotations).Select(_ => Task.Run(async () =>
            Assert.True((await store.RotateAsync(project, id, ApiKeyValue.Hash(ApiKeyValue.Create("x")), now, now.AddHours(24), Nobody)).Changed))));
        Assert.Equal([rotations, 1L], await RowAsync(database, $"select count(expires_at), count(*) filter (where expires_at is null) from api_key_values where key_id = '{id}'"));
    }

    [Fact]
    public async Task A_change_that_waited_for_another_has_the_higher_number()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        await using var gateway = await TestGateway.StartAsync(database);
        var project = await gateway.CreateProjectAsync();
        var (id, _) = await gateway.CreateKeyAsync(project, "management");
        var store = gateway.Service.Services.GetRequiredService<KeyStore>();
        foreach (var change in new Func<Task>[]
        {
            () => store.RotateAsync(project, id, ApiKeyValue.Hash(ApiKeyValue.Create("x")), DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddHours(24), Nobody),
            () => store.RevokeAsync(project, id, DateTimeOffset.UtcNow, Nobody),
        })
        {
            await using var connection = new NpgsqlConnection(database);
            await connection.OpenAsync();
            await using var first = await connection.BeginTransactionAsync();
            await using (var hold = new NpgsqlCommand($"select from api_keys where id = '{id}' for update", connection, first))
            {
                await hold.ExecuteNonQueryAsync();
            }

            var second = Task.Run(change);
            await Eventually.TrueAsync(async () => (long)(await RowAsync(database, "select count(*) from pg_locks where not granted"))[0] > 0, "it waits");
            var between = (long)(await RowAsync(database, "select next_change()"))[0];
            await first.CommitAsync();
            await second;
            Assert.True((long)(await RowAsync(database, $"select change from api_keys where id = '{id}'"))[0] > between);
        }
    }

    [Fact]
    public async Task A_write_of_uses_that_waits_keeps_no_revocation_waiting_and_loses_no_use()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        await using var gateway = await TestGateway.StartAsync(database, settings: new() { ["Keys:WriteUsesSeconds"] = "1" });
        var project = await gateway.CreateProjectAsync();

        // The write locks rows in the order of their ids: the held one must be the first, or it would hold others' rows while it waits.
        var keys = new List<(string Id, string Key)>();
        for (var i = 0; i < 16; i++)
        {
            keys.Add(await gateway.CreateKeyAsync(project, "management"));
        }

        var (id, key) = keys.OrderBy(candidate => candidate.Id, StringComparer.Ordinal).First();
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync();
        var held = await connection.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand($"insert into api_key_uses values ('{id}', 'epoch')", connection, held))
        {
            await hold.ExecuteNonQueryAsync();
        }

        Assert.Equal(200, (await gateway.SendAsync("GET", $"/{project}/v1/management/keys", key)).Status);

        // The write waits for 2 s, fails, and waits again: some revocation must come through while one waits.
        await Eventually.TrueAsync(
            async () =>
            {
                var (otherId, other) = await gateway.CreateKeyAsync(project, "management");
                Assert.Equal(200, (await gateway.SendAsync("GET", $"/{project}/v1/management/maintenance", other)).Status);
                await Eventually.TrueAsync(async () => await WaitingAsync() is not null, "the write waits");
                var waiting = await WaitingAsync();
                if ((await gateway.SendAsync("DELETE", $"/{project}/v1/management/keys/{otherId}", other)).Status != 200)
                {
                    return false; // its use was among those that the write holds
                }

                await Eventually.TrueAsync(async () => (await gateway.SendAsync("GET", $"/{project}/v1/management/maintenance", other)).Status == 401, "revoked");
                return waiting is not null && waiting.Equals(await WaitingAsync());
            },
            "a revocation while the write waits");

        await Eventually.TrueAsync(async () => await WaitingAsync() is null, "the write has failed");
        await held.DisposeAsync();
        await Eventually.TrueAsync(async () => (bool)(await RowAsync(database, $"select exists (select from api_key_uses where key_id = '{id}' and last_used_at > 'epoch')"))[0], "the use is written all the same");

        async Task<object?> WaitingAsync() => await RowAsync(
            database, "select max(query_start) from pg_stat_activity where datname = current_database() and state = 'active' and wait_event_type = 'Lock' and query like 'insert into api_key_uses as u%'") is [DateTime at] ? at : null;
    }

    [Fact]
    public async Task A_write_of_uses_that_fails_for_any_reason_is_logged_once_and_tried_again()
    {
        using var logs = new LogRecorder();
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        await using var gateway = await TestGateway.StartAsync(database, settings: new() { ["Keys:WriteUsesSeconds"] = "1" }, configure: services => services.AddSingleton<ILoggerProvider>(logs));
        var project = await gateway.CreateProjectAsync();
        var (id, key) = await gateway.CreateKeyAsync(project, "management");
        await RowAsync(database, "alter table api_key_uses rename column last_used_at to gone; select 1");
        Assert.Equal(200, (await gateway.SendAsync("GET", $"/{project}/v1/management/maintenance", key)).Status);
        await Eventually.TrueAsync(() => logs.Count("The last uses of keys could not be written") > 0, "logged");
        await Task.Delay(TimeSpan.FromSeconds(2.5)); // at least two further tries
        Assert.Equal(1, logs.Count("The last uses of keys could not be written"));

        await RowAsync(database, "alter table api_key_uses rename column gone to last_used_at; select 1");
        await Eventually.TrueAsync(async () => (bool)(await RowAsync(database, $"select exists (select from api_key_uses where key_id = '{id}' and last_used_at > 'epoch')"))[0], "the use is written all the same");
        await Eventually.TrueAsync(() => logs.Count("The last uses of keys are written again") == 1, "the recovery is logged");
    }

    [Fact]
    public async Task Streams_end_when_the_database_is_another_one()
    {
        await using var first = await TestPostgres.StartAsync();
        await using var second = await TestPostgres.StartAsync();
        var one = new NpgsqlConnectionStringBuilder(await first.CreateDatabaseAsync<Program>());
        var other = new NpgsqlConnectionStringBuilder(second.AdminConnectionString) { Database = one.Database, Password = one.Password };
        await using (var admin = new NpgsqlConnection(second.AdminConnectionString))
        {
            await admin.OpenAsync();
            await using var create = new NpgsqlCommand($"create database {one.Database}", admin);
            await create.ExecuteNonQueryAsync();
            create.CommandText = $"alter role {one.Username} password '{one.Password}'";
            await create.ExecuteNonQueryAsync();
        }

        await using (var schema = NpgsqlDataSource.Create(other.ConnectionString))
        {
            await Migrations.ApplyAsync(schema, typeof(KeyStore).Assembly, NullLogger.Instance, TestContext.Current.CancellationToken);
        }

        // The first is far ahead: what comes after the change of databases would otherwise be taken for old.
        await using (var ahead = new NpgsqlConnection(one.ConnectionString))
        {
            await ahead.OpenAsync();
            await using var burn = new NpgsqlCommand("do $$ begin for i in 1..5000 loop perform pg_current_xact_id(); commit; end loop; end $$", ahead);
            await burn.ExecuteNonQueryAsync();
        }

        var both = new NpgsqlConnectionStringBuilder(one.ConnectionString) { Host = $"{one.Host}:{one.Port},{other.Host}:{other.Port}" };
        await using var gateway = await TestGateway.StartAsync(both.ConnectionString);
        var project = await gateway.CreateProjectAsync();
        var (_, key) = await gateway.CreateKeyAsync(project, "heartbeat");
        using var channel = GrpcChannel.ForAddress(gateway.Service.GrpcAddress);
        using var call = new Heartbeats.HeartbeatsClient(channel).Report(new Metadata { { "authorization", $"Bearer {key}" } });
        await call.RequestStream.WriteAsync(new ReportRequest { Heartbeats = { new Heartbeat() } });
        Assert.True(await call.ResponseStream.MoveNext());

        await first.KillAsync();
        var ended = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext().WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.True((ended.StatusCode, ended.Trailers.GetValue("xerotier-error-code")) is (StatusCode.Unavailable, "service_unavailable"), ended.ToString());
    }

    [Fact]
    public async Task A_lost_notification_is_made_up_for_by_the_poll()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        await using var gateway = await TestGateway.StartAsync(database);
        var project = await gateway.CreateProjectAsync();
        var (id, key) = await gateway.CreateKeyAsync(project, "management");
        Assert.Equal(200, (await gateway.SendAsync("GET", $"/{project}/v1/management/keys", key)).Status);
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync();
        await using var silent = new NpgsqlCommand(
            $"""
            alter table api_keys disable trigger api_keys_numbered;
            update change_head set number = number + 1;
            update api_keys set revoked_at = now(), change = (select number from change_head) where id = '{id}';
            """,
            connection);
        await silent.ExecuteNonQueryAsync();
        await Eventually.TrueAsync(async () => (await gateway.SendAsync("GET", $"/{project}/v1/management/keys", key)).Status == 401, "refused", seconds: 4);
    }

    [Fact]
    public async Task An_expiring_key_ends_its_open_streams()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        var project = await gateway.CreateProjectAsync();
        var (_, key) = await gateway.CreateKeyAsync(project, new { name = "short", scopes = new[] { "heartbeat" }, expires_at = DateTimeOffset.UtcNow.AddSeconds(4).ToString("o") });
        using var channel = GrpcChannel.ForAddress(gateway.Service.GrpcAddress);
        using var call = new Heartbeats.HeartbeatsClient(channel).Report(new Metadata { { "authorization", $"Bearer {key}" } });
        var ended = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext().WaitAsync(TimeSpan.FromSeconds(15)));
        Assert.Equal((StatusCode.Unauthenticated, "expired_api_key"), (ended.StatusCode, ended.Trailers.GetValue("xerotier-error-code")));
    }

    [Fact]
    public async Task Without_Postgres_checked_keys_work_for_the_time_of_grace_and_all_recovers()
    {
        await using var own = await TestPostgres.StartAsync();
        var database = await own.CreateDatabaseAsync<Program>();
        await using var gateway = await TestGateway.StartAsync(database);
        var project = await gateway.CreateProjectAsync();
        var (_, known) = await gateway.CreateKeyAsync(project, "management");
        var (_, notYetSeen) = await gateway.CreateKeyAsync(project, "management");
        var windows = $"/{project}/v1/management/maintenance";
        Assert.Equal(200, (await gateway.SendAsync("GET", windows, known)).Status);

        await own.KillAsync();
        Assert.Equal(200, (await gateway.SendAsync("GET", windows, known)).Status);
        var (status, answer) = await gateway.SendAsync("GET", windows, notYetSeen);
        Assert.Equal((503, "service_unavailable"), (status, answer!["error"]!["code"]!.GetValue<string>()));
        (status, answer) = await gateway.SendAsync("GET", $"/{project}/v1/management/keys", known);
        Assert.Equal((503, "service_unavailable"), (status, answer!["error"]!["code"]!.GetValue<string>()));
        await Eventually.TrueAsync(async () => (await gateway.SendAsync("GET", "/readyz")).Body!["checks"]!["postgres"]!.GetValue<string>() == "unavailable", "said by readiness");
        Assert.Equal(200, (await gateway.SendAsync("GET", windows, known)).Status);
        Assert.Equal(200, (await gateway.SendAsync("GET", "/status")).Status);

        await own.RestartAsync();
        await Eventually.TrueAsync(async () => (await gateway.SendAsync("GET", windows, notYetSeen)).Status == 200, "recovered", seconds: 10);

        // Every backend leads a session of its own: the server's group is not all of it.
        var backends = new List<int>();
        await using (var connection = new NpgsqlConnection(database))
        {
            await connection.OpenAsync();
            await using var list = new NpgsqlCommand("select pid from pg_stat_activity", connection);
            await using var reader = await list.ExecuteReaderAsync();
            while (await reader.ReadAsync())
            {
                backends.Add(reader.GetInt32(0));
            }
        }

        const int sigstop = 19;
        const int sigcont = 18;
        own.Signal(sigstop);
        await KillAsync(sigstop, backends);
        try
        {
            Assert.Equal(200, (await gateway.SendAsync("GET", windows, known)).Status);
            Assert.Equal(503, (await gateway.SendAsync("GET", windows, ApiKeyValue.Create("nobody"))).Status);
        }
        finally
        {
            await KillAsync(sigcont, backends);
            own.Signal(sigcont);
        }

        await Eventually.TrueAsync(async () => (await gateway.SendAsync("GET", windows, ApiKeyValue.Create("nobody"))).Status == 401, "recovered", seconds: 20);
    }

    [Fact]
    public async Task Grace_ends()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        var reader = gateway.Service.Services.GetRequiredService<KeyReader>();
        var nothing = new KeyChanges(new("one", 1), 0, []);
        using var real = new KnownKeys(reader.FindAsync, Microsoft.Extensions.Options.Options.Create(new KeyOptions()), time);
        real.Apply(nothing);
        var hash = ApiKeyValue.Hash(gateway.PlatformKey);
        Assert.NotNull(await real.LookUpAsync(hash, TestContext.Current.CancellationToken));
        Assert.NotNull(real.Find(hash));
        time.Advance(TimeSpan.FromMinutes(5));
        Assert.False(real.IsLive);
        Assert.NotNull(real.Find(hash));
        time.Advance(TimeSpan.FromTicks(1));
        Assert.Null(real.Find(hash));
        real.Apply(nothing);
        Assert.NotNull(real.Find(hash));
    }

    [Fact]
    public async Task Last_use_is_written_in_batches()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        await using var gateway = await TestGateway.StartAsync(database);
        var project = await gateway.CreateProjectAsync();
        var (id, key) = await gateway.CreateKeyAsync(project, "management");
        await gateway.SendAsync("GET", $"/{project}/v1/management/keys", key);
        await Eventually.TrueAsync(
            async () =>
            {
                var (_, list) = await gateway.SendAsync("GET", $"/{project}/v1/management/keys", key);
                var at = list!["data"]!.AsArray().Single(k => k!["id"]!.GetValue<string>() == id)!["last_used_at"];
                return at is not null && DateTimeOffset.UtcNow - at.GetValue<DateTimeOffset>() < TimeSpan.FromMinutes(1);
            },
            "last_used_at",
            seconds: 40);
    }

    [Fact]
    public async Task The_first_start_writes_its_platform_key_to_a_file_that_only_its_owner_reads()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        var file = Path.Combine(Path.GetTempPath(), $"xerotier-key-{Guid.NewGuid():N}", "platform.key");
        var settings = new Dictionary<string, string?> { ["Platform:Key"] = "", ["Platform:KeyFile"] = file };
        string key;
        await using (var gateway = await TestGateway.StartAsync(database, settings: settings, configure: AnHourAhead))
        {
            key = (await File.ReadAllTextAsync(file)).Trim();
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            Assert.Equal(200, (await gateway.SendAsync("GET", "/v1/platform/projects", key)).Status);
            Assert.Equal([1L, 0L], await RowAsync(database, "select count(*), count(*) filter (where greatest(k.created_at, v.created_at, e.occurred_at) > now()) from api_keys k join api_key_values v on v.key_id = k.id join key_events e on e.key_id = k.id"));
        }

        await using (var again = await TestGateway.StartAsync(database, settings: settings))
        {
            Assert.Equal(key, (await File.ReadAllTextAsync(file)).Trim());
            Assert.Equal(200, (await again.SendAsync("GET", "/v1/platform/projects", key)).Status);
        }

        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
    }

    [Fact]
    public async Task A_configured_platform_key_replaces_the_one_before()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        string old;
        await using (var gateway = await TestGateway.StartAsync(database))
        {
            old = gateway.PlatformKey;
        }

        await using var changed = await TestGateway.StartAsync(database);
        Assert.NotEqual(old, changed.PlatformKey);
        Assert.Equal(200, (await changed.SendAsync("GET", "/v1/platform/projects", changed.PlatformKey)).Status);
        var (status, answer) = await changed.SendAsync("GET", "/v1/platform/projects", old);
        Assert.Equal((401, "expired_api_key"), (status, answer!["error"]!["code"]!.GetValue<string>()));
    }

    [Fact]
    public async Task A_Gateway_whose_clock_is_ahead_leaves_a_platform_key_that_it_replaces_no_longer_valid()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        string old;
        await using (var gateway = await TestGateway.StartAsync(database))
        {
            old = gateway.PlatformKey;
        }

        await using var changed = await TestGateway.StartAsync(database, configure: AnHourAhead);
        Assert.Equal(
            [1L, 0L, 0L],
            await RowAsync(database, "select count(expires_at), count(*) filter (where greatest(created_at, expires_at) > now()), (select count(*) from key_events where occurred_at > now()) from api_key_values"));
        await Eventually.TrueAsync(async () => await changed.SendAsync("GET", "/readyz") is (503, { } body) && (string?)body["checks"]!["clock"] == "unavailable", "it knows the database's time");
        var (status, answer) = await changed.SendAsync("GET", "/v1/platform/projects", old);
        Assert.Equal((401, "expired_api_key"), (status, answer!["error"]!["code"]!.GetValue<string>()));
        Assert.Equal(200, (await changed.SendAsync("GET", "/v1/platform/projects", changed.PlatformKey)).Status);
    }

    [Fact]
    public async Task Unknown_keys_are_remembered_as_such_until_they_exist()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        await using var gateway = await TestGateway.StartAsync(database, settings: new() { ["Keys:UnknownSeconds"] = "60" });
        var project = await gateway.CreateProjectAsync();
        var value = ApiKeyValue.Create("later");
        Assert.Equal(401, (await gateway.SendAsync("GET", $"/{project}/v1/management/keys", value)).Status);
        var store = gateway.Service.Services.GetRequiredService<KeyStore>();
        var key = new Contracts.ApiKey
        {
            Id = "key_later",
            Name = "later",
            Scopes = ["management"],
            ExpiresAt = null,
            AllowedIps = [],
            CreatedAt = DateTimeOffset.UtcNow,
            CreatedBy = null,
            LastUsedAt = null,
            RevokedAt = null,
        };
        await store.CreateAsync(key, project, ApiKeyValue.Hash(value), Nobody);
        await Eventually.TrueAsync(async () => (await gateway.SendAsync("GET", $"/{project}/v1/management/keys", value)).Status == 200, "known at once", seconds: 3);
    }

    private static void AnHourAhead(IServiceCollection services) => services.AddSingleton<TimeProvider>(new LeapingTime(TimeProvider.System) { Ahead = TimeSpan.FromHours(1) });

    private static async Task<object[]> RowAsync(string database, string sql)
    {
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        var row = new object[reader.FieldCount];
        reader.GetValues(row);
        return row;
    }

    private static async Task KillAsync(int signal, IEnumerable<int> processes)
    {
        foreach (var process in processes)
        {
            using var kill = System.Diagnostics.Process.Start("kill", [$"-{signal}", $"{process}"]);
            await kill.WaitForExitAsync();
        }
    }
}
