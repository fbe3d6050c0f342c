using System.Globalization;
using Npgsql;
using Xerotier.MaintenanceService.Model;
using Xerotier.MaintenanceService.Storage;

namespace Xerotier.MaintenanceService.Changes;

/// <summary>Who makes a change.</summary>
/// <param name="Name">Name of the API key, or <c>auto_transition</c>.</param>
/// <param name="KeyId">Id of the API key; null for the clock.</param>
internal sealed record Actor(string Name, string? KeyId)
{
    /// <summary>Name of the clock in the audit trail.</summary>
    public const string Clock = "auto_transition";
}

/// <summary>One change of a window: a row of the change log, which is the audit trail as well.</summary>
internal sealed record WindowEvent
{
    /// <summary>The columns of <see cref="Read"/>.</summary>
    public const string Columns = "window_id, version, occurred_at, actor, actor_key_id, action, before, after";

    private static readonly (string Name, Func<MaintenanceWindow, MaintenanceWindow, bool> Same)[] Fields =
    [
        ("title", (a, b) => a.Title == b.Title),
        ("description", (a, b) => a.Description == b.Description),
        ("severity", (a, b) => a.Severity == b.Severity),
        ("affected_services", (a, b) => a.AffectedServices.SequenceEqual(b.AffectedServices)),
        ("starts_at", (a, b) => a.StartsAt == b.StartsAt),
        ("ends_at", (a, b) => a.EndsAt == b.EndsAt),
        ("status", (a, b) => a.Status == b.Status),
        ("auto_transition", (a, b) => a.AutoTransition == b.AutoTransition),
    ];

    public required string WindowId { get; init; }

    /// <summary>The version that the change made.</summary>
    public required long Version { get; init; }

    public required DateTimeOffset OccurredAt { get; init; }

    public required string Actor { get; init; }

    public string? ActorKeyId { get; init; }

    /// <summary>created, updated, activated, completed, cancelled or purged.</summary>
    public required string Action { get; init; }

    /// <summary>Null for the first.</summary>
    public MaintenanceWindow? Before { get; init; }

    /// <summary>Null after a purge.</summary>
    public MaintenanceWindow? After { get; init; }

    /// <summary>The window's id and the version.</summary>
    public string Id => string.Create(CultureInfo.InvariantCulture, $"{WindowId}.{Version}");

    /// <summary>What the change changed, as the wire names it. What follows from every change (<c>updated_at</c>) is left out.</summary>
    public IEnumerable<string> ChangedFields => Before is { } before && After is { } after
        ? Fields.Where(f => !f.Same(before, after)).Select(f => f.Name)
        : [];

    /// <summary>The change of a row with <see cref="Columns"/>.</summary>
    public static WindowEvent Read(NpgsqlDataReader row) => new()
    {
        WindowId = row.GetString(row.GetOrdinal("window_id")),
        Version = row.GetInt64(row.GetOrdinal("version")),
        OccurredAt = row.GetFieldValue<DateTimeOffset>(row.GetOrdinal("occurred_at")),
        Actor = row.GetString(row.GetOrdinal("actor")),
        ActorKeyId = row.TextOrNull("actor_key_id"),
        Action = row.GetString(row.GetOrdinal("action")),
        Before = WindowTable.ReadJson(row, "before"),
        After = WindowTable.ReadJson(row, "after"),
    };

    /// <summary>The version in <paramref name="id"/>, which must be that of an event of <paramref name="windowId"/>.</summary>
    public static long? VersionOf(string id, string windowId) =>
        id.Length > windowId.Length
        && id.StartsWith(windowId, StringComparison.Ordinal)
        && id[windowId.Length] == '.'
        && long.TryParse(id.AsSpan(windowId.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            ? version
            : null;
}
