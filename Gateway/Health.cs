using Xerotier.Gateway.Keys;
using Xerotier.Gateway.Page;
using Xerotier.Gateway.Proxy;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway;

/// <summary>
/// <c>/healthz</c> and <c>/readyz</c>. Readiness lists each backend and store. The Gateway knows the state of its own dependencies
/// from memory. The stores behind the services are listed as the services report them and do not decide: without them every Gateway is
/// equally ready. A load balancer that must keep the status page up while services are down uses <c>/healthz</c>.
/// </summary>
internal sealed class Health(ServiceIdentity identity, KnownKeys keys, Upstreams upstreams, StoreChecks stores, EdgePage page, Drain drain, TimeProvider time)
{
    private readonly long started = time.GetTimestamp();

    /// <summary>200 while the process lives.</summary>
    public Task LiveAsync(Call call) => Responses.WriteJsonAsync(call.Http, 200, json =>
    {
        json.WriteStartObject();
        json.WriteString("status", "ok");
        json.WriteString("service", identity.Name);
        json.WriteString("version", identity.Version);
        json.WriteNumber("uptime_seconds", (long)time.GetElapsedTime(started).TotalSeconds);
        json.WriteEndObject();
    });

    /// <summary>200 when the Gateway's database, the page's source and every service are healthy; 503 otherwise and while draining.</summary>
    public async Task ReadyAsync(Call call)
    {
        var behind = await stores.ReadAsync().WaitAsync(call.Aborted);
        var checks = new List<(string Name, bool Ok)> { ("postgres", keys.IsLive), ("status_page", page.IsLive) };
        checks.AddRange(upstreams.All.Select(upstream => (upstream.Name, upstream.IsActiveHealthy)));
        var ready = checks.TrueForAll(check => check.Ok) && !drain.IsDraining;
        await Responses.WriteJsonAsync(call.Http, ready ? 200 : 503, json =>
        {
            json.WriteStartObject();
            json.WriteString("status", drain.IsDraining ? "draining" : ready ? "ok" : "unavailable");
            json.WriteString("service", identity.Name);
            json.WriteStartObject("checks");
            foreach (var (name, ok) in checks)
            {
                json.WriteString(name, ok ? "ok" : "unavailable");
            }

            foreach (var store in behind)
            {
                json.WriteString(store.Name, store.State);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        });
    }
}
