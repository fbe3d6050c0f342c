using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Xerotier.AppHost;

/// <summary>A command that runs a server in the foreground.</summary>
internal sealed record ServerCommand(string FileName, IReadOnlyList<string> Arguments, string Folder);

/// <summary>Thrown with one clear sentence for the operator when something that the cluster needs is missing or wrong.</summary>
internal sealed class SetupException(string message) : Exception(message);

/// <summary>
/// PostgreSQL and Redis of the machine's own binaries, each with its data in a folder of ours and passwords made on first use.
/// PostgreSQL refuses to run as root: it drops to the user <c>postgres</c> then, and where that user cannot reach the folder its
/// files go to <c>/var/lib/xerotier/&lt;hash of the folder&gt;</c>.
/// </summary>
internal static class PrivateServers
{
    private const string PostgresUser = "postgres";

    // Given away and perhaps not bound yet.
    private static readonly ConcurrentDictionary<int, bool> Given = new();

    /// <summary>A TCP port of 127.0.0.1 that is free at this moment and was not given before, below the range from which the system takes ports for outgoing connections.</summary>
    public static int FreePort()
    {
        while (true)
        {
            var port = Random.Shared.Next(20_000, 32_768);
            if (!Given.TryAdd(port, true))
            {
                continue;
            }

            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // taken; the next one
            }
        }
    }

    /// <summary>Makes the data folder on first use, with a role and a database of its own for each of <paramref name="databases"/>.</summary>
    /// <exception cref="SetupException">No binaries, a folder that cannot be written, or data of another major version.</exception>
    public static PostgresServer Postgres(string dataFolder, int port, IReadOnlyList<string> databases, params string[] settings)
    {
        var folder = ReachableFolder(dataFolder);
        var data = Path.Combine(folder, "data");
        var written = Path.Combine(data, "PG_VERSION");
        var binaries = PostgresBinaries(File.Exists(written) ? File.ReadAllText(written).Trim() : "");
        var secrets = Path.Combine(folder, "passwords");
        if (!Directory.Exists(data))
        {
            InitPostgres(binaries, folder, data, secrets, databases);
        }
        else if (!File.Exists(secrets))
        {
            throw new SetupException($"{data} is there, but its passwords ({secrets}) are not: bring them back, or move the folder away.");
        }

        var version = File.ReadAllText(written).Trim();
        var installed = Run(Path.Combine(binaries, "postgres"), ["--version"], null).Split(' ')[2].Split('.')[0];
        if (version != installed)
        {
            throw new SetupException($"{data} was written by PostgreSQL {version}, but PostgreSQL {installed} is installed: install PostgreSQL {version}, or move the folder away.");
        }

        var passwords = ReadSecrets(secrets);
        string[] command = [
            .. AsPostgres(), Path.Combine(binaries, "postgres"), "-D", data, "-p", $"{port}",
            "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=250",
            .. settings.SelectMany(setting => new[] { "-c", setting })];
        return new(new(command[0], command[1..], folder), port, passwords);
    }

    /// <summary>Redis without persistence: the next heartbeats rebuild what it holds.</summary>
    public static RedisServer Redis(string dataFolder, int port)
    {
        var folder = WritableFolder(dataFolder);
        var password = RandomNumberGenerator.GetHexString(40, lowercase: true);
        var configuration = Path.Combine(folder, "redis.conf");
        WriteSecret(configuration, $"""
            bind 127.0.0.1
            port {port}
            dir "{folder.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}"
            requirepass {password}
            save ""
            appendonly no
            maxmemory-policy noeviction

            """);
        return new(new("redis-server", [configuration], folder), port, password);
    }

    /// <summary>A name for what belongs to <paramref name="folder"/> and lies elsewhere.</summary>
    public static string Hash(string folder) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(folder)))[..16];

    /// <summary>Creates <paramref name="folder"/> where it is missing.</summary>
    /// <exception cref="SetupException">It cannot be created or written.</exception>
    public static string WritableFolder(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            var probe = Path.Combine(folder, $".probe-{Environment.ProcessId}");
            File.WriteAllText(probe, "");
            File.Delete(probe);
            return Path.GetFullPath(folder);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new SetupException($"The data folder {folder} cannot be written: {failure.Message}");
        }
    }

    /// <summary>Writes a file that only its owner can read; what has its name is whole.</summary>
    /// <exception cref="SetupException">It cannot be written.</exception>
    public static void WriteSecret(string path, string text)
    {
        var unfinished = path + ".new";
        try
        {
            File.Delete(unfinished);
            using (var file = new FileStream(unfinished, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }))
            {
                file.Write(Encoding.UTF8.GetBytes(text));
            }

            File.Move(unfinished, path, overwrite: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new SetupException($"{path} cannot be written: {failure.Message}");
        }
    }

    /// <summary>The lines <c>name=value</c> of a file that <see cref="WriteSecret"/> wrote.</summary>
    /// <exception cref="SetupException">It cannot be read.</exception>
    public static Dictionary<string, string> ReadSecrets(string path)
    {
        try
        {
            return File.ReadAllLines(path).Select(line => line.Split('=', 2)).Where(pair => pair.Length == 2).ToDictionary(pair => pair[0], pair => pair[1]);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new SetupException($"{path} cannot be read: {failure.Message}");
        }
    }

    /// <summary>Makes all of it under another name first: what has its name is whole, and never deleted.</summary>
    private static void InitPostgres(string binaries, string folder, string final, string secrets, IReadOnlyList<string> databases)
    {
        var data = final + ".new";
        if (Directory.Exists(data))
        {
            Directory.Delete(data, recursive: true); // a first start that was interrupted
        }

        var passwords = databases.Prepend("postgres").ToDictionary(name => name, _ => RandomNumberGenerator.GetHexString(40, lowercase: true));
        var superuser = Path.Combine(folder, "initial-password");
        WriteSecret(superuser, passwords["postgres"]);
        if (Environment.IsPrivilegedProcess)
        {
            Run("chown", ["-R", PostgresUser, folder], null);
        }

        RunAsPostgres("initdb", ["-D", data, "-U", "postgres", "--encoding=UTF8", "--locale=C", "--auth=scram-sha-256", $"--pwfile={superuser}", "--no-sync"], null);
        File.Delete(superuser);

        // Single-user mode: roles and databases exist before the server first listens.
        var sql = new StringBuilder();
        foreach (var name in databases)
        {
            sql.Append($"CREATE ROLE {name} LOGIN PASSWORD '{passwords[name]}';\n");
            sql.Append($"CREATE DATABASE {name} OWNER {name};\n");
            sql.Append($"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC;\n");
        }

        RunAsPostgres("postgres", ["--single", "-D", data, "postgres"], sql.ToString());
        WriteSecret(secrets, string.Concat(passwords.Select(pair => $"{pair.Key}={pair.Value}\n")));
        Directory.Move(data, final);

        void RunAsPostgres(string program, string[] arguments, string? input)
        {
            string[] command = [.. AsPostgres(), Path.Combine(binaries, program), .. arguments];
            Run(command[0], command[1..], input);
        }
    }

    private static string ReachableFolder(string folder)
    {
        folder = WritableFolder(folder);
        if (!Environment.IsPrivilegedProcess || Succeeds([.. AsPostgres(), "test", "-x", folder]))
        {
            return folder;
        }

        const string Common = "/var/lib/xerotier";
        WritableFolder(Common);
        File.SetUnixFileMode(Common, (UnixFileMode)0b111_101_101); // whatever our umask made of it
        return WritableFolder($"{Common}/{Hash(folder)}");
    }

    private static string[] AsPostgres() =>
        Environment.IsPrivilegedProcess ? ["setpriv", $"--reuid={PostgresUser}", $"--regid={PostgresUser}", "--clear-groups", "--"] : [];

    /// <summary>Those of the major <paramref name="version"/> if they are there, else the newest.</summary>
    private static string PostgresBinaries(string version)
    {
        const string Debian = "/usr/lib/postgresql";
        var candidates = Directory.Exists(Debian)
            ? Directory.GetDirectories(Debian)
                .OrderByDescending(d => Path.GetFileName(d) == version).ThenByDescending(d => int.TryParse(Path.GetFileName(d), out var v) ? v : 0)
                .Select(d => Path.Combine(d, "bin"))
            : [];
        return candidates.Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'))
            .FirstOrDefault(folder => File.Exists(Path.Combine(folder, "initdb")))
            ?? throw new SetupException("PostgreSQL's server is not installed: run ./run, which installs it, or install the package postgresql.");
    }

    private static bool Succeeds(string[] command)
    {
        using var process = Process.Start(command[0], command[1..]);
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    private static string Run(string fileName, string[] arguments, string? input)
    {
        using var process = new Process
        {
            StartInfo = new(fileName, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" },
        };
        process.Start();
        var error = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new SetupException($"{Path.GetFileName(fileName)} failed: {error.Result.Trim()}");
    }
}

/// <summary>A prepared PostgreSQL server.</summary>
internal sealed record PostgresServer(ServerCommand Command, int Port, IReadOnlyDictionary<string, string> Passwords)
{
    /// <summary>Connection string of a database's own role; <c>postgres</c> is the superuser's.</summary>
    public string ConnectionString(string database) =>
        $"Host=127.0.0.1;Port={Port};Database={database};Username={database};Password={Passwords[database]}";
}

/// <summary>A prepared Redis server.</summary>
internal sealed record RedisServer(ServerCommand Command, int Port, string Password)
{
    /// <summary>Connection string in StackExchange.Redis' form.</summary>
    public string ConnectionString => $"127.0.0.1:{Port},password={Password}";
}
