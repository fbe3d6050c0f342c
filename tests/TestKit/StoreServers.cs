using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using StackExchange.Redis;
using Xerotier.AppHost;
using Xerotier.ServiceDefaults;

namespace Xerotier.TestKit;

/// <summary>Ports for servers of a test.</summary>
public static class TestPorts
{
    /// <summary>A TCP port of 127.0.0.1 that is free and was not given before, outside the ranges from which Aspire and the system pick.</summary>
    public static int Free() => PrivateServers.FreePort();
}

/// <summary>A private PostgreSQL server for the tests of one process; each test asks it for a database of its own.</summary>
public sealed class TestPostgres : IAsyncDisposable
{
    private readonly PostgresServer server;
    private readonly string folder;
    private readonly string[] settings;
    private readonly ConcurrentDictionary<Assembly, Lazy<Task<string>>> templates = [];
    private ChildProcess process;

    private TestPostgres(PostgresServer server, string folder, string[] settings)
    {
        (this.server, this.folder, this.settings) = (server, folder, settings);
        process = Run(server.Command);
    }

    /// <summary>Connection string of the superuser.</summary>
    public string AdminConnectionString => server.ConnectionString("postgres");

    /// <summary>Starts one, with data below <paramref name="parent"/> (the system's folder for temporary files) and <paramref name="settings"/> of its own.</summary>
    public static async Task<TestPostgres> StartAsync(string? parent = null, params string[] settings)
    {
        var folder = Path.Combine(parent ?? Path.GetTempPath(), $"xerotier-test-{Guid.NewGuid():N}");
        return await StartInAsync(folder, settings);
    }

    /// <summary>Starts a standby of this server, with its data beside this one's. Once this returns, each commit waits for the standby (<c>synchronous_standby_names</c>).</summary>
    public async Task<TestPostgres> StartSynchronousStandbyAsync()
    {
        var copy = $"{folder}-standby";
        Directory.CreateDirectory(copy);
        File.Copy(Path.Combine(folder, "passwords"), Path.Combine(copy, "passwords"));
        var own = server.Command.Arguments.TakeWhile(argument => argument != "-D").Prepend(server.Command.FileName).ToList(); // up to .../bin/postgres
        string[] backup = [
            .. own[..^1], Path.Combine(Path.GetDirectoryName(own[^1])!, "pg_basebackup"), "-D", Path.Combine(copy, "data"), "--write-recovery-conf", "--checkpoint=fast", "--no-sync",
            "--dbname", $"host=127.0.0.1 port={server.Port} user=postgres password={server.Passwords["postgres"]} application_name=standby"];
        if (Environment.IsPrivilegedProcess)
        {
            await RunToEndAsync("chown", "postgres", copy);
        }

        await RunToEndAsync(backup);
        var standby = await StartInAsync(copy, settings);
        await ExecuteAsync("alter system set synchronous_standby_names = 'standby'");
        await ExecuteAsync("select pg_reload_conf()");
        await Eventually.TrueAsync(async () => await ExecuteAsync("select sync_state from pg_stat_replication") is "sync");
        return standby;
    }

    /// <summary>Makes a standby a server that takes writes.</summary>
    public Task PromoteAsync() => ExecuteAsync("select pg_promote()");

    /// <summary>Ends what a promotion leaves for later: the server says only from its next checkpoint on that its timeline is a new one.</summary>
    public Task CheckpointAsync() => ExecuteAsync("checkpoint");

    /// <summary>Creates an empty database and returns its connection string.</summary>
    public Task<string> CreateDatabaseAsync() => CreateDatabaseAsync("template1");

    /// <summary>Creates a database with a service's newest schema and returns its connection string: a copy of one that is migrated once, which takes a tenth of the time.</summary>
    /// <typeparam name="TEntryPoint">A type of the service's assembly.</typeparam>
    public async Task<string> CreateDatabaseAsync<TEntryPoint>() =>
        await CreateDatabaseAsync(await templates.GetOrAdd(typeof(TEntryPoint).Assembly, service => new(() => CreateTemplateAsync(service))).Value);

    /// <summary>Sends a signal (<c>kill -l</c> numbers) to the server and all its backends, which lead sessions of their own and may have outlived it.</summary>
    public void Signal(int signal)
    {
        process.Signal(signal);
        using var kill = System.Diagnostics.Process.Start("sh", ["-c", $"kill -{signal} {string.Join(' ', Processes.In(server.Command.Folder))} 2>/dev/null"]);
        kill.WaitForExit();
    }

    /// <summary>Kills the server with SIGKILL and waits for its end.</summary>
    public async Task KillAsync()
    {
        process.Signal(ChildProcess.Kill);
        while (!process.Exited.IsCompleted)
        {
            Signal(ChildProcess.Continue); // stopped orphans hold the server's output
            await Task.Delay(50);
        }
    }

    /// <summary>Starts the server again on the same data and port after <see cref="KillAsync"/>, or after it ended by itself; nothing happens while it runs.</summary>
    public Task RestartAsync()
    {
        Signal(ChildProcess.Continue); // a stopped orphan would never see that its server is gone, and no other starts while it holds the memory
        return WaitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Signal(ChildProcess.Continue); // what is stopped does not end
        await process.StopAsync(TimeSpan.FromSeconds(3));
        Signal(ChildProcess.Kill); // orphans of a server that was killed
        process.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private static async Task<TestPostgres> StartInAsync(string folder, string[] settings)
    {
        var postgres = new TestPostgres(await Task.Run(() => PrivateServers.Postgres(folder, PrivateServers.FreePort(), [], ["fsync=off", .. settings])), folder, settings); // it waits, which no thread that polls sockets may
        await postgres.WaitAsync();
        return postgres;
    }

    private async Task<string> CreateTemplateAsync(Assembly service)
    {
        var connectionString = new NpgsqlConnectionStringBuilder(await CreateDatabaseAsync()) { Pooling = false }; // nobody may be connected to what is copied
        await using var database = NpgsqlDataSource.Create(connectionString);
        await Migrations.ApplyAsync(database, service, NullLogger.Instance, CancellationToken.None);
        return connectionString.Database!;
    }

    private async Task<string> CreateDatabaseAsync(string template)
    {
        var name = $"test_{Guid.NewGuid():N}";
        await using var connection = new NpgsqlConnection(AdminConnectionString);
        await connection.OpenAsync();
        await using var create = connection.CreateCommand();
        create.CommandText = $"create database {name} template {template} strategy file_copy";
        await create.ExecuteNonQueryAsync();
        return new NpgsqlConnectionStringBuilder(AdminConnectionString) { Database = name }.ConnectionString;
    }

    private static async Task RunToEndAsync(params string[] command)
    {
        var lines = new ConcurrentQueue<string>();
        using var run = ChildProcess.Start(command[0], command[1..], new Dictionary<string, string?>(), "/", lines.Enqueue);
        if (await run.Exited != 0)
        {
            throw new InvalidOperationException($"{command[0]} fails: {string.Join('\n', lines)}");
        }
    }

    private async Task<object?> ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(AdminConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    internal static ChildProcess Run(ServerCommand command) =>
        ChildProcess.Start(command.FileName, command.Arguments, new Dictionary<string, string?>(), "/", _ => { });

    private async Task WaitAsync()
    {
        for (var deadline = DateTime.UtcNow.AddSeconds(30); ;)
        {
            if (process.Exited.IsCompleted)
            {
                process.Dispose();
                process = Run(server.Command);
            }

            try
            {
                await using var connection = new NpgsqlConnection(AdminConnectionString + ";Pooling=false;Timeout=2");
                await connection.OpenAsync();
                return;
            }
            catch (NpgsqlException) when (DateTime.UtcNow < deadline)
            {
                await Task.Delay(50);
            }
        }
    }
}

/// <summary>A private Redis server for the tests of one process.</summary>
public sealed class TestRedis : IAsyncDisposable
{
    private readonly RedisServer server;
    private readonly string folder;
    private ChildProcess process;

    private TestRedis(RedisServer server, string folder, ChildProcess process) => (this.server, this.folder, this.process) = (server, folder, process);

    /// <summary>Connection string in StackExchange.Redis' form.</summary>
    public string ConnectionString => server.ConnectionString;

    internal int Port => server.Port;

    internal string Password => server.Password;

    /// <summary>Starts a server with more of its own options, such as <c>--cluster-enabled yes</c>.</summary>
    public static async Task<TestRedis> StartAsync(params string[] options)
    {
        var folder = Path.Combine(Path.GetTempPath(), $"xerotier-test-{Guid.NewGuid():N}");
        return await StartAsync(PrivateServers.Redis(folder, PrivateServers.FreePort()), folder, options);
    }

    /// <summary>Starts a replica of this server, with the same password.</summary>
    public Task<TestRedis> StartReplicaAsync() =>
        StartNodeAsync(server.Password, "--masterauth", server.Password, "--replicaof", "127.0.0.1", $"{server.Port}");

    /// <summary>Starts a server with a password that others have too.</summary>
    internal static async Task<TestRedis> StartNodeAsync(string password, params string[] options)
    {
        var folder = Path.Combine(Path.GetTempPath(), $"xerotier-test-{Guid.NewGuid():N}");
        return await StartAsync(PrivateServers.Redis(folder, PrivateServers.FreePort()) with { Password = password }, folder, ["--requirepass", password, .. options]);
    }

    /// <summary>Sends one command, as an administrator.</summary>
    public async Task<string> ExecuteAsync(string command, params object[] arguments)
    {
        await using var connection = await ConnectionMultiplexer.ConnectAsync(ConnectionString + ",allowAdmin=true");
        return $"{await connection.GetServer($"127.0.0.1:{server.Port}").ExecuteAsync(command, arguments)}";
    }

    /// <summary>Starts three Sentinels that watch this server and its replicas under the name <c>main</c>, and take a second of silence for its end.</summary>
    /// <returns>They, and the connection string that names them.</returns>
    public async Task<(IReadOnlyList<TestRedis> Sentinels, string ConnectionString)> StartSentinelsAsync()
    {
        var sentinels = new List<TestRedis>();
        for (var i = 0; i < 3; i++)
        {
            var folder = Path.Combine(Path.GetTempPath(), $"xerotier-test-{Guid.NewGuid():N}");
            var sentinel = PrivateServers.Redis(folder, PrivateServers.FreePort()) with { Password = server.Password };
            var configuration = Path.Combine(folder, "sentinel.conf");
            await File.WriteAllTextAsync(configuration, $"""
                bind 127.0.0.1
                port {sentinel.Port}
                dir {folder}
                requirepass {server.Password}
                sentinel monitor main 127.0.0.1 {server.Port} 2
                sentinel auth-pass main {server.Password}
                sentinel down-after-milliseconds main 1000
                sentinel failover-timeout main 6000

                """);
            sentinels.Add(await StartAsync(sentinel with { Command = sentinel.Command with { Arguments = [configuration, "--sentinel"] } }, folder));
        }

        return (sentinels, $"{string.Join(',', sentinels.Select(sentinel => $"127.0.0.1:{sentinel.server.Port}"))},serviceName=main,password={server.Password}");
    }

    /// <summary>Sends a signal (<c>kill -l</c> numbers) to the server.</summary>
    public void Signal(int signal) => process.Signal(signal);

    /// <summary>Kills the server with SIGKILL; its data is gone.</summary>
    public async Task KillAsync()
    {
        process.Signal(ChildProcess.Kill);
        await process.Exited;
    }

    /// <summary>Starts the server again, empty, on the same port after <see cref="KillAsync"/>.</summary>
    public async Task RestartAsync()
    {
        process = TestPostgres.Run(server.Command);
        await WaitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await process.StopAsync(TimeSpan.FromSeconds(3));
        process.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private static async Task<TestRedis> StartAsync(RedisServer server, string folder, params string[] options)
    {
        server = server with { Command = server.Command with { Arguments = [.. server.Command.Arguments, .. options] } };
        var redis = new TestRedis(server, folder, TestPostgres.Run(server.Command));
        await redis.WaitAsync();
        return redis;
    }

    private async Task WaitAsync()
    {
        for (var deadline = DateTime.UtcNow.AddSeconds(30); ;)
        {
            try
            {
                using var connection = new TcpClient();
                await connection.ConnectAsync(IPAddress.Loopback, server.Port); // it listens when it is ready
                return;
            }
            catch (SocketException) when (DateTime.UtcNow < deadline)
            {
                await Task.Delay(50);
            }
        }
    }
}
