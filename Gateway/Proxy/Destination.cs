namespace Xerotier.Gateway.Proxy;

/// <summary>One replica of a service. It has two health states, as in YARP: active health by probes, passive health by requests.</summary>
/// <param name="http">Its HTTP address.</param>
/// <param name="grpc">Its gRPC address, where it has one that the Gateway proxies to.</param>
internal sealed class Destination(Uri http, Uri? grpc)
{
    private volatile bool isActiveHealthy = true;
    private long passiveUnhealthyUntil;

    /// <summary>Its HTTP address.</summary>
    public string Http { get; } = http.GetLeftPart(UriPartial.Authority);

    /// <summary>Its gRPC address.</summary>
    public string Grpc { get; } = (grpc ?? http).GetLeftPart(UriPartial.Authority);

    /// <summary>Whether its last probe succeeded.</summary>
    public bool IsActiveHealthy => isActiveHealthy;

    /// <summary>Whether requests should go to it: its last probe succeeded, and no request has failed lately.</summary>
    public bool IsHealthy(TimeProvider time) => isActiveHealthy && Volatile.Read(ref passiveUnhealthyUntil) <= time.GetTimestamp();

    /// <summary>Sets the active health: the result of a probe.</summary>
    public void ReportProbe(bool succeeded) => isActiveHealthy = succeeded;

    /// <summary>Sets the passive health: a request failed, so the next ones prefer other destinations until probes had time to find out more.</summary>
    public void ReportFailure(TimeProvider time) => Volatile.Write(ref passiveUnhealthyUntil, time.GetTimestamp() + (2 * time.TimestampFrequency));
}
