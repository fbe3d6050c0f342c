using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Xerotier.Contracts;

namespace Xerotier.Xeroctl.Tests;

/// <summary>One request as the server saw it.</summary>
/// <param name="Method">The method.</param>
/// <param name="Target">Path and query.</param>
/// <param name="Body">The body.</param>
/// <param name="Headers">The headers.</param>
public sealed record SeenRequest(string Method, string Target, string Body, IReadOnlyDictionary<string, string> Headers);

/// <summary>A real HTTP server that answers as one test wants: what a deployment cannot be made to answer on demand.</summary>
public sealed class TestApi : IAsyncDisposable
{
    private readonly WebApplication app;

    private TestApi(WebApplication app, ConcurrentQueue<SeenRequest> seen) => (this.app, Seen) = (app, seen);

    /// <summary>The requests in their order.</summary>
    public ConcurrentQueue<SeenRequest> Seen { get; }

    /// <summary>The server's address.</summary>
    public Uri Url => new(app.Urls.First());

    /// <summary>Starts a server; <paramref name="answer"/> gets the number of the request, from 1.</summary>
    public static async Task<TestApi> StartAsync(Func<HttpContext, int, Task> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0").ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        var app = builder.Build();
        var seen = new ConcurrentQueue<SeenRequest>();
        var count = 0;
        app.Run(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            seen.Enqueue(new(
                context.Request.Method,
                $"{context.Request.Path}{context.Request.QueryString}",
                await reader.ReadToEndAsync(),
                context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase)));
            await answer(context, Interlocked.Increment(ref count));
        });
        await app.StartAsync();
        return new(app, seen);
    }

    /// <summary>Starts a server that always answers the same.</summary>
    public static Task<TestApi> StartAsync(int status, string body, string type = "application/json") => StartAsync((context, _) => WriteAsync(context, status, body, type));

    /// <summary>Starts a server that answers by method and path.</summary>
    public static Task<TestApi> StartAsync(Dictionary<string, string> answers) => StartAsync((context, _) =>
        answers.TryGetValue($"{context.Request.Method} {context.Request.Path}", out var body)
            ? WriteAsync(context, 200, body)
            : WriteAsync(context, 404, Samples.Error("not_found", "Not found.")));

    /// <summary>Answers one request.</summary>
    public static async Task WriteAsync(HttpContext context, int status, string body, string type = "application/json")
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        if (context.Request.Headers["X-Request-Id"].FirstOrDefault() is { } id)
        {
            context.Response.Headers["X-Request-Id"] = id;
        }

        await context.Response.WriteAsync(body);
    }

    public async ValueTask DisposeAsync()
    {
        using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        await app.StopAsync(soon.Token);
        await app.DisposeAsync();
    }
}

/// <summary>Answers of the API as product.md has them.</summary>
internal static class Samples
{
    public const string Project = "proj_ABC123";
    public const string Key = "xero_demo_AAAAAAAAAABBBBBBBBBBCCCCCCCCCCDDDDDDDDDDEEE";

    public static string Error(string code, string message, string type = "invalid_request_error", string param = "null") =>
        $$$"""{"error":{"message":"{{{message}}}","type":"{{{type}}}","code":"{{{code}}}","param":{{{param}}}}}""";

    /// <summary>A window whose times are so far from now, rounded half a minute up.</summary>
    public static string Window(string id = "mw_abc123", string status = "scheduled", string title = "Database upgrade", string severity = "warning", TimeSpan? starts = null, TimeSpan? ends = null)
    {
        var begin = At(starts ?? TimeSpan.FromHours(2));
        var end = At(ends ?? TimeSpan.FromHours(3));
        return $$"""
            {"id":"{{id}}","object":"maintenance_window","project_id":"{{Project}}","title":"{{title}}","description":"Brief read-only window.","severity":"{{severity}}","affected_services":["Model Storage"],"starts_at":"{{begin}}","ends_at":"{{end}}","status":"{{status}}","auto_transition":false,"reminders":["-24h","-1h"],"notify":true,"created_by":"ops-key","created_at":"{{At(TimeSpan.FromDays(-2))}}","updated_at":"{{At(TimeSpan.FromDays(-2))}}","completed_at":null,"cancelled_at":null}
            """;
    }

    /// <summary>A component with a probe.</summary>
    public static Component Component(string id = "cmp_aaaabbbbccccddddeeee", string name = "Batch API") => new()
    {
        Id = id,
        Name = name,
        Description = "Asynchronous inference jobs.",
        Group = "APIs",
        Position = 10,
        StartDate = new(2026, 5, 1),
        OnlyShowIfDegraded = false,
        Probe = new() { Url = "https://batch.example.com/healthz" },
        BuiltIn = false,
        CreatedAt = Time(TimeSpan.FromDays(-2)),
        UpdatedAt = Time(TimeSpan.FromDays(-2)),
        ArchivedAt = null,
    };

    /// <summary>What the API sends of a component.</summary>
    public static string Json(Component component) => JsonSerializer.Serialize(component, ContractsJson.Wire.Component);

    /// <summary>An open incident with two updates.</summary>
    public static Incident Incident(string id = "inc_aaaabbbbccccddddeeee", string title = "Elevated errors in us-east") => new()
    {
        Id = id,
        ProjectId = Project,
        Title = title,
        Status = IncidentStatus.Monitoring,
        Impact = IncidentImpact.Major,
        ImpactOverride = null,
        StartedAt = Time(TimeSpan.FromDays(-2)),
        ResolvedAt = null,
        Components =
        [
            new() { Id = "cmp_inference_routing", Name = "Inference Routing", Status = DeclaredStatus.Degraded },
            new() { Id = "cmp_aaaabbbbccccddddeeee", Name = "Batch API", Status = DeclaredStatus.Outage },
        ],
        Updates =
        [
            new()
            {
                Id = "upd_aaaabbbbccccddddeeee",
                Status = IncidentStatus.Investigating,
                Body = "We see **failed requests** in us-east.\n\n- about one in ten\n- since the last rollout, which began a little earlier than that",
                Components = [new() { Id = "cmp_inference_routing", Status = DeclaredStatus.Outage }, new() { Id = "cmp_aaaabbbbccccddddeeee", Status = DeclaredStatus.Outage }],
                At = new(2026, 5, 22, 14, 2, 0, TimeSpan.Zero),
                PostedAt = new(2026, 5, 22, 16, 2, 0, TimeSpan.Zero),
                EditedAt = Time(TimeSpan.FromHours(-1)),
                CreatedBy = "ops-key",
                Notify = true,
            },
            new()
            {
                Id = "upd_zzzzbbbbccccddddeeee",
                Status = IncidentStatus.Monitoring,
                Body = "A fix is in place.",
                Components = [new() { Id = "cmp_inference_routing", Status = DeclaredStatus.Degraded }],
                At = new(2026, 5, 22, 16, 20, 0, TimeSpan.Zero),
                PostedAt = new(2026, 5, 22, 16, 21, 0, TimeSpan.Zero),
                EditedAt = null,
                CreatedBy = "ops-key",
                Notify = true,
            },
        ],
        UpdatesCount = 2,
        CreatedBy = "ops-key",
        CreatedAt = Time(TimeSpan.FromDays(-2)),
        UpdatedAt = Time(TimeSpan.FromHours(-1)),
        Draft = false,
    };

    /// <summary>What the API sends of an incident.</summary>
    public static string Json(Incident incident) => JsonSerializer.Serialize(incident, ContractsJson.Wire.Incident);

    public static string List(bool hasMore, params string[] items) =>
        $$"""{"object":"list","data":[{{string.Join(',', items)}}],"first_id":{{Id(items.FirstOrDefault())}},"last_id":{{Id(items.LastOrDefault())}},"has_more":{{(hasMore ? "true" : "false")}}}""";

    /// <summary>A time so far from now that half a minute of a slow test does not change how it is written.</summary>
    public static string At(TimeSpan fromNow) => Time(fromNow).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");

    /// <summary>As <see cref="At"/>, for the records of the API.</summary>
    public static DateTimeOffset Time(TimeSpan fromNow) => DateTimeOffset.UtcNow + fromNow + TimeSpan.FromSeconds(fromNow > TimeSpan.Zero ? 30 : -30);

    private static string Id(string? item) => item is null ? "null" : $"\"{JsonDocument.Parse(item).RootElement.GetProperty("id").GetString()}\"";
}
