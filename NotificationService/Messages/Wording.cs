using System.Globalization;

namespace Xerotier.NotificationService.Messages;

/// <summary>The words of messages, which are those of the page. Times are in UTC; those of a series are of its zone.</summary>
internal static class Wording
{
    /// <summary>“23 Nov 2026, 14:02 UTC”.</summary>
    public static string Moment(DateTimeOffset time) => time.UtcDateTime.ToString("d MMM yyyy, HH:mm 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>“2 d 3 h”, “1 h 30 min”, “45 s”: rounded to the minute, and below one to the second.</summary>
    public static string Length(TimeSpan length)
    {
        var seconds = Math.Max((long)Math.Round(length.TotalSeconds), 0);
        if (seconds < 60)
        {
            return $"{seconds} s";
        }

        var minutes = (long)Math.Round(length.TotalMinutes);
        (long Count, string Unit)[] parts = [(minutes / 1440, "d"), (minutes / 60 % 24, "h"), (minutes % 60, "min")];
        return string.Join(' ', parts.Where(part => part.Count > 0).Select(part => $"{part.Count} {part.Unit}"));
    }

    /// <summary>How bad an incident is.</summary>
    public static string Impact(IncidentImpact impact) => impact is IncidentImpact.None ? "No impact" : $"{impact} impact";

    /// <summary>What work means for those who use the services.</summary>
    public static string Impact(WindowSeverity severity) => severity switch
    {
        WindowSeverity.Info => "No impact expected",
        WindowSeverity.Warning => "Some disruption possible",
        WindowSeverity.Critical => "Downtime expected",
        _ => throw new ArgumentOutOfRangeException(nameof(severity)),
    };

    /// <summary>The word that stands beside a component's name, of what its status is on the wire.</summary>
    public static string Label(string status) => status switch
    {
        "operational" => "Operational",
        "degraded" => "Degraded",
        "outage" => "Outage",
        "unknown" => "No data",
        _ => throw new ArgumentOutOfRangeException(nameof(status)),
    };

    /// <summary>“Shared Agents are down.”</summary>
    public static string Sentence(string name, string status)
    {
        var verb = name.EndsWith('s') ? "are" : "is";
        return status switch
        {
            "operational" => $"{name} {verb} operational.",
            "degraded" => $"{name} {verb} degraded.",
            "outage" => $"{name} {verb} down.",
            "unknown" => $"We have no data for {name}.",
            _ => throw new ArgumentOutOfRangeException(nameof(status)),
        };
    }
}
