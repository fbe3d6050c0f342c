using Xerotier.Contracts;

namespace Xerotier.StatusService.Model;

/// <summary>A component's state on the wire.</summary>
internal static class StatusContract
{
    /// <summary>The word of the API for <paramref name="status"/>.</summary>
    public static ServiceStatus ToContract(this ComponentStatus status) => status switch
    {
        ComponentStatus.Operational => ServiceStatus.Operational,
        ComponentStatus.Degraded => ServiceStatus.Degraded,
        ComponentStatus.Outage => ServiceStatus.Outage,
        _ => ServiceStatus.Unknown,
    };
}
