using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Xerotier.TestKit;

[assembly: AssemblyFixture(typeof(Xerotier.MaintenanceService.Tests.ManagementApi))]

namespace Xerotier.MaintenanceService.Tests;

/// <summary>The service with a real PostgreSQL, for the tests that share one; each takes projects of its own.</summary>
public sealed class ManagementApi : IAsyncLifetime
{
    private InProcessService<Program>? service;

    public TestPostgres Postgres { get; private set; } = null!;

    public string ConnectionString { get; private set; } = "";

    public InProcessService<Program> Service => service!;

    public async ValueTask InitializeAsync()
    {
        Postgres = await TestPostgres.StartAsync();
        ConnectionString = await Postgres.CreateDatabaseAsync();
        service = await StartServiceAsync(ConnectionString);
    }

    public async ValueTask DisposeAsync()
    {
        if (service is not null)
        {
            await service.DisposeAsync();
        }

        await Postgres.DisposeAsync();
    }

    /// <summary>A client with a key of a new project.</summary>
    public Project NewProject(bool platform = false) => Project.Of(Service, platform);

    /// <summary>Starts the service on a database and waits for its schema.</summary>
    internal static async Task<InProcessService<Program>> StartServiceAsync(string connectionString, TimeProvider? time = null)
    {
        var service = new InProcessService<Program>(
            [new("ConnectionStrings:maintenancedb", connectionString)],
            services =>
            {
                if (time is not null)
                {
                    Microsoft.Extensions.DependencyInjection.ServiceCollectionServiceExtensions.AddSingleton(services, time);
                }
            });
        using var http = service.Http();
        await Eventually.Async(async () => (await http.GetAsync("/readyz")).StatusCode == HttpStatusCode.OK);
        return service;
    }
}

/// <summary>A project and a client that holds a key of it.</summary>
public sealed class Project : IDisposable
{
    private Project(string id, HttpClient http) => (Id, Http) = (id, http);

    public string Id { get; }

    public HttpClient Http { get; }

    public string Windows => $"/{Id}/v1/management/maintenance";

    /// <summary>A new project's client of <paramref name="service"/>.</summary>
    public static Project Of(InProcessService<Program> service, bool platform = false, string? id = null)
    {
        id ??= $"proj_{RandomNumberGenerator.GetHexString(16)}";
        return new(id, service.Http(TestTokens.ForCaller(id, platform, "management")));
    }

    /// <summary>A valid body, changed by <paramref name="change"/>.</summary>
    public static JsonObject Body(Action<JsonObject>? change = null)
    {
        var body = new JsonObject
        {
            ["title"] = "Database upgrade",
            ["description"] = "Brief read-only window.",
            ["starts_at"] = "2026-05-22T02:00:00Z",
            ["ends_at"] = "2026-05-22T03:00:00Z",
        };
        change?.Invoke(body);
        return body;
    }

    public static JsonObject Body(string field, JsonNode? value) => Body(b => b[field] = value);

    public Task<Reply> CreateAsync(JsonNode? body = null, string? idempotencyKey = null) =>
        SendAsync(HttpMethod.Post, Windows, body ?? Body(), idempotencyKey: idempotencyKey);

    /// <summary>Creates a window and returns its id.</summary>
    public async Task<string> CreatedAsync(JsonNode? body = null)
    {
        var reply = await CreateAsync(body);
        Assert.True(reply.Status == HttpStatusCode.Created, $"{reply.Status}: {reply.Text}");
        return reply.Id;
    }

    public Task<string> CreatedAsync(string field, JsonNode? value) => CreatedAsync(Body(field, value));

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

internal static class Eventually
{
    /// <summary>Waits until <paramref name="condition"/> holds.</summary>
    public static async Task Async(Func<Task<bool>> condition, int seconds = 30)
    {
        var deadline = DateTime.UtcNow.AddSeconds(seconds);
        while (!await condition())
        {
            Assert.True(DateTime.UtcNow < deadline, $"It did not come true within {seconds} s.");
            await Task.Delay(20);
        }
    }
}
