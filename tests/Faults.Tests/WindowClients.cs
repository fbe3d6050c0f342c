using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Xerotier.TestKit;

namespace Xerotier.Faults.Tests;

/// <summary>
/// Operators who read, change, end and purge the same window at the same time, one window after the other, and remember what they were
/// told. In the end each window's history must be linearizable.
/// </summary>
/// <param name="cluster">Where.</param>
/// <param name="gateways">By which way.</param>
/// <param name="check">Takes every response; what is neither a 2xx nor a refusal of the window's state must be explained by the fault.</param>
internal sealed class WindowClients(Cluster cluster, Gateways gateways, Action<HttpStatusCode?, string?, string> check)
{
    private const int Clients = 3, OperationsOfEach = 10, LongestPause = 50; // in milliseconds

    /// <summary>Each unknown outcome doubles what the checker may have to try: a client leaves the window after so many.</summary>
    private const int MaxUnknown = 3;

    private readonly ConcurrentDictionary<string, History> histories = new(); // by id
    private readonly DateTimeOffset planned = NewStart();
    private readonly string run = Guid.NewGuid().ToString("N"); // others may have gone before

    /// <summary>When the windows of a run are to begin: in a month, so that none does by itself.</summary>
    public static DateTimeOffset NewStart() => new(DateTime.UtcNow.Date.AddDays(30), TimeSpan.Zero);

    /// <summary>Windows that were worked on.</summary>
    public int Windows => histories.Count;

    /// <summary>Requests for them.</summary>
    public int Operations => histories.Values.Sum(history => history.Operations.Count);

    /// <summary>Those of them whose outcome no client knows.</summary>
    public int Unknown => histories.Values.Sum(history => history.Operations.Count(operation => operation.Status is null));

    /// <summary>What a subscriber must hear of those that have ended and are still there; known once <see cref="VerifyAsync"/> has read each.</summary>
    public IEnumerable<Told> Told => histories
        .Select(history => (Id: history.Key, history.Value.Operations.Last().Window?.Status))
        .Where(window => window.Status is "completed" or "cancelled")
        .Select(window => new Told($"maintenance.{window.Status}", window.Id));

    /// <summary>Works until <paramref name="stopping"/>.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        for (var number = 0; !stopping.IsCancellationRequested; number++)
        {
            if (await CreateAsync($"writer of shared window {number} of {run}", stopping) is var (id, created))
            {
                var history = histories[id] = new(created, []);
                await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => OperateAsync(id, history, client, stopping)));
            }
        }
    }

    /// <summary>Reads each window a last time, and describes each whose history is not linearizable.</summary>
    public async Task<IReadOnlyList<string>> VerifyAsync()
    {
        var broken = new List<string>();
        foreach (var (id, history) in histories)
        {
            var read = await SendAsync(id, "in the end", new(WindowRequest.Read), gateway: 0);
            history.Operations.Enqueue(read);
            if (read.Status is null || !Linearizability.Holds(history.Created, [.. history.Operations.Select(operation => operation.ForCheck())]))
            {
                broken.Add($"the history of {id} is not linearizable: {history.Created}\n  {string.Join("\n  ", history.Operations.OrderBy(operation => operation.Invoked))}");
            }
        }

        return broken;
    }

    private async Task<(string Id, WindowState Created)?> CreateAsync(string title, CancellationToken stopping)
    {
        var json = JsonSerializer.Serialize(new { title, description = "", starts_at = planned, ends_at = planned.AddHours(1) });
        while (!stopping.IsCancellationRequested)
        {
            var (status, body) = await gateways.SendAsync(0, () => Gateways.Request(HttpMethod.Post, $"/{cluster.ProjectId}/v1/management/maintenance", cluster.ApiKey, json, title));
            if (status == HttpStatusCode.Created)
            {
                using var window = JsonDocument.Parse(body!);
                return (window.RootElement.GetProperty("id").GetString()!, Shown(window.RootElement, 1));
            }

            check(status, body, "the creation of a shared window");
            await Task.Delay(100, CancellationToken.None);
        }

        return null; // never acknowledged
    }

    private async Task OperateAsync(string id, History history, int client, CancellationToken stopping)
    {
        var (seen, unknown) = (1L, 0);
        for (var i = 0; i < OperationsOfEach && unknown < MaxUnknown && !stopping.IsCancellationRequested; i++)
        {
            var text = $"{client}.{i}"; // no two clients write the same
            var request = Random.Shared.Next(100) switch
            {
                < 20 => new WindowRequest(WindowRequest.Read),
                < 35 => new(WindowRequest.Read, IfNoneMatch: seen),
                < 50 => new(WindowRequest.Change, Title: text),
                < 60 => new(WindowRequest.Change, Description: text),
                < 75 => new(WindowRequest.Change, Title: text, IfMatch: seen),
                < 85 => new(WindowRequest.Change, Description: text, IfMatch: seen),
                < 91 => new(WindowRequest.Change, Status: "active"),
                < 93 => new(WindowRequest.Change, Status: "scheduled"),
                < 95 => new(WindowRequest.Change, Status: "completed"),
                < 97 => new(WindowRequest.Change, Status: "cancelled"),
                _ => new(WindowRequest.Purge),
            };
            var gateway = Random.Shared.Next(2);
            var operation = await SendAsync(id, $"client {client} by gateway-{gateway}", request, gateway);
            history.Operations.Enqueue(operation);
            seen = operation.Window?.Version ?? seen;
            unknown += operation.Status is null ? 1 : 0;
            await Task.Delay(Random.Shared.Next(LongestPause), CancellationToken.None);
        }
    }

    /// <summary>Sends a request once: none of them names an Idempotency-Key, so each that is sent is an operation of its own.</summary>
    private async Task<WindowOperation> SendAsync(string id, string client, WindowRequest request, int gateway)
    {
        var path = $"/{cluster.ProjectId}/v1/management/maintenance/{id}";
        var message = request switch
        {
            { Verb: WindowRequest.Read } => Gateways.Request(HttpMethod.Get, path, cluster.ApiKey),
            { Verb: WindowRequest.Purge } => Gateways.Request(HttpMethod.Post, $"{path}/purge", cluster.ApiKey),
            { Status: "cancelled" } => Gateways.Request(HttpMethod.Delete, path, cluster.ApiKey),
            { Status: "completed" } => Gateways.Request(HttpMethod.Post, $"{path}/complete", cluster.ApiKey),
            _ => Gateways.Request(HttpMethod.Patch, path, cluster.ApiKey, JsonSerializer.Serialize(Fields(request))),
        };
        foreach (var (header, version) in new[] { ("If-Match", request.IfMatch), ("If-None-Match", request.IfNoneMatch) })
        {
            if (version is not null)
            {
                message.Headers.Add(header, string.Create(CultureInfo.InvariantCulture, $"\"{version}\""));
            }
        }

        var invoked = Stopwatch.GetTimestamp();
        var response = await gateways.SendOnceAsync(gateway, message);
        var returned = Stopwatch.GetTimestamp();
        if (response is not var (status, body, tag))
        {
            return new(client, request, invoked, returned, null, null);
        }

        if (status is HttpStatusCode.NotModified or HttpStatusCode.NotFound or HttpStatusCode.Conflict or HttpStatusCode.PreconditionFailed)
        {
            return new(client, request, invoked, returned, (int)status, null);
        }

        check(status, body, $"{request} of {id}");
        if (status != HttpStatusCode.OK)
        {
            return new(client, request, invoked, returned, null, null);
        }

        using var json = JsonDocument.Parse(body);
        var shown = request.Verb == WindowRequest.Purge ? null : Shown(json.RootElement, long.Parse(tag!.Trim('"'), CultureInfo.InvariantCulture));
        return new(client, request, invoked, returned, (int)status, shown);
    }

    private static Dictionary<string, string> Fields(WindowRequest request) =>
        new[] { ("title", request.Title), ("description", request.Description), ("status", request.Status) }
            .Where(field => field.Item2 is not null).ToDictionary(field => field.Item1, field => field.Item2!);

    private static WindowState Shown(JsonElement window, long version) =>
        new(version, window.GetProperty("status").GetString()!, window.GetProperty("title").GetString()!, window.GetProperty("description").GetString()!);

    private sealed record History(WindowState Created, ConcurrentQueue<WindowOperation> Operations);
}
