using System.Net;
using System.Net.Sockets;

namespace Xerotier.TestKit;

/// <summary>
/// Ports for one cluster of a test. Whoever asks for free ports has them only once it listens, and two clusters that start at the same
/// moment could be told the same ones; so each takes a slice of its own, which a locked file holds across processes.
/// </summary>
internal sealed class PortSlice : IDisposable
{
    private const int First = 16_000; // above those that AppHost lets Aspire pick from, below those of PrivateServers
    private const int Slices = 40;
    private const int Size = 100;

    private readonly FileStream held;
    private readonly int start;

    private PortSlice(FileStream held, int start) => (this.held, this.start) = (held, start);

    /// <summary>The first Gateway's HTTP; further replicas' are 10 higher each.</summary>
    public int Http => start;

    /// <summary>The first Gateway's gRPC, where AppHost puts it by itself.</summary>
    public int Grpc => start + 1;

    /// <summary>AppHost's settings that make it use these ports alone.</summary>
    public IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string>
    {
        ["XEROTIER_PORT"] = $"{Http}",
        ["DcpPublisher__ProxylessEndpointPortRangeStart"] = $"{start + (Size / 2)}",
        ["DcpPublisher__ProxylessEndpointPortRangeEnd"] = $"{start + Size - 1}",
    };

    /// <summary>Takes one that nobody holds.</summary>
    /// <exception cref="InvalidOperationException">All are taken.</exception>
    public static PortSlice Take()
    {
        foreach (var slice in Enumerable.Range(0, Slices).OrderBy(_ => Random.Shared.Next()))
        {
            var start = First + (slice * Size);
            try
            {
                var held = new FileStream(Path.Combine(Path.GetTempPath(), $"xerotier-test-ports-{start}"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
                if (new[] { 0, 1, 10, 11 }.All(offset => IsFree(start + offset)))
                {
                    return new(held, start);
                }

                held.Dispose();
            }
            catch (Exception taken) when (taken is IOException or UnauthorizedAccessException)
            {
                // another test's
            }
        }

        throw new InvalidOperationException($"All ports from {First} to {First + (Slices * Size) - 1} are taken.");
    }

    /// <inheritdoc/>
    public void Dispose() => held.Dispose();

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
