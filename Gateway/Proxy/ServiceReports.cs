using System.Buffers;
using System.Text.Json;
using Xerotier.Contracts;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Proxy;

/// <summary>
/// The checks that the services behind the Gateway report in their own <c>/readyz</c>. The services are asked when a client asks the
/// Gateway: all at once, and once for all clients that ask within a second, so that no client can burden the services.
/// </summary>
internal sealed class ServiceReports(Upstreams upstreams, InternalTls tls, TimeProvider time) : IDisposable
{
    private const int MaxChecks = 32;
    private static readonly TimeSpan Timeout = TimeSpan.FromMilliseconds(500); // clients of readiness do not wait long
    private static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(1);
    private static readonly SearchValues<char> NameCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_-");

    private readonly HttpClient http = new(new SocketsHttpHandler { SslOptions = tls.ClientOptions(), UseProxy = false, ActivityHeadersPropagator = null, PooledConnectionIdleTimeout = TimeSpan.FromSeconds(10) })
    {
        Timeout = Timeout,
        MaxResponseContentBufferSize = 64 * 1024,
    };

    private readonly SingleFlight<Upstream, List<ReportedCheck>> rounds = new(FreshFor, time);
    private readonly Dictionary<Upstream, List<string>> namesOf = upstreams.All.ToDictionary(service => service, _ => new List<string>());

    /// <summary>The checks of all services, at most a second old. Takes half a second at most. If several services report the same name, the worst state counts.</summary>
    public async Task<List<ReportedCheck>> ReadAsync(CancellationToken cancellation)
    {
        var checks = await Task.WhenAll(upstreams.All.Select(async service => (await rounds.GetAsync(service, ReadAsync, cancellation)).Value));
        return [.. checks.SelectMany(service => service).GroupBy(check => check.Name, (name, same) => new ReportedCheck(name, Merge(same, CheckState.Unavailable, CheckState.Unknown, CheckState.Ok)))];
    }

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    /// <summary>Asks all destinations: a service responds while one of them does, so a check passes while it passes at one of them.</summary>
    private async Task<List<ReportedCheck>> ReadAsync(Upstream service)
    {
        var reports = await Task.WhenAll(service.Destinations.Select(AskAsync));
        var checks = reports.SelectMany(report => report).ToList();
        var names = namesOf[service];
        lock (names)
        {
            // The names stay: a check that is no longer reported is unknown.
            names.AddRange(checks.Select(check => check.Name).Except(names, StringComparer.Ordinal).Take(MaxChecks - names.Count).ToList());
            return [.. names.Select(name => new ReportedCheck(name, Merge(checks.Where(check => check.Name == name), CheckState.Ok, CheckState.Unavailable, CheckState.Unknown)))];
        }
    }

    private async Task<List<ReportedCheck>> AskAsync(Destination destination)
    {
        try
        {
            using var request = destination.Get("/readyz");
            using var response = await http.SendAsync(request);
            using var report = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync());
            return [.. report.RootElement.GetProperty("checks").EnumerateObject().Where(check => IsName(check.Name)).Select(check => new ReportedCheck(check.Name, State(check.Value)))];
        }
        catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException or JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return []; // the probes log a service that does not respond
        }
    }

    /// <summary>The first of <paramref name="order"/> that any of <paramref name="checks"/> has; the last one if there is no check.</summary>
    private static CheckState Merge(IEnumerable<ReportedCheck> checks, params CheckState[] order) => order.FirstOrDefault(state => checks.Any(check => check.State == state), order[^1]);

    /// <summary>Only names and states of this form are passed on: a report must not bring anything else to the public.</summary>
    private static bool IsName(string name) => name.Length is > 0 and <= 40 && !name.AsSpan().ContainsAnyExcept(NameCharacters);

    private static CheckState State(JsonElement value) =>
        value.ValueKind != JsonValueKind.String ? CheckState.Unknown : value.ValueEquals("ok") ? CheckState.Ok : value.ValueEquals("unavailable") ? CheckState.Unavailable : CheckState.Unknown;
}
