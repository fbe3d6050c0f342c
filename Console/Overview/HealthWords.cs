namespace Xerotier.OperatorConsole.Overview;

/// <summary>Statuses in words and colours, as on the public page.</summary>
internal static class HealthWords
{
    /// <summary>The word.</summary>
    public static string Name(ServiceStatus status) => status == ServiceStatus.Unknown ? "No data" : status.ToString();

    /// <summary>The class with the colour.</summary>
    public static string Kind(ServiceStatus status) => status.ToString().ToLowerInvariant();

    /// <summary>The class with the colour of the whole page's level.</summary>
    public static string Kind(OverallKey key) => key switch
    {
        OverallKey.MajorOutage => "major_outage",
        OverallKey.PartialOutage => "partial_outage",
        _ => key.ToString().ToLowerInvariant(),
    };

    /// <summary>How long ago, in a word: <c>2 s ago</c>.</summary>
    public static string Age(double seconds) => seconds < 120 ? $"{Math.Max(0, (int)seconds)} s ago" : seconds < 7200 ? $"{(int)(seconds / 60)} min ago" : $"{(int)(seconds / 3600)} h ago";
}
