using System.Net;
using System.Text;
using Microsoft.Extensions.Options;
using Npgsql;
using Xerotier.Gateway.Keys;
using Xerotier.ServiceDefaults;
using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests;

/// <summary>Somebody's browser at the console of a Gateway: it keeps the session's cookie and follows no redirect.</summary>
internal sealed class ConsoleBrowser(Uri gateway, params (string Name, string Value)[] always) : IDisposable
{
    public const string Page = "text/html,application/xhtml+xml,*/*;q=0.8";

    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = gateway };

    /// <summary>The cookie, as <c>name=value</c>.</summary>
    public string? Cookie { get; set; }

    /// <summary>What the last <c>Set-Cookie</c> said beside it.</summary>
    public string Flags { get; private set; } = "";

    /// <summary>The session's secret.</summary>
    public string Secret => Cookie!.Split('=')[1];

    /// <summary>What each form carries.</summary>
    public string Csrf => ConsoleSession.CsrfToken(Secret);

    /// <summary>Signs in with a key, and says where that leads.</summary>
    public async Task<string> SignInAsync(string? key, string? back = null)
    {
        var outcome = "";
        await Eventually.TrueAsync(
            async () =>
            {
                using var response = await SendAsync("POST", "/console/sign-in", Form(("key", key), ("return", back), ("csrf", Cookie is null ? null : Csrf)));
                return (outcome = Outcome(response)) != "503";
            },
            "the Gateway has read its database");
        return outcome;
    }

    public async Task<string> GetAsync(string path, params (string Name, string Value)[] headers)
    {
        using var response = await SendAsync("GET", path, null, headers);
        return Outcome(response);
    }

    public async Task<string> PostAsync(string path, params (string, string?)[] fields)
    {
        using var response = await SendAsync("POST", path, Form(fields));
        return Outcome(response);
    }

    public async Task<HttpResponseMessage> SendAsync(string method, string path, HttpContent? body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new(method), path) { Content = body };
        foreach (var (name, value) in always.Concat(headers))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        if (!request.Headers.Contains("Accept"))
        {
            request.Headers.TryAddWithoutValidation("Accept", Page);
        }

        if (Cookie is not null)
        {
            request.Headers.TryAddWithoutValidation("Cookie", Cookie);
        }

        var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        foreach (var set in response.Headers.TryGetValues("Set-Cookie", out var cookies) ? cookies : [])
        {
            var parts = set.Split("; ", 2);
            (Cookie, Flags) = (parts[0].EndsWith('=') ? null : parts[0], parts[1]);
        }

        return response;
    }

    public void Dispose() => http.Dispose();

    public static FormUrlEncodedContent Form(params (string Name, string? Value)[] fields) =>
        new(fields.Where(field => field.Value is not null).Select(field => KeyValuePair.Create(field.Name, field.Value!)));

    /// <summary>The status, with where it leads.</summary>
    public static string Outcome(HttpResponseMessage response) => response.Headers.Location is { } location ? $"{(int)response.StatusCode} {location}" : $"{(int)response.StatusCode}";

    /// <summary>A session in the database with keys of these values, made by nobody's sign-in.</summary>
    public static async Task<string> SessionOfAsync(string database, params string[] keys)
    {
        var secret = RandomSecret.Create();
        var isPlatform = keys.ToLookup(key => key.StartsWith("xero_platform_", StringComparison.Ordinal), key => ApiKeyValue.IsWellFormed(key) ? ApiKeyValue.Hash(key) : new byte[32]);
        await using var source = NpgsqlDataSource.Create(database);
        await using var insert = source.CreateCommand("insert into console_sessions values ($1, $2::bytea, $3::bytea, now(), now())");
        insert.Parameters.Add(new() { Value = RandomSecret.Hash(secret) });
        insert.Parameters.Add(new() { Value = (object?)isPlatform[false].FirstOrDefault() ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bytea });
        insert.Parameters.Add(new() { Value = (object?)isPlatform[true].FirstOrDefault() ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bytea });
        await insert.ExecuteNonQueryAsync();
        return secret;
    }

    /// <summary>A client of a Gateway's internal port, as another service has it.</summary>
    public static HttpClient Service(int port, string name = "console") => new()
    {
        BaseAddress = new($"http://127.0.0.1:{port}"),
        DefaultRequestVersion = HttpVersion.Version20,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        DefaultRequestHeaders = { Authorization = new("Bearer", new InternalTokens(Options.Create(new InternalAuthOptions { Keys = [TestTokens.Key] }), TimeProvider.System, new(name, "1")).ForService("gateway")) },
    };

    /// <summary>Asks the API as the Console does, on behalf of <paramref name="client"/>.</summary>
    public static async Task<HttpResponseMessage> AskAsync(HttpClient service, string method, string path, string? secret, string? client = "127.0.0.1", string? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new(method), path)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json"),
        };
        if (secret is not null)
        {
            request.Headers.TryAddWithoutValidation(ConsoleSession.SecretHeader, secret);
        }

        if (client is not null)
        {
            request.Headers.TryAddWithoutValidation("X-Forwarded-For", client);
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await service.SendAsync(request, TestContext.Current.CancellationToken);
    }

    /// <summary>The status with the code of the error.</summary>
    public static async Task<string> CodeAsync(Task<HttpResponseMessage> asked)
    {
        using var response = await asked;
        var text = await response.Content.ReadAsStringAsync();
        return (int)response.StatusCode < 400 || text is not ['{', ..] ? $"{(int)response.StatusCode}" : $"{(int)response.StatusCode} {System.Text.Json.Nodes.JsonNode.Parse(text)!["error"]?["code"]}";
    }
}
