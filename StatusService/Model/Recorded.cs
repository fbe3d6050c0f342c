namespace Xerotier.StatusService.Model;

/// <summary>
/// The state of a component in one second of the history, from best to worst: a second takes the worst state that it held. The numbers are
/// stored. Unknown ranks as in product.md section 8, maintenance above it. While a platform project's window covers a component, its state
/// is <see cref="Maintenance"/>, whatever it measures.
/// </summary>
public enum Recorded
{
    /// <summary>Functioning normally.</summary>
    Operational = 0,

    /// <summary>Reduced performance; counts as up.</summary>
    Degraded = 1,

    /// <summary>Unknown, not shown, or not recorded; never stored.</summary>
    NoData = 2,

    /// <summary>Under a platform project's window; counts neither way.</summary>
    Maintenance = 3,

    /// <summary>Unavailable.</summary>
    Outage = 4,
}

/// <summary>A stretch of whole seconds in one state.</summary>
/// <param name="From">First second, Unix time.</param>
/// <param name="To">End, exclusive.</param>
/// <param name="State">The state.</param>
public readonly record struct Interval(long From, long To, Recorded State)
{
    /// <summary>The part within [<paramref name="from"/>, <paramref name="to"/>); empty when To ≤ From.</summary>
    public Interval Clip(long from, long to) => this with { From = Math.Max(From, from), To = Math.Min(To, to) };
}
