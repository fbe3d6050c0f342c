namespace Xerotier.MaintenanceService.Model;

/// <summary>Names of the enumerations on the wire and in the database.</summary>
internal static class WireNames
{
    private static readonly string[] Statuses = [.. Enum.GetNames<WindowStatus>().Select(n => n.ToLowerInvariant())];
    private static readonly string[] Severities = [.. Enum.GetNames<WindowSeverity>().Select(n => n.ToLowerInvariant())];

    public static string Wire(this WindowStatus status) => Statuses[(int)status];

    public static string Wire(this WindowSeverity severity) => Severities[(int)severity];

    public static WindowStatus? Status(string name) => Array.IndexOf(Statuses, name) is >= 0 and var i ? (WindowStatus)i : null;

    public static WindowSeverity? Severity(string name) => Array.IndexOf(Severities, name) is >= 0 and var i ? (WindowSeverity)i : null;
}
