using System.ComponentModel.DataAnnotations;
using System.Net;

namespace Xerotier.Gateway.Configuration;

/// <summary>The edge. Section <c>Gateway</c>.</summary>
public sealed class GatewayOptions
{
    /// <summary>Networks (CIDR) of proxies whose <c>X-Forwarded-For</c> is trusted. Default: none.</summary>
    public IList<string> TrustedProxies { get; set; } = [];

    /// <summary>The most connections at once of each port; further ones are closed. 1 to 1,000,000, default 20,000.</summary>
    [Range(1, 1_000_000)]
    public int MaxConnections { get; set; } = 20_000;

    /// <summary>The most connections at once of one client (an IPv4 address, an IPv6 /64), and 16 times as many of an IPv6 /48, never more than half of <see cref="MaxConnections"/>; further ones are closed. Trusted proxies are not counted. 0 (no limit) to 1,000,000, default 256.</summary>
    [Range(0, 1_000_000)]
    public int MaxConnectionsPerClient { get; set; } = 256;

    /// <summary>Networks (CIDR) of relays, and of sites with many agents behind one address. Default: none.</summary>
    public IList<string> TrustedRelays { get; set; } = [];

    /// <summary>In place of <see cref="MaxConnectionsPerClient"/> for each client in <see cref="TrustedRelays"/>. 0 (no limit) to 1,000,000, default 4,096.</summary>
    [Range(0, 1_000_000)]
    public int MaxConnectionsPerRelay { get; set; } = 4_096;

    /// <summary>Seconds from a connection's opening to the first byte of a request; then it is closed. Trusted proxies may open connections in advance. 1 to 300, default 10.</summary>
    [Range(1, 300)]
    public int FirstByteSeconds { get; set; } = 10;

    /// <summary>The most gRPC streams at once of one platform key. 0 (no limit) to 1,000,000, default 10,000.</summary>
    [Range(0, 1_000_000)]
    public int MaxStreamsPerPlatformKey { get; set; } = 10_000;

    /// <summary>The most gRPC streams at once of one project key. 0 (no limit) to 1,000,000, default 1,000.</summary>
    [Range(0, 1_000_000)]
    public int MaxStreamsPerKey { get; set; } = 1_000;

    /// <summary>The most gRPC streams at once of all keys of a project. 0 (no limit) to 1,000,000, default 4,000.</summary>
    [Range(0, 1_000_000)]
    public int MaxStreamsPerProject { get; set; } = 4_000;

    /// <summary>Seconds that a service may take to respond, or pause within a response. 1 to 100, default 10.</summary>
    [Range(1, 100)]
    public int UpstreamTimeoutSeconds { get; set; } = 10;

    /// <summary>
    /// Milliseconds between SIGTERM and the closing of the ports. In this time <c>/readyz</c> responds with 503, so that load balancers
    /// stop sending requests, and gRPC streams end one after the other. What is in flight then has 10 s more. 0 to 60,000, default 500.
    /// </summary>
    [Range(0, 60_000)]
    public int DrainMilliseconds { get; set; } = 500;

    /// <summary>A limit of one client's connections, which leaves the others half of all.</summary>
    internal int LeavingRoom(int most) => Math.Min(most, Math.Max(1, MaxConnections / 2));

    internal static bool AreNetworks(IEnumerable<string> networks) => networks.All(network => IPNetwork.TryParse(network, out _));
}
