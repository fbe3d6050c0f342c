using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace Xerotier.Gateway;

/// <summary>Where a request comes from.</summary>
/// <param name="Address">The client's address.</param>
internal readonly record struct ClientAddress(IPAddress Address)
{
    /// <summary>What rate limits count: an IPv4 address, or the /64 of an IPv6 address.</summary>
    public UInt128 Network
    {
        get
        {
            Span<byte> bytes = stackalloc byte[16];
            Address.TryWriteBytes(bytes, out var length);
            return length == 4
                ? new UInt128(1, BitConverter.ToUInt32(bytes))
                : new UInt128(0, BitConverter.ToUInt64(bytes));
        }
    }
}

/// <summary>Finds a request's client: its peer, or behind trusted proxies what they say.</summary>
internal sealed class ClientAddresses(IOptions<GatewayOptions> options)
{
    private readonly IPNetwork[] trusted = [.. options.Value.TrustedProxies.Select(IPNetwork.Parse)];

    /// <summary>The client of <paramref name="context"/>.</summary>
    public ClientAddress Of(HttpContext context)
    {
        var peer = Unmapped(context.Connection.RemoteIpAddress ?? IPAddress.None);
        return trusted.Length > 0 && IsTrusted(peer) ? new(Behind(peer, context.Request.Headers["X-Forwarded-For"])) : new(peer);
    }

    /// <summary>Each proxy appends whom it heard: from the right, the first that no trusted proxy is. What is left of it anyone may have written.</summary>
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

    private bool IsTrusted(IPAddress address)
    {
        foreach (var network in trusted)
        {
            if (network.Contains(address))
            {
                return true;
            }
        }

        return false;
    }

    private static IPAddress Unmapped(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
