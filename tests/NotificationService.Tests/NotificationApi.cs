extern alias gateway;
extern alias maintenanceservice;

using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using Xerotier.ServiceDefaults;
using Xerotier.TestKit;

[assembly: AssemblyFixture(typeof(Xerotier.NotificationService.Tests.NotificationApi))]

namespace Xerotier.NotificationService.Tests;

/// <summary>The service and a MaintenanceService behind a real Gateway with a real PostgreSQL, for the tests that share one; each takes projects of its own.</summary>
public sealed class NotificationApi : IAsyncLifetime
{
    private readonly string platformKey = $"xero_platform_{Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)).Replace('+', '-').Replace('/', '_').TrimEnd('=')}";
    private InProcessService<maintenanceservice::Program>? maintenance;
    private InProcessService<gateway::Program>? edge;
    private InProcessService<Program>? service;

    public TestPostgres Postgres { get; private set; } = null!;

    /// <summary>The service's database, for what no API does yet.</summary>
    public string Database { get; private set; } = "";

    /// <summary>The insides of the service.</summary>
    public IServiceProvider Services => service!.Services;

    /// <summary>Where the MaintenanceService listens.</summary>
    public string MaintenanceAddress => maintenance!.GrpcAddress.ToString();

    public async ValueTask InitializeAsync()
    {
        Postgres = await TestPostgres.StartAsync();
        maintenance = new([
            new("ConnectionStrings:maintenancedb", await Postgres.CreateDatabaseAsync<maintenanceservice::Program>()),
            new("services:gateway:internal:0", "http://127.0.0.1:9"),
            new("services:statusservice:grpc:0", "http://127.0.0.1:9"),
        ]);
        Database = await Postgres.CreateDatabaseAsync<Program>();
        service = await StartServiceAsync(Database, MaintenanceAddress, new KeyValuePair<string, string?>("Notifications:TestsPerMinute", "1000"));
        edge = new([
            new("ConnectionStrings:gatewaydb", await Postgres.CreateDatabaseAsync<gateway::Program>()),
            new("Platform:Key", platformKey),
            new("Gateway:DrainMilliseconds", "0"),
            new("RateLimits:KeyPerMinute", "0"),
            new("RateLimits:ProjectPerMinute", "0"),
            new("RateLimits:PublicPerMinute", "0"),
            new("services:maintenanceservice:http:0", maintenance.HttpAddress.ToString()),
            new("services:notificationservice:http:0", service.HttpAddress.ToString()),
            .. new[] { "statusservice:http", "statusservice:grpc", "healthcollector:http", "healthcollector:grpc" }
                .Select(other => KeyValuePair.Create<string, string?>($"services:{other}:0", "http://127.0.0.1:9")),
        ]);
        using var platform = edge.Http(platformKey);
        await Eventually.TrueAsync(async () => (await platform.GetAsync("/v1/platform/projects")).StatusCode == HttpStatusCode.OK);
        await Eventually.TrueAsync(async () => (await platform.GetAsync("/v1/platform/components")).StatusCode == HttpStatusCode.OK);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var one in new IAsyncDisposable?[] { edge, service, maintenance })
        {
            if (one is not null)
            {
                await one.DisposeAsync();
            }
        }

        await Postgres.DisposeAsync();
    }

    /// <summary>A client with the platform key.</summary>
    public Client Platform() => new("platform", edge!.Http(platformKey));

    /// <summary>A client with a management key of a new project, both made through the Gateway.</summary>
    public async Task<Client> NewProjectAsync()
    {
        using var platform = Platform();
        var project = (await platform.SendAsync("POST", "/v1/platform/projects", new JsonObject { ["name"] = "Test", ["slug"] = RandomNumberGenerator.GetHexString(20, lowercase: true) })).Is(HttpStatusCode.Created);
        var key = (await platform.SendAsync("POST", $"/v1/platform/projects/{project.Id}/keys", new JsonObject { ["name"] = "test-key", ["scopes"] = new JsonArray("management") })).Is(HttpStatusCode.Created);
        return new(project.Id, edge!.Http(key["key"]));
    }

    /// <summary>Starts the service alone, without what it does by itself, so that messages stay as they are, and waits for its schema.</summary>
    /// <param name="connectionString">Its database.</param>
    /// <param name="maintenance">Where the MaintenanceService listens.</param>
    /// <param name="settings">More settings.</param>
    internal static async Task<InProcessService<Program>> StartServiceAsync(string connectionString, string maintenance, params KeyValuePair<string, string?>[] settings)
    {
        var service = new InProcessService<Program>(
            [
                new("ConnectionStrings:notificationsdb", connectionString),
                new("services:maintenanceservice:grpc:0", maintenance),
                new("services:statusservice:grpc:0", "http://127.0.0.1:9"),
                new("services:gateway:internal:0", "http://127.0.0.1:9"),
                .. settings,
            ],
            services =>
            {
                foreach (var loop in services.Where(service => service.ServiceType == typeof(IHostedService) && TypeOf(service)?.Assembly == typeof(Program).Assembly).ToList())
                {
                    services.Remove(loop);
                }
            });
        await service.Services.GetRequiredService<Migrations>().Done.WaitAsync(TimeSpan.FromSeconds(30));
        return service;
    }

    /// <summary>What a registered service is made of; null: an object.</summary>
    internal static Type? TypeOf(ServiceDescriptor service) => service.ImplementationType ?? service.ImplementationFactory?.GetType().GenericTypeArguments[1];

    /// <summary>Runs a statement in the service's database.</summary>
    internal async Task<object?> ExecuteAsync(FormattableString sql)
    {
        await using var database = NpgsqlDataSource.Create(Database);
        await using var command = database.CreateCommand(string.Format(System.Globalization.CultureInfo.InvariantCulture, sql.Format, [.. Enumerable.Range(0, sql.ArgumentCount).Select(i => (object)$"${i + 1}")]));
        foreach (var argument in sql.GetArguments())
        {
            command.Parameters.Add(new() { Value = argument });
        }

        return await command.ExecuteScalarAsync();
    }
}

/// <summary>A client that holds a key of a project.</summary>
public sealed class Client(string project, HttpClient http) : IDisposable
{
    public string Project { get; } = project;

    public HttpClient Http { get; } = http;

    public string Subscriptions => $"/{Project}/v1/management/subscriptions";

    /// <summary>A new project's client of <paramref name="service"/> itself.</summary>
    public static Client Of(InProcessService<Program> service, string? project = null)
    {
        project ??= $"proj_{RandomNumberGenerator.GetHexString(16)}";
        return new(project, service.Http(TestTokens.ForCaller(project, false, "management")));
    }

    public static JsonObject Webhook(string field = "channel", JsonNode? value = null)
    {
        var body = new JsonObject { ["channel"] = "webhook", ["target"] = "https://ops.example.com/hooks/xerotier" };
        if (value is not null)
        {
            body[field] = value;
        }

        return body;
    }

    public Task<Reply> CreateAsync(JsonNode? body = null) => SendAsync("POST", Subscriptions, body ?? Webhook());

    /// <summary>Creates a subscription and returns its id.</summary>
    public async Task<string> CreatedAsync(JsonNode? body = null) => (await CreateAsync(body)).Is(HttpStatusCode.Created).Id;

    public Task<Reply> GetAsync(string path = "") => SendAsync("GET", Subscriptions + path);

    public Task<Reply> PostAsync(string path, string? ifMatch = null, string? key = null) => SendAsync("POST", Subscriptions + path, ifMatch: ifMatch, key: key);

    public Task<Reply> PatchAsync(string id, JsonNode body, string? ifMatch = null) => SendAsync("PATCH", $"{Subscriptions}/{id}", body, ifMatch);

    public Task<Reply> DeleteAsync(string id, string? ifMatch = null) => SendAsync("DELETE", $"{Subscriptions}/{id}", ifMatch: ifMatch);

    public async Task<Reply> SendAsync(string method, string path, JsonNode? body = null, string? ifMatch = null, string? key = null)
    {
        using var request = new HttpRequestMessage(new(method), path);
        if (body is not null)
        {
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        }

        if (ifMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        }

        return await Reply.OfAsync(await Http.SendAsync(request));
    }

    public void Dispose() => Http.Dispose();
}

/// <summary>An answer of the API, read whole.</summary>
public sealed record Reply(HttpStatusCode Status, string Text, HttpResponseHeaders Headers, string Allow)
{
    public JsonObject Json => JsonNode.Parse(Text)!.AsObject();

    public string Id => this["id"]!;

    public string? ETag => Headers.ETag?.ToString();

    public JsonArray Data => Json["data"]!.AsArray();

    public IEnumerable<string> Ids => Data.Select(item => item!["id"]!.GetValue<string>());

    /// <summary>Which fields are wrong: the envelope's list, or its one.</summary>
    public IEnumerable<string> WrongFields =>
        (Json["error"]!["errors"]?.AsArray().Select(error => error!) ?? [Json["error"]!]).Select(error => $"{error["param"]}");

    public string? this[string field] => Json[field]?.ToString();

    public static async Task<Reply> OfAsync(HttpResponseMessage response)
    {
        using (response)
        {
            return new(response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers, string.Join(", ", response.Content.Headers.Allow));
        }
    }

    /// <summary>Fails unless this is the envelope with the given status and code.</summary>
    public Reply Is(int status, string code, string? param = null)
    {
        Assert.True((int)Status == status, $"{status} was expected: {(int)Status} {Text}");
        Assert.Equal((code, param ?? $"{Json["error"]!["param"]}"), ($"{Json["error"]!["code"]}", $"{Json["error"]!["param"]}"));
        return this;
    }

    public Reply Is(HttpStatusCode status)
    {
        Assert.True(Status == status, $"{status} was expected: {Status} {Text}");
        return this;
    }
}
