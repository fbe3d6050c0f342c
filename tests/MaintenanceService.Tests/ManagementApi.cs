extern alias gateway;

using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Xerotier.ServiceDefaults;
using Xerotier.TestKit;

[assembly: AssemblyFixture(typeof(Xerotier.MaintenanceService.Tests.ManagementApi))]

namespace Xerotier.MaintenanceService.Tests;

/// <summary>The service behind a real Gateway with a real PostgreSQL, for the tests that share one; each takes projects of its own.</summary>
public sealed class ManagementApi : IAsyncLifetime
{
    private readonly string platformKey = $"xero_platform_{Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)).Replace('+', '-').Replace('/', '_').TrimEnd('=')}";
    private InProcessService<gateway::Program>? edge;
    private InProcessService<Program>? service;

    public TestPostgres Postgres { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Postgres = await TestPostgres.StartAsync();
        service = await StartServiceAsync(await Postgres.CreateDatabaseAsync<Program>());
        edge = new([
            new("ConnectionStrings:gatewaydb", await Postgres.CreateDatabaseAsync<gateway::Program>()),
            new("Platform:Key", platformKey),
            new("Gateway:DrainMilliseconds", "0"),
            new("RateLimits:KeyPerMinute", "0"),
            new("RateLimits:ProjectPerMinute", "0"),
            new("RateLimits:PublicPerMinute", "0"),
            new("services:maintenanceservice:http:0", service.HttpAddress.ToString()),
            new("services:maintenanceservice:grpc:0", service.GrpcAddress.ToString()),
            .. new[] { "notificationservice:http", "statusservice:http", "statusservice:grpc", "healthcollector:http", "healthcollector:grpc" }
                .Select(other => KeyValuePair.Create<string, string?>($"services:{other}:0", "http://127.0.0.1:9")),
        ]);
        using var platform = edge.Http(platformKey);
        await Eventually.TrueAsync(async () => (await platform.GetAsync("/v1/platform/projects")).StatusCode == HttpStatusCode.OK);
    }

    public async ValueTask DisposeAsync()
    {
        if (edge is not null)
        {
            await edge.DisposeAsync();
        }

        if (service is not null)
        {
            await service.DisposeAsync();
        }

        await Postgres.DisposeAsync();
    }

    /// <summary>A client with the platform key.</summary>
    public Project Platform() => new("platform", "key_platform", edge!.Http(platformKey));

    /// <summary>A client with a management key of a new project, both made through the Gateway.</summary>
    public async Task<Project> NewProjectAsync()
    {
        using var platform = edge!.Http(platformKey);
        var project = await PostAsync("/v1/platform/projects", new() { ["name"] = "Test", ["slug"] = RandomNumberGenerator.GetHexString(20, lowercase: true) });
        var key = await PostAsync($"/v1/platform/projects/{project["id"]}/keys", new() { ["name"] = "test-key", ["scopes"] = new JsonArray("management") });
        return new(project["id"]!.GetValue<string>(), key["id"]!.GetValue<string>(), edge.Http(key["key"]!.GetValue<string>()));

        async Task<JsonObject> PostAsync(string path, JsonObject body)
        {
            using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
            return (await Reply.OfAsync(await platform.PostAsync(path, content))).Is(HttpStatusCode.Created).Json;
        }
    }

    /// <summary>What the service needs to start: a database, and the addresses of a Gateway and a StatusService, where none responds.</summary>
    internal static KeyValuePair<string, string?>[] Settings(string connectionString, bool limited = false) =>
    [
        new("ConnectionStrings:maintenancedb", connectionString),
        new("services:gateway:internal:0", "http://127.0.0.1:9"),
        new("services:statusservice:grpc:0", "http://127.0.0.1:9"),
        .. limited ? [] : new[] { "OpenPerProject", "StartsWithinDays" }.Select(limit => KeyValuePair.Create<string, string?>($"Windows:{limit}", "0")),
    ];

    /// <summary>Starts the service alone on a database and waits for its schema, and until it knows the database's time.</summary>
    /// <param name="connectionString">The database.</param>
    /// <param name="time">The service's clock.</param>
    /// <param name="limited">With the limits of tenants.</param>
    /// <param name="decides">The database never says its time, so that writes go by <paramref name="time"/>.</param>
    internal static async Task<InProcessService<Program>> StartServiceAsync(string connectionString, TimeProvider? time = null, bool limited = false, bool decides = false)
    {
        var service = new InProcessService<Program>(
            Settings(connectionString, limited),
            services =>
            {
                if (time is not null)
                {
                    services.AddSingleton(time);
                }

                if (decides)
                {
                    services.AddSingleton(provider => ActivatorUtilities.CreateInstance<DatabaseClock>(provider, Npgsql.NpgsqlDataSource.Create("Host=127.0.0.1;Port=1")));
                }
            });
        await service.Services.GetRequiredService<Migrations>().Done.WaitAsync(TimeSpan.FromSeconds(30)); // a clock that the test turns is never ready
        if (!decides)
        {
            await Eventually.TrueAsync(() => service.Services.GetRequiredService<DatabaseClock>().Skew is not null);
        }

        return service;
    }
}

/// <summary>Tests that work through the Gateway, each with a project of its own.</summary>
public abstract class ProjectTests(ManagementApi api) : IAsyncLifetime
{
    protected ManagementApi Api { get; } = api;

    private protected Project Project { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Project = await Api.NewProjectAsync();

    public ValueTask DisposeAsync()
    {
        Project.Dispose();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }
}

/// <summary>Bodies of new windows.</summary>
internal static class Body
{
    public static JsonObject Valid() => new()
    {
        ["title"] = "Database upgrade",
        ["description"] = "Brief read-only window.",
        ["starts_at"] = "2026-05-22T02:00:00Z",
        ["ends_at"] = "2026-05-22T03:00:00Z",
    };

    public static JsonObject With(Action<JsonObject> change)
    {
        var body = Valid();
        change(body);
        return body;
    }

    public static JsonObject With(string field, JsonNode? value) => With(b => b[field] = value);
}

/// <summary>A project and a client that holds a key of it.</summary>
public sealed class Project(string id, string keyId, HttpClient http) : IDisposable
{
    public string Id { get; } = id;

    public string KeyId { get; } = keyId;

    public HttpClient Http { get; } = http;

    public string Windows => $"/{Id}/v1/management/maintenance";

    /// <summary>A new project's client of <paramref name="service"/> itself, for tests of its replicas and its clock.</summary>
    public static Project Of(InProcessService<Program> service, bool platform = false, string? id = null)
    {
        id ??= $"proj_{RandomNumberGenerator.GetHexString(16)}";
        return new(id, "key_test", service.Http(TestTokens.ForCaller(id, platform, "management")));
    }

    public Task<Reply> CreateAsync(JsonNode? body = null, string? idempotencyKey = null) =>
        SendAsync(HttpMethod.Post, Windows, body ?? Body.Valid(), idempotencyKey: idempotencyKey);

    /// <summary>Creates a window and returns its id.</summary>
    public async Task<string> CreatedAsync(JsonNode? body = null)
    {
        var reply = await CreateAsync(body);
        Assert.True(reply.Status == HttpStatusCode.Created, $"{reply.Status}: {reply.Text}");
        return reply.Id;
    }

    public Task<string> CreatedAsync(string field, JsonNode? value) => CreatedAsync(Body.With(field, value));

    public Task<Reply> GetAsync(string path = "") => SendAsync(HttpMethod.Get, Windows + path);

    public Task<Reply> PatchAsync(string id, JsonNode body, string? ifMatch = null) => SendAsync(HttpMethod.Patch, $"{Windows}/{id}", body, ifMatch);

    public Task<Reply> CancelAsync(string id, string? ifMatch = null) => SendAsync(HttpMethod.Delete, $"{Windows}/{id}", ifMatch: ifMatch);

    public Task<Reply> CompleteAsync(string id, string? idempotencyKey = null) => SendAsync(HttpMethod.Post, $"{Windows}/{id}/complete", idempotencyKey: idempotencyKey);

    public Task<Reply> PurgeAsync(string id, string? idempotencyKey = null) => SendAsync(HttpMethod.Post, $"{Windows}/{id}/purge", idempotencyKey: idempotencyKey);

    public Task<Reply> PostTextAsync(string text, string? contentType = "application/json") => PostBytesAsync(Encoding.UTF8.GetBytes(text), contentType);

    public async Task<Reply> PostBytesAsync(byte[] body, string? contentType = "application/json")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Windows) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = contentType is null ? null : MediaTypeHeaderValue.Parse(contentType);
        return await Reply.OfAsync(await Http.SendAsync(request));
    }

    public async Task<Reply> SendAsync(HttpMethod method, string path, JsonNode? body = null, string? ifMatch = null, string? idempotencyKey = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        }

        if (ifMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        if (idempotencyKey is not null)
        {
            request.Headers.TryAddWithoutValidation("Idempotency-Key", idempotencyKey);
        }

        return await Reply.OfAsync(await Http.SendAsync(request));
    }

    public void Dispose() => Http.Dispose();
}

/// <summary>An answer of the API, read whole.</summary>
public sealed record Reply(HttpStatusCode Status, string Text, HttpResponseHeaders Headers, string? ContentType)
{
    public JsonObject Json => JsonNode.Parse(Text)!.AsObject();

    public string Id => this["id"]!;

    public string? ETag => Headers.ETag?.ToString();

    public JsonObject Error => Json["error"]!.AsObject();

    public string Code => Error["code"]!.GetValue<string>();

    public string? Param => Error["param"]?.GetValue<string>();

    public JsonArray Data => Json["data"]!.AsArray();

    public IEnumerable<string> Ids => Data.Select(w => w!["id"]!.GetValue<string>());

    public string? this[string field] => Json[field]?.ToString();

    public static async Task<Reply> OfAsync(HttpResponseMessage response)
    {
        using (response)
        {
            return new(response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers, response.Content.Headers.ContentType?.ToString());
        }
    }

    /// <summary>Fails unless this is the envelope with the given status and code.</summary>
    public Reply Is(int status, string code, string? param = null)
    {
        Assert.True((int)Status == status, $"{status} was expected: {(int)Status} {Text}");
        Assert.Equal(code, Code);
        if (param is not null)
        {
            Assert.Equal(param, Param);
        }

        Assert.NotEmpty(Error["message"]!.GetValue<string>());
        return this;
    }

    public Reply Is(HttpStatusCode status)
    {
        Assert.True(Status == status, $"{status} was expected: {Status} {Text}");
        return this;
    }
}
