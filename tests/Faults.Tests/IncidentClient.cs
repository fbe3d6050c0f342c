using System.Net;
using System.Text.Json;
using Xerotier.TestKit;

namespace Xerotier.Faults.Tests;

/// <summary>
/// An operator who tells of one incident after the other, with updates, and describes a component anew with each. Each write is repeated
/// with its Idempotency-Key until it is acknowledged. In the end every incident is there once, with exactly its updates in their order.
/// </summary>
/// <param name="cluster">Where.</param>
/// <param name="gateways">By which way.</param>
/// <param name="project">A project of the platform, and its key.</param>
/// <param name="check">Takes every response; what is not a 2xx must be explained by the fault.</param>
internal sealed class IncidentClient(Cluster cluster, Gateways gateways, (string Id, string Key) project, Action<HttpStatusCode?, string?, string> check)
{
    private const int Updates = 4; // of each, the last resolves it

    private readonly List<(string Id, List<string> Bodies)> acknowledged = [];
    private string? component;
    private string? description;

    /// <summary>Writes that were acknowledged.</summary>
    public int Acknowledged => acknowledged.Sum(incident => incident.Bodies.Count);

    /// <summary>What a subscriber of the project must hear of them.</summary>
    public IEnumerable<Told> Told => acknowledged.SelectMany(incident => incident.Bodies.Select((body, i) =>
        new Told(i == 0 ? "incident.created" : i == Updates ? "incident.resolved" : "incident.updated", incident.Id, body)));

    private string Incidents => $"/{project.Id}/v1/management/incidents";

    /// <summary>Works until <paramref name="stopping"/>.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        var name = $"Fault run {Guid.NewGuid():N}";
        component = await WriteAsync(HttpMethod.Post, "/v1/platform/components", cluster.PlatformKey, new { name }, name, stopping);
        for (var number = 0; component is not null && !stopping.IsCancellationRequested; number++)
        {
            if (await WriteAsync(HttpMethod.Post, Incidents, project.Key, new { title = $"incident {number}", body = "0" }, $"incident {number}", stopping) is not { } id)
            {
                return;
            }

            var bodies = new List<string> { "0" };
            acknowledged.Add((id, bodies));
            for (var update = 1; update <= Updates; update++)
            {
                var status = update == Updates ? "resolved" : "monitoring";
                if (await WriteAsync(HttpMethod.Post, $"{Incidents}/{id}/updates", project.Key, new { status, body = $"{update}" }, $"incident {number} update {update}", stopping) is null)
                {
                    return;
                }

                bodies.Add($"{update}");
            }

            var text = $"described {number}";
            if (await WriteAsync(HttpMethod.Patch, $"/v1/platform/components/{component}", cluster.PlatformKey, new { description = text }, null, stopping) is null)
            {
                return;
            }

            description = text;
        }
    }

    /// <summary>Compares what was acknowledged with what is there. A write that was never acknowledged may be there or not: the last one.</summary>
    public async Task<IReadOnlyList<string>> VerifyAsync()
    {
        var broken = new List<string>();
        using var operators = cluster.Http(project.Key);
        using var platform = cluster.Http(cluster.PlatformKey);
        foreach (var (id, bodies) in acknowledged)
        {
            using var incident = JsonDocument.Parse(await operators.GetStringAsync($"{Incidents}/{id}"));
            var stored = incident.RootElement.GetProperty("updates").EnumerateArray().Select(update => update.GetProperty("body").GetString()!).ToList();
            if (!stored.Take(bodies.Count).SequenceEqual(bodies) || stored.Count > bodies.Count + 1 || stored.Distinct().Count() != stored.Count)
            {
                broken.Add($"the updates of {id} were acknowledged as {string.Join(' ', bodies)} and are {string.Join(' ', stored)}");
            }

            using var events = JsonDocument.Parse(await operators.GetStringAsync($"{Incidents}/{id}/events?limit=100"));
            if (events.RootElement.GetProperty("data").GetArrayLength() != stored.Count)
            {
                broken.Add($"the audit of {id} has {events.RootElement.GetProperty("data").GetArrayLength()} rows for {stored.Count} writes");
            }
        }

        var titles = (await operators.ListAsync(Incidents)).Select(incident => incident.GetProperty("title").GetString()!).Where(title => title.StartsWith("incident ", StringComparison.Ordinal)).ToList(); // not what was drafted
        broken.AddRange(titles.GroupBy(title => title).Where(same => same.Count() > 1).Select(same => $"{same.Key} is there {same.Count()} times"));
        if (titles.Count < acknowledged.Count)
        {
            broken.Add($"{acknowledged.Count} incidents were acknowledged and {titles.Count} are there");
        }

        if (description is not null)
        {
            using var found = JsonDocument.Parse(await platform.GetStringAsync($"/v1/platform/components/{component}"));
            var stored = found.RootElement.GetProperty("description").GetString()!;
            if (stored != description && stored != $"described {int.Parse(description.Split(' ')[1]) + 1}")
            {
                broken.Add($"{component} was acknowledged as {description} and is {stored}");
            }
        }

        return broken;
    }

    /// <summary>Writes until it is acknowledged; returns the object's id. Null: it is time to stop, and nobody knows.</summary>
    private async Task<string?> WriteAsync(HttpMethod method, string path, string key, object body, string? idempotencyKey, CancellationToken stopping)
    {
        var json = JsonSerializer.Serialize(body);
        while (true)
        {
            var (status, text) = await gateways.SendAsync(0, () => Gateways.Request(method, path, key, json, idempotencyKey));
            await Task.Delay(100, CancellationToken.None); // every update makes all public documents anew
            if (status is HttpStatusCode.OK or HttpStatusCode.Created)
            {
                using var written = JsonDocument.Parse(text!);
                return written.RootElement.GetProperty("id").GetString()!;
            }

            check(status, text, $"{method} {path}");
            if (stopping.IsCancellationRequested)
            {
                return null;
            }
        }
    }
}
