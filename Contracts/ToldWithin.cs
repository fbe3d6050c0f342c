namespace Xerotier.Contracts;

/// <summary>What comes too late, or too early, tells nobody (notifications.md section 20).</summary>
public static class ToldWithin
{
    /// <summary>How long after it was so an update of an incident is told, unless it opens one that is still open.</summary>
    public static readonly TimeSpan AfterUpdate = TimeSpan.FromHours(1);

    /// <summary>Within what time an occurrence of a series must start for a change of it alone to be told: of later ones nobody has been told but by their rule.</summary>
    public static readonly TimeSpan BeforeOccurrence = TimeSpan.FromDays(7);
}
