using System.Net;

namespace Xerotier.Gateway.Clients;

/// <summary>Where a request comes from.</summary>
/// <param name="Address">The client's address.</param>
internal readonly record struct ClientAddress(IPAddress Address)
{
    /// <summary>The network that limits count: an IPv4 address, or the /64 of an IPv6 address.</summary>
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

    /// <summary>The first address of <see cref="Network"/>, such as <c>192.0.2.1</c> or <c>2001:db8:1:2::</c>.</summary>
    public IPAddress NetworkAddress
    {
        get
        {
            Span<byte> bytes = stackalloc byte[16];
            Address.TryWriteBytes(bytes, out var length);
            if (length == 4)
            {
                return Address;
            }

            bytes[8..].Clear();
            return new IPAddress(bytes);
        }
    }

    /// <summary>How many times as much as of one network may come from one <see cref="Site"/>.</summary>
    public const int NetworksPerSite = 16;

    /// <summary>The /48 of an IPv6 address, of which one holder can have 65,536 networks; null: an IPv4 address, which is its own network.</summary>
    public UInt128? Site
    {
        get
        {
            Span<byte> bytes = stackalloc byte[16];
            Address.TryWriteBytes(bytes, out var length);
            if (length == 4)
            {
                return null;
            }

            bytes[6..8].Clear();
            return new UInt128(2, BitConverter.ToUInt64(bytes));
        }
    }
}
