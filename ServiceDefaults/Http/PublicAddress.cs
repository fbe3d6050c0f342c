using System.Net;
using System.Net.Sockets;

namespace Xerotier.ServiceDefaults.Http;

/// <summary>Which addresses are public, so that what others name may be asked there (incidents.md section 10, notifications.md section 21).</summary>
public static class PublicAddress
{
    private static readonly IPNetwork[] NotPublic =
    [
        IPNetwork.Parse("0.0.0.0/8"), // unspecified, “this network”
        IPNetwork.Parse("10.0.0.0/8"), // private
        IPNetwork.Parse("100.64.0.0/10"), // CGNAT
        IPNetwork.Parse("127.0.0.0/8"), // loopback
        IPNetwork.Parse("169.254.0.0/16"), // link-local, and the metadata of clouds
        IPNetwork.Parse("172.16.0.0/12"), // private
        IPNetwork.Parse("192.0.0.0/24"), // IETF protocol assignments
        IPNetwork.Parse("192.168.0.0/16"), // private
        IPNetwork.Parse("198.18.0.0/15"), // benchmarks within a network
        IPNetwork.Parse("224.0.0.0/4"), // multicast
        IPNetwork.Parse("240.0.0.0/4"), // reserved, and broadcast
    ];

    private static readonly IPNetwork GlobalUnicast = IPNetwork.Parse("2000::/3"); // loopback, ULA, link-local, multicast and mapped IPv4 lie outside
    private static readonly IPNetwork Teredo = IPNetwork.Parse("2001::/32"); // the IPv4 address within is obfuscated
    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16");

    /// <summary>Whether <paramref name="address"/> is public. 6to4 is as public as the IPv4 address within; mapped IPv4 and NAT64 never are (notifications.md section 21): what they reach is for the network to say.</summary>
    public static bool IsPublic(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            return !NotPublic.Any(network => network.Contains(address));
        }

        if (address.AddressFamily != AddressFamily.InterNetworkV6 || address.IsIPv4MappedToIPv6)
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        address = new(bytes); // without a scope
        return SixToFour.Contains(address) ? IsPublic(new IPAddress(bytes[2..6]))
            : GlobalUnicast.Contains(address) && !Teredo.Contains(address);
    }
}
