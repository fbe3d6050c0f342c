namespace Xerotier.StatusService.Model;

/// <summary>State of one component (product.md section 3).</summary>
public enum ComponentStatus
{
    /// <summary>Functioning normally.</summary>
    Operational,

    /// <summary>Reduced performance.</summary>
    Degraded,

    /// <summary>Unavailable.</summary>
    Outage,

    /// <summary>We do not know (product.md section 8).</summary>
    Unknown,
}

/// <summary>How states are written down.</summary>
public static class ComponentStatusWords
{
    /// <summary>The state as stores and other services know it, such as <c>operational</c>.</summary>
    public static string ToWord(this ComponentStatus status) => status.ToString().ToLowerInvariant();
}

/// <summary>Level of the whole platform (product.md section 3).</summary>
public enum OverallStatus
{
    /// <summary>All Systems Operational.</summary>
    Operational,

    /// <summary>Degraded Performance.</summary>
    Degraded,

    /// <summary>Status Unknown.</summary>
    Unknown,

    /// <summary>Partial Outage.</summary>
    PartialOutage,

    /// <summary>Major Outage.</summary>
    MajorOutage,

    /// <summary>Under Maintenance.</summary>
    Maintenance,
}

/// <summary>What a rule says of one component.</summary>
/// <param name="Status">Its state.</param>
/// <param name="Reason">Why it is not operational, as a clause; null when operational.</param>
public readonly record struct Verdict(ComponentStatus Status, string? Reason)
{
    /// <summary>Functioning normally.</summary>
    public static Verdict Operational { get; } = new(ComponentStatus.Operational, null);
}
