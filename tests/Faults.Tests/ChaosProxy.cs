using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Xerotier.Faults.Tests;

/// <summary>A TCP proxy on loopback between services, or between them and a store: it can slow what passes, hold it in one direction, and reset what is open.</summary>
public sealed class ChaosProxy : IAsyncDisposable
{
    private static readonly TimeSpan HeldFor = TimeSpan.FromMilliseconds(20); // until it looks again

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<TcpClient, TcpClient> open = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly Func<int> target;
    private readonly Task accepting;

    /// <summary>Passes each connection on to the port that <paramref name="target"/> says at that moment.</summary>
    public ChaosProxy(Func<int> target)
    {
        this.target = target;
        listener.Start();
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        accepting = AcceptAsync();
    }

    /// <summary>Where to connect.</summary>
    public int Port { get; }

    /// <summary>How long each chunk is held back in each direction.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>Holds what the connecting side sends, as a one-way partition does: the connections stay open, and what was held passes later.</summary>
    public bool HoldsRequests { get; set; }

    /// <summary>The same for what the other side sends.</summary>
    public bool HoldsResponses { get; set; }

    /// <summary>Resets all open connections.</summary>
    public void Reset()
    {
        foreach (var (client, server) in open)
        {
            try
            {
                client.Client.LingerState = new LingerOption(true, 0);
            }
            catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
            {
                // it has just been closed by itself
            }

            client.Dispose();
            server.Dispose();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener.Stop();
        Reset();
        await accepting;
        stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                _ = ServeAsync(await listener.AcceptTcpClientAsync(stopping.Token));
            }
            catch (Exception failure) when (failure is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // stopping
            }
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var server = new TcpClient();
        try
        {
            await server.ConnectAsync(IPAddress.Loopback, target(), stopping.Token);
            open[client] = server;
            (client.NoDelay, server.NoDelay) = (true, true);
            await Task.WhenAny(PumpAsync(client, server, () => HoldsRequests), PumpAsync(server, client, () => HoldsResponses));
        }
        catch (Exception failure) when (failure is SocketException or IOException or OperationCanceledException or InvalidOperationException)
        {
            // the other side is away: so is the proxy
        }
        finally
        {
            open.TryRemove(client, out _);
            client.Dispose();
        }
    }

    private async Task PumpAsync(TcpClient from, TcpClient to, Func<bool> held)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.GetStream().ReadAsync(buffer, stopping.Token) is var read and > 0)
            {
                if (Delay > TimeSpan.Zero)
                {
                    await Task.Delay(Delay, stopping.Token);
                }

                while (held())
                {
                    await Task.Delay(HeldFor, stopping.Token);
                }

                await to.GetStream().WriteAsync(buffer.AsMemory(0, read), stopping.Token);
            }
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // either side is gone
        }
    }
}
