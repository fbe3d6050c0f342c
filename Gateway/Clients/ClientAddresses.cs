using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using Xerotier.Gateway.Configuration;

namespace Xerotier.Gateway.Clients;

/// <summary>
/// Finds a request's client: its peer or, behind trusted proxies, the address that they report. The framework's forwarded headers
/// middleware is not used: it reads "1" as the address 0.0.0.1, skips empty entries, and allocates for every request that has the header,
/// whether or not its peer is trusted.
/// </summary>
internal sealed partial class ClientAddresses : IDisposable
{
    private const string ForwardedFor = "X-Forwarded-For";
    private readonly IPNetwork[] trusted;
    private readonly IPNetwork[] relays;
    private readonly Meter meter;
    private readonly Counter<long> ignored;
    private readonly ILogger<ClientAddresses> logger;
    private int warned;

    public ClientAddresses(IOptions<GatewayOptions> options, IMeterFactory meters, ILogger<ClientAddresses> logger)
    {
        trusted = [.. options.Value.TrustedProxies.Select(IPNetwork.Parse)];
        relays = [.. options.Value.TrustedRelays.Select(IPNetwork.Parse)];
        this.logger = logger;
        meter = meters.Create("Xerotier.Gateway");
        ignored = meter.CreateCounter<long>("xerotier.gateway.ignored_forwarded_for", "{request}", "Requests with X-Forwarded-For whose peer is not one of Gateway:TrustedProxies.");
        ignored.Add(0); // 0 from the start, not absent
    }

    /// <summary>Who opened a connection; null: a trusted proxy, which opens connections for many clients.</summary>
    public ClientAddress? OfConnection(EndPoint? peer)
    {
        var address = Unmapped((peer as IPEndPoint)?.Address ?? IPAddress.None);
        return IsTrusted(address) ? null : new(address);
    }

    /// <summary>Whether <paramref name="client"/> is in a network of relays, which hold connections of many agents.</summary>
    public bool IsRelay(ClientAddress client) => IsIn(relays, client.Address);

    /// <summary>The client of <paramref name="context"/>.</summary>
    public ClientAddress Of(HttpContext context)
    {
        var peer = PeerOf(context);
        var forwarded = context.Request.Headers[ForwardedFor];
        if (forwarded.Count == 0)
        {
            return new(peer);
        }

        if (IsTrusted(peer))
        {
            return new(Behind(peer, forwarded));
        }

        ignored.Add(1);
        if (Interlocked.Exchange(ref warned, 1) == 0)
        {
            LogIgnored(logger, peer);
        }

        return new(peer);
    }

    /// <summary>The client that another service asks for, which names it; null: it names none.</summary>
    public static ClientAddress? ReportedBy(HttpContext context) =>
        context.Request.Headers[ForwardedFor] is [{ } one] && TryParse(one, out var address) ? new(Unmapped(address)) : null;

    /// <summary>Whether the client's connection has TLS, which ends here or at a trusted proxy that says so.</summary>
    public bool IsSecure(HttpContext context)
    {
        var schemes = context.Request.Headers["X-Forwarded-Proto"];
        if (schemes.Count == 0 || !IsTrusted(PeerOf(context)))
        {
            return context.Request.IsHttps;
        }

        // The proxy's word alone counts: its own connection to here may have TLS and the client's none.
        // Of several proxies each must say so: anyone may have written what stands left.
        return schemes.ToString().Split(',').All(scheme => scheme.Trim().Equals("https", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Whether <paramref name="client"/> is on this machine and calls it by such a name. A proxy that nobody named is none: what it passes on comes from anywhere.</summary>
    public bool IsLocal(HttpContext context, ClientAddress client)
    {
        var headers = context.Request.Headers;
        var host = context.Request.Host.Host;
        return IPAddress.IsLoopback(client.Address)
            && (host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var named) && IPAddress.IsLoopback(named)))
            && (IsTrusted(PeerOf(context)) || !(headers.ContainsKey(ForwardedFor) || headers.ContainsKey("X-Forwarded-Proto") || headers.ContainsKey("X-Forwarded-Host") || headers.ContainsKey("Forwarded") || headers.ContainsKey("Via")));
    }

    /// <inheritdoc/>
    public void Dispose() => meter.Dispose();

    /// <summary>Each proxy appends its peer's address. The client is the right-most address that is not a trusted proxy; anyone may have written the ones left of it.</summary>
    private IPAddress Behind(IPAddress peer, StringValues forwarded)
    {
        var address = peer;
        for (var line = forwarded.Count - 1; line >= 0; line--)
        {
            var rest = forwarded[line].AsSpan();
            while (!rest.IsEmpty)
            {
                var comma = rest.LastIndexOf(',');
                if (!TryParse(rest[(comma + 1)..].Trim(), out var hop))
                {
                    return address;
                }

                address = Unmapped(hop);
                if (!IsTrusted(address))
                {
                    return address;
                }

                rest = comma < 0 ? [] : rest[..comma];
            }
        }

        return address;
    }

    /// <summary>An address, perhaps with a port: <c>192.0.2.1</c>, <c>192.0.2.1:4711</c>, <c>2001:db8::1</c>, <c>[2001:db8::1]:4711</c>.</summary>
    private static bool TryParse(ReadOnlySpan<char> text, out IPAddress address)
    {
        address = IPAddress.None;
        if (IPEndPoint.TryParse(text, out var endpoint) && (endpoint.AddressFamily == AddressFamily.InterNetworkV6 || text.Count('.') == 3))
        {
            address = endpoint.Address;
            return true;
        }

        return false;
    }

    private bool IsTrusted(IPAddress address) => IsIn(trusted, address);

    private static bool IsIn(IPNetwork[] networks, IPAddress address)
    {
        foreach (var network in networks)
        {
            if (network.Contains(address))
            {
                return true;
            }
        }

        return false;
    }

    private static IPAddress PeerOf(HttpContext context) => Unmapped(context.Connection.RemoteIpAddress ?? IPAddress.None);

    private static IPAddress Unmapped(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    // Once: anybody can send the header.
    [LoggerMessage(1, LogLevel.Warning, "{Peer} sent X-Forwarded-For, which was ignored. If it is a proxy of yours, name its network in Gateway:TrustedProxies: until then all clients behind it share one rate limit and one limit of connections")]
    private static partial void LogIgnored(ILogger logger, IPAddress peer);
}
