using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Proxy;

/// <summary>One replica of a service. It has two health states, as in YARP: active health by probes, passive health by requests.</summary>
/// <param name="replica">Its HTTP address.</param>
/// <param name="grpc">Its gRPC address, where it has one that the Gateway proxies to.</param>
internal sealed class Destination(Replica replica, Uri? grpc)
{
    private volatile bool isActiveHealthy = true;
    private long passiveUnhealthyUntil;

    /// <summary>Where it is.</summary>
    public Replica Replica => replica;

    /// <summary>Its HTTP address.</summary>
    public string Http { get; } = replica.Address.GetLeftPart(UriPartial.Authority);

    /// <summary>Its gRPC address.</summary>
    public string Grpc { get; } = (grpc ?? replica.Address).GetLeftPart(UriPartial.Authority);

    /// <summary>Whether its last probe succeeded.</summary>
    public bool IsActiveHealthy => isActiveHealthy;

    /// <summary>Whether requests should go to it: its last probe succeeded, and no request has failed lately.</summary>
    public bool IsHealthy(TimeProvider time) => isActiveHealthy && Volatile.Read(ref passiveUnhealthyUntil) <= time.GetTimestamp();

    /// <summary>A request to it.</summary>
    public HttpRequestMessage Get(string path) => new(HttpMethod.Get, new Uri(Http + path)) { Headers = { Host = replica.Name } };

    /// <summary>Sets the active health: the result of a probe.</summary>
    public void ReportProbe(bool succeeded) => isActiveHealthy = succeeded;

    /// <summary>Sets the passive health: a request failed, so the next ones prefer other destinations until probes had time to find out more.</summary>
    public void ReportFailure(TimeProvider time) => Volatile.Write(ref passiveUnhealthyUntil, time.GetTimestamp() + (2 * time.TimestampFrequency));
}
