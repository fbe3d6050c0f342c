using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;
using Xerotier.Gateway.Clients;
using Xerotier.Gateway.Configuration;
using Xerotier.Gateway.Keys;
using Xerotier.Gateway.Metrics;

namespace Xerotier.Gateway.Edge;

/// <summary>
/// Bounds what one client can hold open without asking for anything: its connections to all public ports, and the time before the first
/// byte of a request. The server's own times begin with that byte.
/// </summary>
internal sealed class ClientConnections(ClientAddresses clients, IOptions<GatewayOptions> options, GatewayMetrics metrics, TimeProvider time)
{
    private readonly OpenCounts<UInt128> ofClients = new(options.Value.LeavingRoom(options.Value.MaxConnectionsPerClient));
    private readonly OpenCounts<UInt128> ofSites = new(options.Value.LeavingRoom(options.Value.MaxConnectionsPerClient * ClientAddress.NetworksPerSite));
    private readonly OpenCounts<UInt128> ofRelays = new(options.Value.LeavingRoom(options.Value.MaxConnectionsPerRelay));
    private readonly TimeSpan firstByte = TimeSpan.FromSeconds(options.Value.FirstByteSeconds);

    /// <summary>Puts the limits before everything else of an endpoint. Made when the endpoint is bound: the server's options are read before anything listens to metrics.</summary>
    public static void Use(ListenOptions endpoint) => endpoint.Use(next =>
    {
        var connections = endpoint.ApplicationServices.GetRequiredService<ClientConnections>();
        return connection => connections.HandleAsync(connection, next);
    });

    private async Task HandleAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        if (clients.OfConnection(connection.RemoteEndPoint) is not { } client)
        {
            await next(connection);
            return;
        }

        if (!TryOpen(client))
        {
            Close(connection, "too_many");
            return;
        }

        try
        {
            if (await SpeaksAsync(connection))
            {
                await next(connection);
            }
            else
            {
                Close(connection, "silent");
            }
        }
        finally
        {
            Remove(client);
        }
    }

    private async Task<bool> SpeaksAsync(ConnectionContext connection)
    {
        var input = connection.Transport.Input;
        using var silent = new CancellationTokenSource(firstByte, time);
        try
        {
            var read = await input.ReadAsync(silent.Token);
            input.AdvanceTo(read.Buffer.Start); // the server reads it again
            return true;
        }
        catch (OperationCanceledException) when (silent.IsCancellationRequested)
        {
            return false;
        }
    }

    private void Close(ConnectionContext connection, string reason)
    {
        metrics.ConnectionClosed(reason);
        connection.Abort();
    }

    private bool TryOpen(ClientAddress client)
    {
        if (clients.IsRelay(client))
        {
            return ofRelays.TryAdd(client.Network);
        }

        if (!ofClients.TryAdd(client.Network))
        {
            return false;
        }

        if (client.Site is not { } site || ofSites.TryAdd(site))
        {
            return true;
        }

        ofClients.Remove(client.Network);
        return false;
    }

    private void Remove(ClientAddress client)
    {
        if (clients.IsRelay(client))
        {
            ofRelays.Remove(client.Network);
            return;
        }

        ofClients.Remove(client.Network);
        if (client.Site is { } site)
        {
            ofSites.Remove(site);
        }
    }
}
