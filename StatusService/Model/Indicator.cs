namespace Xerotier.StatusService.Model;

/// <summary>A line of the status page, in page order (product.md section 3). The numbers are stored in the history: never reuse one.</summary>
public enum Indicator
{
    /// <summary>The status page itself.</summary>
    Dashboard = 0,

    /// <summary>The platform's routers.</summary>
    InferenceRouting = 1,

    /// <summary>The platform's own agents.</summary>
    SharedAgents = 2,

    /// <summary>The storage of models.</summary>
    ModelStorage = 3,
}

/// <summary>What the public calls each indicator.</summary>
public static class Indicators
{
    private static readonly string[] Names = ["Dashboard", "Inference Routing", "Shared Agents", "Model Storage"];

    /// <summary>All of them, in page order.</summary>
    public static IReadOnlyList<Indicator> All { get; } = Enum.GetValues<Indicator>();

    /// <summary>The name on the page, and the one by which a window's <c>affected_services</c> names it.</summary>
    public static string Name(this Indicator indicator) => Names[(int)indicator];

    /// <summary>Whether a window of these <c>affected_services</c> affects it: they name it, in any case of letters, or nothing at all.</summary>
    public static bool IsAffectedBy(this Indicator indicator, IReadOnlyCollection<string> services) =>
        services.Count == 0 || services.Contains(indicator.Name(), StringComparer.OrdinalIgnoreCase);
}

/// <summary>What a rule says of one indicator.</summary>
/// <param name="Status">Its state.</param>
/// <param name="Reason">Why it is not operational, as a clause; null when operational.</param>
public readonly record struct Verdict(IndicatorStatus Status, string? Reason)
{
    /// <summary>Functioning normally.</summary>
    public static Verdict Operational { get; } = new(IndicatorStatus.Operational, null);
}
