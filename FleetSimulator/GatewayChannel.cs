using Grpc.Net.Client;

namespace Xerotier.FleetSimulator;

/// <summary>gRPC channels to the Gateway.</summary>
internal static class GatewayChannel
{
    /// <summary>Opens a channel that detects a silent peer within seconds.</summary>
    public static GrpcChannel Open(string url) => GrpcChannel.ForAddress(url, new GrpcChannelOptions
    {
        HttpHandler = new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromSeconds(2),
            EnableMultipleHttp2Connections = true,
            KeepAlivePingDelay = TimeSpan.FromSeconds(2),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(2),
            UseProxy = false,
        },
        DisposeHttpClient = true,
    });
}
