using Xerotier.Contracts;
using Xerotier.Gateway.Keys;
using Xerotier.Gateway.Page;
using Xerotier.Gateway.Proxy;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway;

/// <summary>
/// <c>/healthz</c> and <c>/readyz</c>. Readiness lists the Gateway's own dependencies, whose state it knows from memory, and every check that
/// a service behind it reports, such as the one of its store. Those do not decide: without them every Gateway is equally ready. A load
/// balancer that must keep the status page up while services are down uses <c>/healthz</c>.
/// </summary>
internal sealed class Health(ServiceIdentity identity, KnownKeys keys, Upstreams upstreams, ServiceReports reports, PublicDocuments page, DatabaseClock clock, Drain drain, TimeProvider time)
{
    private readonly long started = time.GetTimestamp();

    /// <summary>200 while the process lives.</summary>
    public Task LiveAsync(Call call) => Responses.WriteJsonAsync(
        call.Http,
        200,
        new Liveness { Service = identity.Name, Version = identity.Version, UptimeSeconds = (long)time.GetElapsedTime(started).TotalSeconds },
        ContractsJson.Wire.Liveness);

    /// <summary>200 when the Gateway's database, its clock, the page's source and every service are healthy; 503 otherwise and while draining.</summary>
    public async Task ReadyAsync(Call call)
    {
        var reported = await reports.ReadAsync(call.Aborted);
        var checks = new OrderedDictionary<string, CheckState> { ["postgres"] = State(keys.IsLive), ["clock"] = State(!clock.IsOff), ["status_page"] = State(page.IsLive) };
        foreach (var upstream in upstreams.All)
        {
            checks[upstream.Name] = State(upstream.IsActiveHealthy);
        }

        var ready = checks.Values.All(state => state == CheckState.Ok) && !drain.IsDraining;
        foreach (var check in reported.Where(check => check.Name != "process")) // every service reports that one: it adds nothing to the probe
        {
            checks.TryAdd(check.Name, check.State);
        }

        var readiness = new Readiness
        {
            Status = drain.IsDraining ? ReadinessStatus.Draining : ready ? ReadinessStatus.Ok : ReadinessStatus.Unavailable,
            Service = identity.Name,
            Checks = checks,
        };
        await Responses.WriteJsonAsync(call.Http, ready ? 200 : 503, readiness, ContractsJson.Wire.Readiness);
    }

    private static CheckState State(bool ok) => ok ? CheckState.Ok : CheckState.Unavailable;
}
