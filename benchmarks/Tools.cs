using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Npgsql;
using Xerotier.TestKit;

namespace Xerotier.Bench;

/// <summary>The measuring tools of others.</summary>
internal static partial class Tools
{
    private static readonly string[] OfTheResponse = ["Date", "Server", "X-Request-Id", "ETag", "Transfer-Encoding", "Connection", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"];

    /// <summary>Runs a command to its end and returns what it printed.</summary>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public static async Task<string> RunAsync(string fileName, IReadOnlyDictionary<string, string?>? environment, params string[] arguments)
    {
        using var process = new Process { StartInfo = new(fileName, arguments) { RedirectStandardOutput = true, RedirectStandardError = true } };
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
        {
            process.StartInfo.Environment[name] = value;
        }

        process.Start();
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{fileName} failed: {await error}{output}");
    }

    /// <summary>Processor seconds that a process has used.</summary>
    public static double CpuSeconds(int processId)
    {
        using var process = Process.GetProcessById(processId);
        return process.TotalProcessorTime.TotalSeconds;
    }

    /// <summary>Loads <paramref name="url"/> by wrk with two threads.</summary>
    public static Task<WrkResult> WrkAsync(Uri url, int connections, TimeSpan duration, params string[] headers) => WrkAsync(url, connections, duration, [], headers);

    private static async Task<WrkResult> WrkAsync(Uri url, int connections, TimeSpan duration, string[] options, string[] headers)
    {
        string[] arguments = [
            $"-t{Math.Min(2, connections)}", $"-c{connections}", $"-d{(int)duration.TotalSeconds}s", "--latency", .. options,
            .. headers.SelectMany(header => new[] { "-H", header }), url.ToString()];
        var output = await RunAsync("wrk", null, arguments);
        var errors = NonSuccess().Match(output);
        return new(
            double.Parse(RequestRate().Match(output).Groups[1].Value, CultureInfo.InvariantCulture),
            Milliseconds(Percentile99().Match(output).Groups[1].Value),
            errors.Success ? long.Parse(errors.Groups[1].Value, CultureInfo.InvariantCulture) : 0);
    }

    /// <summary>Posts <paramref name="json"/> to <paramref name="url"/> by wrk with two threads, again and again.</summary>
    public static async Task<WrkResult> WrkPostAsync(Uri url, int connections, TimeSpan duration, string json, params string[] headers)
    {
        var script = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(script, $"wrk.method = \"POST\"\nwrk.body = [==[{json}]==]\nwrk.headers[\"Content-Type\"] = \"application/json\"\n");
            return await WrkAsync(url, connections, duration, ["-s", script], headers);
        }
        finally
        {
            File.Delete(script);
        }
    }

    /// <summary>Compares two addresses by wrk, in turn: A B A B …; the line shows the medians.</summary>
    public static async Task<Figure> CompareAsync(string what, string? goal, Uri ours, Uri theirs, int connections, TimeSpan each, int rounds, params string[] headers)
    {
        _ = await WrkAsync(ours, connections, TimeSpan.FromSeconds(2), headers);
        _ = await WrkAsync(theirs, connections, TimeSpan.FromSeconds(1), headers);
        List<WrkResult> a = [], b = [];
        for (var round = 0; round < rounds; round++)
        {
            a.Add(await WrkAsync(ours, connections, each, headers));
            b.Add(await WrkAsync(theirs, connections, each, headers));
        }

        return new(what, Median(a).ToString(), Median(b).ToString(), Ratio.OfRounds([.. a.Select(o => o.RequestsPerSecond)], [.. b.Select(t => t.RequestsPerSecond)]), goal);

        static WrkResult Median(List<WrkResult> results) => results.OrderBy(result => result.RequestsPerSecond).ElementAt(results.Count / 2);
    }

    /// <summary>Starts nginx in the foreground with <paramref name="http"/> as the content of its http block; <c>@folder@</c> stands for its folder.</summary>
    public static async Task<Nginx> NginxAsync(int port, string http)
    {
        var folder = Directory.CreateTempSubdirectory("xerotier-nginx-").FullName;
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101); // its workers are another user
        var configuration = Path.Combine(folder, "nginx.conf");
        await File.WriteAllTextAsync(configuration, $$"""
            worker_processes 2;
            pid {{folder}}/nginx.pid;
            error_log {{folder}}/error.log;
            events { worker_connections 2048; }
            http {
              access_log off;
              client_body_temp_path {{folder}}/body; proxy_temp_path {{folder}}/proxy; fastcgi_temp_path {{folder}}/f; uwsgi_temp_path {{folder}}/u; scgi_temp_path {{folder}}/s;
              types { text/html html; application/json json; }
              {{http.Replace("@folder@", folder, StringComparison.Ordinal)}}
            }
            """);
        var program = File.Exists("/usr/sbin/nginx") ? "/usr/sbin/nginx" : "nginx";
        var process = ChildProcess.Start(program, ["-p", folder, "-c", configuration, "-g", "daemon off;"], new Dictionary<string, string?>(), folder, Console.Error.WriteLine);
        await WaitForPortAsync(port);
        return new Nginx(process, folder);
    }

    /// <summary>Gets a document as it is on the wire.</summary>
    public static async Task<Fetched> FetchAsync(Uri address, string encoding)
    {
        using var http = new HttpClient(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None });
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.TryAddWithoutValidation("Accept-Encoding", encoding);
        using var response = await http.SendAsync(request);
        response.EnsureSuccessStatusCode();
        return new(
            await response.Content.ReadAsByteArrayAsync(),
            response.Content.Headers.ContentType!.ToString(),
            response.Content.Headers.ContentEncoding.SingleOrDefault(),
            response.Headers.Where(header => !OfTheResponse.Contains(header.Key, StringComparer.OrdinalIgnoreCase)).ToDictionary(header => header.Key, header => string.Join(", ", header.Value)));
    }

    /// <summary>Starts nginx on <paramref name="port"/> with documents as static files, each under its name, with the same bytes and the same headers.</summary>
    public static async Task<Nginx> NginxAsync(int port, params (string Name, Fetched Document)[] files)
    {
        var locations = files.Select(file =>
        {
            var headers = file.Document.Headers.Select(header => (header.Key, $"\"{header.Value}\"")).Append(("X-Request-Id", "$request_id"));
            headers = file.Document.Encoding is { } encoding ? headers.Append(("Content-Encoding", encoding)) : headers;
            return $$"""location = /{{file.Name}} { default_type "{{file.Document.Type}}"; types { } {{string.Concat(headers.Select(header => $"add_header {header.Item1} {header.Item2};"))}} }""";
        });
        var nginx = await NginxAsync(port, $$"""
            sendfile on; tcp_nopush on; keepalive_requests 1000000000; open_file_cache max=10 inactive=1h;
              server {
                listen 127.0.0.1:{{port}} backlog=1024;
                root @folder@;
                {{string.Join('\n', locations)}}
              }
            """);
        foreach (var (name, document) in files)
        {
            var path = Path.Combine(nginx.Folder, name);
            await File.WriteAllBytesAsync(path, document.Body);
            File.SetUnixFileMode(path, (UnixFileMode)0b110_100_100);
        }

        return nginx;
    }

    /// <summary>Waits until something listens on a port of 127.0.0.1.</summary>
    public static async Task WaitForPortAsync(int port)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var client = new System.Net.Sockets.TcpClient();
                await client.ConnectAsync("127.0.0.1", port);
                return;
            }
            catch (System.Net.Sockets.SocketException) when (attempt < 200)
            {
                await Task.Delay(25);
            }
        }
    }

    /// <summary>A database of the cluster's own server: port and folder stand in the server's command line, the password beside its data.</summary>
    public static NpgsqlConnectionStringBuilder DatabaseOf(Cluster cluster, string name)
    {
        var command = File.ReadAllText($"/proc/{cluster.ProcessId("postgres-server")}/cmdline").Split('\0');
        string After(string option) => command[Array.IndexOf(command, option) + 1];
        var password = File.ReadLines(Path.Combine(Path.GetDirectoryName(After("-D"))!, "passwords")).Single(line => line.StartsWith($"{name}=", StringComparison.Ordinal))[(name.Length + 1)..];
        return new() { Host = "127.0.0.1", Port = int.Parse(After("-p"), CultureInfo.InvariantCulture), Database = name, Username = name, Password = password };
    }

    /// <summary>Runs a statement, which may take a quarter of an hour.</summary>
    public static async Task ExecuteAsync(NpgsqlConnectionStringBuilder database, string sql)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand(sql);
        command.CommandTimeout = 900;
        await command.ExecuteNonQueryAsync();
    }

    private static double Milliseconds(string text) => text switch
    {
        [.. var number, 'u', 's'] => double.Parse(number, CultureInfo.InvariantCulture) / 1000,
        [.. var number, 'm', 's'] => double.Parse(number, CultureInfo.InvariantCulture),
        [.. var number, 's'] => double.Parse(number, CultureInfo.InvariantCulture) * 1000,
        _ => double.NaN,
    };

    [GeneratedRegex(@"Requests/sec:\s+([\d.]+)")]
    private static partial Regex RequestRate();

    [GeneratedRegex(@"\s99%\s+(\S+)")]
    private static partial Regex Percentile99();

    [GeneratedRegex(@"Non-2xx or 3xx responses: (\d+)")]
    private static partial Regex NonSuccess();
}

/// <summary>A document as it was on the wire.</summary>
/// <param name="Body">Its bytes, encoded.</param>
/// <param name="Type">Its media type.</param>
/// <param name="Encoding">Its encoding; null: none.</param>
/// <param name="Headers">Its other headers, without those that are each response's own.</param>
internal sealed record Fetched(byte[] Body, string Type, string? Encoding, IReadOnlyDictionary<string, string> Headers);

/// <summary>What wrk found.</summary>
internal sealed record WrkResult(double RequestsPerSecond, double P99Milliseconds, long Errors)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{RequestsPerSecond:N0}/s, p99 {P99Milliseconds:0.0} ms{(Errors > 0 ? $", {Errors} errors" : "")}");
}

/// <summary>A running nginx with a folder of its own.</summary>
internal sealed class Nginx(ChildProcess process, string folder) : IAsyncDisposable
{
    /// <summary>Its folder, <c>@folder@</c> in the configuration.</summary>
    public string Folder => folder;

    public async ValueTask DisposeAsync()
    {
        await process.StopAsync(TimeSpan.FromSeconds(2));
        process.Dispose();
        Directory.Delete(folder, recursive: true);
    }
}
