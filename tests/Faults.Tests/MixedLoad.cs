using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Xerotier.TestKit;

namespace Xerotier.Faults.Tests;

/// <summary>
/// Steady requests of visitors, operators and a stranger of another project, as many as leave the machine time to recover in. Each behaves as a well-made client: it uses the other
/// Gateway when one does not respond, and repeats a write with the same Idempotency-Key until it knows the outcome. Each broken
/// promise of the product goes on the list of <see cref="Findings"/>.
/// </summary>
internal sealed class MixedLoad : IAsyncDisposable
{
    private readonly Cluster cluster;
    private readonly Gateways gateways;
    private readonly WindowClients shared;
    private readonly IncidentClient incidents;
    private readonly CancellationTokenSource stopping = new();
    private readonly ConcurrentQueue<string> findings = new();
    private readonly ConcurrentDictionary<string, string> acknowledged = new(); // title → id
    private readonly ConcurrentBag<double> pageMilliseconds = [];
    private readonly (string Id, string Key) stranger;
    private readonly Subscriber subscriber;
    private readonly Dictionary<string, int> before; // nobody has been heard of when a cluster starts
    private readonly List<Task> clients;
    private readonly string run = Guid.NewGuid().ToString("N"); // other loads may have gone before it
    private readonly DateTimeOffset planned = WindowClients.NewStart();
    private long refused;

    private MixedLoad(Cluster cluster, (string Id, string Key) stranger, (string Id, string Key) platform, Subscriber subscriber, Dictionary<string, int> before)
    {
        this.before = before;
        this.cluster = cluster;
        this.stranger = stranger;
        this.subscriber = subscriber;
        gateways = new(cluster);
        shared = new(cluster, gateways, Check);
        incidents = new(cluster, gateways, platform, Check);
        clients = [VisitAsync(0), VisitAsync(1), WriteAsync(0), WriteAsync(1), ReadAsync(), SpyAsync(), shared.RunAsync(stopping.Token), incidents.RunAsync(stopping.Token)];
    }

    /// <summary>Promises that were broken.</summary>
    public IReadOnlyList<string> Findings => [.. findings];

    /// <summary>Responses that did not come from the first Gateway asked.</summary>
    public long FailedOver => gateways.FailedOver;

    /// <summary>Requests to the API that got 503 or 504, as they must while what they need is away.</summary>
    public long Refused => refused;

    /// <summary>How long pages took, in milliseconds.</summary>
    public IReadOnlyCollection<double> PageMilliseconds => pageMilliseconds;

    /// <summary>Windows whose creation was acknowledged.</summary>
    public int Acknowledged => acknowledged.Count;

    /// <summary>Operations of several clients on the same windows.</summary>
    public WindowClients Shared => shared;

    /// <summary>Updates of incidents that were acknowledged.</summary>
    public int AcknowledgedUpdates => incidents.Acknowledged;

    /// <summary>The page shows anything but operation: true while a fault explains it.</summary>
    public bool MayBeUnknown { get; set; }

    /// <summary>Starts all clients.</summary>
    public static async Task<MixedLoad> StartAsync(Cluster cluster)
    {
        var stranger = await cluster.CreateProjectAsync("stranger", false, "management", "inference");
        var platform = await cluster.CreateProjectAsync("operators", true, "management");
        return new(cluster, stranger, platform, await Subscriber.StartAsync(cluster, platform), await TroubleAsync(cluster));
    }

    /// <summary>Stops all clients.</summary>
    public async Task StopAsync()
    {
        await stopping.CancelAsync();
        await Task.WhenAll(clients);
    }

    /// <summary>Compares what was acknowledged with what is there.</summary>
    public async Task VerifyAsync()
    {
        var stored = new Dictionary<string, List<string>>();
        using var http = cluster.Http(cluster.ApiKey);
        foreach (var window in await http.ListAsync($"{cluster.BaseUrl}/management/maintenance"))
        {
            var title = window.GetProperty("title").GetString()!;
            (stored.TryGetValue(title, out var ids) ? ids : stored[title] = []).Add(window.GetProperty("id").GetString()!);
        }

        foreach (var (title, id) in acknowledged)
        {
            if (!stored.TryGetValue(title, out var ids))
            {
                findings.Enqueue($"acknowledged and lost: {title} {id}");
            }
            else if (ids is not [var only] || only != id)
            {
                findings.Enqueue($"acknowledged as {id}, stored as {string.Join(", ", ids)}: {title}");
            }
        }

        foreach (var (_, id) in acknowledged.OrderBy(_ => Random.Shared.Next()).Take(20))
        {
            using var events = JsonDocument.Parse(await http.GetStringAsync($"{cluster.BaseUrl}/management/maintenance/{id}/events"));
            if (events.RootElement.GetProperty("data").GetArrayLength() != 1)
            {
                findings.Enqueue($"the audit of {id} has {events.RootElement.GetProperty("data").GetArrayLength()} rows instead of 1");
            }
        }

        var broken = new List<string>([.. await shared.VerifyAsync(), .. await incidents.VerifyAsync()]);
        var changes = acknowledged.Values.Select(window => new Told("maintenance.scheduled", window)).Concat(shared.Told).Concat(incidents.Told);
        broken.AddRange(await subscriber.VerifyAsync([.. changes]));
        broken.ForEach(findings.Enqueue);
        await CheckHistoryAsync();
    }

    /// <summary>The fleet is alive all the time: what was recorded since the last check may have gaps, and no trouble.</summary>
    public async Task CheckHistoryAsync()
    {
        foreach (var (component, seconds) in await TroubleAsync(cluster))
        {
            if (seconds - before.GetValueOrDefault(component) > 1) // each page rounds anew
            {
                findings.Enqueue($"{component} was alive, and {seconds - before.GetValueOrDefault(component)} s of trouble were recorded");
                before[component] = seconds;
            }
        }
    }

    /// <summary>Seconds of trouble that each component's history shows.</summary>
    private static async Task<Dictionary<string, int>> TroubleAsync(Cluster cluster)
    {
        using var http = cluster.Http();
        using var page = JsonDocument.Parse(await http.GetStringAsync("/status.json"));
        return page.RootElement.GetProperty("indicators").EnumerateArray().ToDictionary(
            indicator => indicator.GetProperty("name").GetString()!,
            indicator => indicator.GetProperty("days").EnumerateArray().Sum(day => day.GetProperty("outage_seconds").GetInt32() + day.GetProperty("degraded_seconds").GetInt32()));
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        gateways.Dispose();
        stopping.Dispose();
        await subscriber.DisposeAsync();
    }

    private Task VisitAsync(int first)
    {
        DateTimeOffset? unknownSince = null;
        return RepeatAsync(TimeSpan.FromMilliseconds(100), VisitOnceAsync);

        async Task VisitOnceAsync()
        {
            var (watch, mayBeUnknown) = (Stopwatch.StartNew(), MayBeUnknown);
            var (response, body) = await gateways.SendAsync(first, () => Gateways.Request(HttpMethod.Get, "/status.json"));
            if (response is null)
            {
                findings.Enqueue($"{Now()}: no Gateway served the page");
                return;
            }

            pageMilliseconds.Add(watch.Elapsed.TotalMilliseconds);
            if (response != HttpStatusCode.OK)
            {
                findings.Enqueue($"{Now()}: the page answered {(int)response}: {body}");
                return;
            }

            using var page = JsonDocument.Parse(body!);
            var stale = page.RootElement.GetProperty("stale_since").ValueKind != JsonValueKind.Null;
            var age = DateTimeOffset.UtcNow - page.RootElement.GetProperty("generated_at").GetDateTimeOffset();
            if (!stale && age > TimeSpan.FromSeconds(60 + 10))
            {
                findings.Enqueue($"{Now()}: a page of {age.TotalSeconds:0} s ago is not marked as stale");
            }

            if (age < -TimeSpan.FromSeconds(3))
            {
                findings.Enqueue($"{Now()}: a page of {-age.TotalSeconds:0} s from now"); // whatever a clock says: 2 s are tolerated
            }

            // The fleet is alive all the time: whoever says that it is not, lies. A window that is active does not change what is shown of each.
            // That nobody knows is no lie, but must pass: within the time that recovery may take.
            var shown = page.RootElement.GetProperty("indicators").EnumerateArray().ToLookup(indicator => indicator.GetProperty("status").GetString()!, indicator => indicator.GetProperty("name").GetString());
            foreach (var lie in shown.Where(of => of.Key is not ("operational" or "unknown")))
            {
                findings.Enqueue($"{Now()}: the page says {lie.Key} of {string.Join(", ", lie)}, which is alive");
            }

            unknownSince = !shown.Contains("unknown") || mayBeUnknown || MayBeUnknown ? null : unknownSince ?? DateTimeOffset.UtcNow;
            if (DateTimeOffset.UtcNow - unknownSince > FaultyCluster.Recovery)
            {
                findings.Enqueue($"{Now()}: the page has not known of {string.Join(", ", shown["unknown"])} since {unknownSince:HH:mm:ss}");
            }
        }
    }

    private Task WriteAsync(int first)
    {
        var number = 0;
        return RepeatAsync(TimeSpan.FromMilliseconds(200), async () =>
        {
            var title = $"writer {first} window {number++} of {run}";
            var content = JsonSerializer.Serialize(new
            {
                title,
                description = "",
                starts_at = planned,
                ends_at = planned.AddHours(1),
            });
            while (true)
            {
                var (status, body) = await gateways.SendAsync(first, () => Gateways.Request(HttpMethod.Post, $"/{cluster.ProjectId}/v1/management/maintenance", cluster.ApiKey, content, title));
                if (status == HttpStatusCode.Created)
                {
                    using var window = JsonDocument.Parse(body!);
                    acknowledged[title] = window.RootElement.GetProperty("id").GetString()!;
                    return;
                }

                Check(status, body, "a write");
                if (stopping.IsCancellationRequested)
                {
                    return; // never acknowledged: may be there or not
                }

                await Task.Delay(100);
            }
        });
    }

    private Task ReadAsync() => RepeatAsync(TimeSpan.FromMilliseconds(200), async () =>
    {
        foreach (var path in new[] { "management/maintenance?limit=5", "health/dashboard?limit=5" })
        {
            var (status, body) = await gateways.SendAsync(0, () => Gateways.Request(HttpMethod.Get, $"/{cluster.ProjectId}/v1/{path}", cluster.ApiKey));
            Check(status, body, path);
        }
    });

    private Task SpyAsync() => RepeatAsync(TimeSpan.FromMilliseconds(250), async () =>
    {
        foreach (var path in new[] { "management/maintenance", "health/dashboard" })
        {
            var (status, body) = await gateways.SendAsync(1, () => Gateways.Request(HttpMethod.Get, $"/{stranger.Id}/v1/{path}", stranger.Key));
            Check(status, body, $"the stranger's {path}");
            if (status == HttpStatusCode.OK && (body!.Contains("writer ", StringComparison.Ordinal) || body.Contains("\"wkr-", StringComparison.Ordinal)))
            {
                findings.Enqueue($"{Now()}: another project's data in {path}");
            }
        }

        var (foreign, text) = await gateways.SendAsync(0, () => Gateways.Request(HttpMethod.Get, $"/{cluster.ProjectId}/v1/management/maintenance", stranger.Key));
        if (foreign is not null && foreign != HttpStatusCode.Forbidden)
        {
            Check(foreign, text, "a stranger's knock");
            if (foreign is HttpStatusCode.OK)
            {
                findings.Enqueue($"{Now()}: a stranger was let in");
            }
        }
    });

    /// <summary>Anything but a 2xx must be a 503, 504 or 429 in the envelope.</summary>
    private void Check(HttpStatusCode? status, string? body, string what)
    {
        if (status is null or (>= HttpStatusCode.OK and < HttpStatusCode.MultipleChoices))
        {
            return;
        }

        Interlocked.Increment(ref refused);
        if (status is not (HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout) || body?.StartsWith("{\"error\":{", StringComparison.Ordinal) != true)
        {
            findings.Enqueue($"{Now()}: {what} answered {(int)status}: {body}");
        }
    }

    private async Task RepeatAsync(TimeSpan interval, Func<Task> once)
    {
        while (!stopping.IsCancellationRequested)
        {
            await once();
            await Task.Delay(interval, stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static string Now() => $"{DateTimeOffset.UtcNow:HH:mm:ss.fff}";
}
