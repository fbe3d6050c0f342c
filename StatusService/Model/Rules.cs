namespace Xerotier.StatusService.Model;

/// <summary>The rules of product.md section 3, pure: what the counts mean.</summary>
public static class Rules
{
    /// <summary>A probed component without an answer that still counts.</summary>
    public static Verdict NotProbed { get; } = new(ComponentStatus.Unknown, "we have no recent answer of the health check");

    /// <summary>A probed component that nobody may ask.</summary>
    public static Verdict ProbeRefused { get; } = new(ComponentStatus.Unknown, "we may not ask the address of the health check");

    /// <summary>A probed component whose probe has failed often enough.</summary>
    public static Verdict ProbeFailing { get; } = new(ComponentStatus.Outage, "its health check is failing");

    /// <summary>Inference Routing: operational when every registered router is online, outage when none is or none is registered, degraded otherwise.</summary>
    public static Verdict Routing(int total, int online) => (total - online) switch
    {
        _ when total == 0 => new(ComponentStatus.Outage, "no router is registered"),
        _ when online == 0 && total == 1 => new(ComponentStatus.Outage, "the only router is offline"),
        _ when online == 0 => new(ComponentStatus.Outage, $"all {total} routers are offline"),
        0 => Verdict.Operational,
        1 => new(ComponentStatus.Degraded, $"1 of {total} routers is offline"),
        var offline => new(ComponentStatus.Degraded, $"{offline} of {total} routers are offline"),
    };

    /// <summary>Shared Agents: outage when more than 75 % are stale, degraded when more than 50 % are. Call it only when at least one is registered.</summary>
    public static Verdict SharedAgents(int total, int stale) => ByStale(total, stale) switch
    {
        ComponentStatus.Operational => Verdict.Operational,
        var status when stale == total => new(status, total == 1 ? "the only agent is not responding" : $"none of the {total} agents is responding"),
        var status => new(status, $"{stale} of {total} agents are not responding"),
    };

    /// <summary>The thresholds that agents, a project's workers and an endpoint's workers share; none at all: unknown.</summary>
    public static ComponentStatus ByStale(int total, int stale) => total switch
    {
        0 => ComponentStatus.Unknown,
        _ when stale * 4L > total * 3L => ComponentStatus.Outage,
        _ when stale * 2L > total => ComponentStatus.Degraded,
        _ => ComponentStatus.Operational,
    };

    /// <summary>The platform's level: first match of the table wins.</summary>
    /// <param name="shown">States of the shown components, at least one.</param>
    /// <param name="maintenance">Any window is active.</param>
    public static OverallStatus Overall(IReadOnlyCollection<ComponentStatus> shown, bool maintenance) =>
        maintenance ? OverallStatus.Maintenance
        : shown.All(s => s == ComponentStatus.Outage) ? OverallStatus.MajorOutage
        : shown.Contains(ComponentStatus.Outage) ? OverallStatus.PartialOutage
        : shown.Contains(ComponentStatus.Unknown) ? OverallStatus.Unknown
        : shown.Contains(ComponentStatus.Degraded) ? OverallStatus.Degraded
        : OverallStatus.Operational;

    /// <summary>The worse of two states: outage, unknown, degraded, operational (product.md section 8 ranks unknown).</summary>
    public static ComponentStatus Worse(ComponentStatus one, ComponentStatus other) => Rank(one) >= Rank(other) ? one : other;

    /// <summary>How bad a state is, from 0.</summary>
    public static int Rank(ComponentStatus status) => status switch
    {
        ComponentStatus.Operational => 0,
        ComponentStatus.Degraded => 1,
        ComponentStatus.Unknown => 2,
        _ => 3,
    };
}
