using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Xerotier.FleetSimulator;

/// <summary>
/// The demo project of a new cluster. The first start creates it through the platform API, and keeps its credentials in the file
/// <c>XEROTIER_DEMO_FILE</c> (mode 600), which a shell can source, and beside it in <c>http-client.env.json</c> for <c>requests.http</c>.
/// Where <c>XEROTIER_WEBHOOK_URL</c> names a receiver, the project subscribes it to everything, and the file has its secret too.
/// </summary>
internal static class DemoProject
{
    /// <summary>For how long it is no news that the Gateway, or what it needs, is not there yet.</summary>
    public static readonly TimeSpan StartupGrace = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(200);

    private const string Slug = "demo";
    private const string SubscriptionVariable = "XEROTIER_WEBHOOK_SUBSCRIPTION";
    private const string SecretVariable = "XEROTIER_WEBHOOK_SECRET";
    private static readonly string[] KeyScopes = ["management", "inference", "heartbeat"];

    /// <summary>Ensures that project, key and file exist, and adds project and key to the configuration. Waits for the Gateway.</summary>
    public static async Task PrepareAsync(ConfigurationManager configuration, CancellationToken cancellation)
    {
        if (configuration["XEROTIER_DEMO_FILE"] is not { Length: > 0 } file)
        {
            return;
        }

        var values = Read(file);
        var (projectId, key) = await UntilItWorksAsync(
            configuration, "The demo project cannot be created yet", http => EnsureAsync(http, KnownIn(values), Required(configuration, "XEROTIER_PLATFORM_KEY"), cancellation), cancellation);
        configuration["XEROTIER_BASE_URL"] = $"http://localhost:{new Uri(Required(configuration, "XEROTIER_URL")).Port}/{projectId}/v1";
        configuration["XEROTIER_API_KEY"] = key;
        Write(configuration, file, values.TryGetValue(SubscriptionVariable, out var id) && values.TryGetValue(SecretVariable, out var secret) ? (id, secret) : null);
    }

    /// <summary>Subscribes the receiver, if there is one, and keeps its secret in the file.</summary>
    public static async Task SubscribeAsync(IConfiguration configuration, CancellationToken cancellation)
    {
        if (configuration["XEROTIER_DEMO_FILE"] is not { Length: > 0 } file || configuration["XEROTIER_WEBHOOK_URL"] is not { Length: > 0 } receiver)
        {
            return;
        }

        var (values, project, key) = (Read(file), new Uri(Required(configuration, "XEROTIER_BASE_URL")).Segments[1].TrimEnd('/'), Required(configuration, "XEROTIER_API_KEY"));
        Write(configuration, file, await UntilItWorksAsync(
            configuration, "The demo project cannot subscribe yet", http => SubscribeAsync(http, project, key, receiver, values, cancellation), cancellation));
    }

    private static async Task<T> UntilItWorksAsync<T>(IConfiguration configuration, string complaint, Func<HttpClient, Task<T>> attempt, CancellationToken cancellation)
    {
        using var handler = new SocketsHttpHandler { UseProxy = false };
        using var http = new HttpClient(handler) { BaseAddress = new Uri(Required(configuration, "XEROTIER_URL")), Timeout = TimeSpan.FromSeconds(5) };
        var (started, said) = (Stopwatch.StartNew(), false);
        while (true)
        {
            try
            {
                return await attempt(http);
            }
            catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException && !cancellation.IsCancellationRequested)
            {
                if (!said && started.Elapsed > StartupGrace)
                {
                    said = true;
                    await Console.Error.WriteLineAsync($"{complaint}: {failure.Message}");
                }

                await Task.Delay(RetryAfter, cancellation);
            }
        }
    }

    private static void Write(IConfiguration configuration, string file, (string Id, string Secret)? subscription)
    {
        var port = new Uri(Required(configuration, "XEROTIER_URL")).Port;
        var webhook = subscription is var (id, secret) ? $"{SubscriptionVariable}={id}\n{SecretVariable}={secret}\n" : "";
        Write(file, $"""
            # The demo project of this cluster, created on its first start.
            XEROTIER_URL=http://localhost:{port}
            XEROTIER_BASE_URL={configuration["XEROTIER_BASE_URL"]}
            XEROTIER_API_KEY={configuration["XEROTIER_API_KEY"]}
            XEROTIER_PLATFORM_KEY={Required(configuration, "XEROTIER_PLATFORM_KEY")}
            XEROTIER_GRPC_URL={Required(configuration, "XEROTIER_GRPC_URL")}
            XEROTIER_FLEET_URL=http://127.0.0.1:{Required(configuration, "HTTP_PORT")}
            {webhook}export XEROTIER_URL XEROTIER_BASE_URL XEROTIER_API_KEY XEROTIER_PLATFORM_KEY XEROTIER_GRPC_URL XEROTIER_FLEET_URL

            """);

        Write(Path.Combine(Path.GetDirectoryName(file)!, "http-client.env.json"), $$"""
            {
              "demo": {
                "gateway": "http://localhost:{{port}}",
                "base": "{{configuration["XEROTIER_BASE_URL"]}}",
                "key": "{{configuration["XEROTIER_API_KEY"]}}",
                "platform": "{{Required(configuration, "XEROTIER_PLATFORM_KEY")}}",
                "fleet": "http://127.0.0.1:{{Required(configuration, "HTTP_PORT")}}"
              }
            }

            """);
    }

    private static string Required(IConfiguration configuration, string name) =>
        configuration[name] is { Length: > 0 } value ? value : throw new InvalidOperationException($"Set {name}.");

    private static async Task<(string ProjectId, string Key)> EnsureAsync(
        HttpClient http, (string ProjectId, string Key)? known, string platformKey, CancellationToken cancellation)
    {
        if (known is { } kept)
        {
            using var tried = await SendAsync(http, HttpMethod.Get, $"/{kept.ProjectId}/v1/management/keys", kept.Key, null, cancellation);
            if (tried.StatusCode is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden))
            {
                tried.EnsureSuccessStatusCode();
                return kept;
            }
        }

        // The first start, or a new database under an old file.
        using var created = await SendAsync(
            http, HttpMethod.Post, "/v1/platform/projects", platformKey, new { name = "Demo", slug = Slug, platform = true }, cancellation);
        var projectId = created.StatusCode == HttpStatusCode.Conflict
            ? await FindAsync(http, platformKey, cancellation)
            : await TextAsync(created.EnsureSuccessStatusCode(), "id", cancellation);

        using var minted = await SendAsync(
            http, HttpMethod.Post, $"/v1/platform/projects/{projectId}/keys", platformKey, new { name = "demo", scopes = KeyScopes }, cancellation);
        return (projectId, await TextAsync(minted.EnsureSuccessStatusCode(), "key", cancellation));
    }

    private static async Task<string> FindAsync(HttpClient http, string platformKey, CancellationToken cancellation)
    {
        for (var after = ""; ;)
        {
            using var page = await SendAsync(http, HttpMethod.Get, $"/v1/platform/projects?limit=100{after}", platformKey, null, cancellation);
            using var list = await JsonDocument.ParseAsync(await page.EnsureSuccessStatusCode().Content.ReadAsStreamAsync(cancellation), default, cancellation);
            foreach (var project in list.RootElement.GetProperty("data").EnumerateArray())
            {
                if (project.GetProperty("slug").GetString() == Slug)
                {
                    return project.GetProperty("id").GetString()!;
                }
            }

            if (!list.RootElement.GetProperty("has_more").GetBoolean())
            {
                throw new InvalidOperationException($"The project '{Slug}' exists but is not in the list of projects.");
            }

            after = $"&after={list.RootElement.GetProperty("last_id").GetString()}";
        }
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpClient http, HttpMethod method, string path, string key, object? body, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, path) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", key) } };
        request.Content = body is null ? null : JsonContent.Create(body);
        return await http.SendAsync(request, cancellation);
    }

    private static async Task<string> TextAsync(HttpResponseMessage response, string property, CancellationToken cancellation)
    {
        using var json = await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync(cancellation), default, cancellation);
        return json.RootElement.GetProperty(property).GetString()!;
    }

    /// <summary>Lets the receiver hear of everything: by the subscription of the last start, with what waits for it, or by a new one.</summary>
    private static async Task<(string Id, string Secret)> SubscribeAsync(
        HttpClient http, string projectId, string key, string receiver, Dictionary<string, string> values, CancellationToken cancellation)
    {
        var subscriptions = $"/{projectId}/v1/management/subscriptions";
        if (values.TryGetValue(SubscriptionVariable, out var id) && values.TryGetValue(SecretVariable, out var secret))
        {
            using var moved = await SendAsync(http, HttpMethod.Patch, $"{subscriptions}/{id}", key, new { target = receiver }, cancellation);
            if (moved.StatusCode != HttpStatusCode.NotFound)
            {
                moved.EnsureSuccessStatusCode();
                return (id, secret);
            }
        }

        using var created = await SendAsync(http, HttpMethod.Post, subscriptions, key, new { channel = "webhook", target = receiver }, cancellation);
        using var json = await JsonDocument.ParseAsync(await created.EnsureSuccessStatusCode().Content.ReadAsStreamAsync(cancellation), default, cancellation);
        return (json.RootElement.GetProperty("id").GetString()!, json.RootElement.GetProperty("secret").GetString()!);
    }

    private static Dictionary<string, string> Read(string file) =>
        (File.Exists(file) ? File.ReadAllLines(file) : []).Where(line => line.Contains('=', StringComparison.Ordinal)).Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);

    private static (string ProjectId, string Key)? KnownIn(Dictionary<string, string> values)
    {
        return values.TryGetValue("XEROTIER_BASE_URL", out var url) && values.TryGetValue("XEROTIER_API_KEY", out var key)
            ? (new Uri(url).Segments[1].TrimEnd('/'), key)
            : null;
    }

    private static void Write(string file, string text)
    {
        var unfinished = file + ".new";
        File.Delete(unfinished);
        using (var stream = new FileStream(unfinished, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
        {
            stream.Write(System.Text.Encoding.UTF8.GetBytes(text));
        }

        File.Move(unfinished, file, overwrite: true);
    }
}
