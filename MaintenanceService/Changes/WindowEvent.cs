using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Npgsql;
using Xerotier.Maintenance.V1;
using Xerotier.MaintenanceService.Model;
using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Changes;

/// <summary>One change of a window: a row of the change log, which is the audit trail as well.</summary>
internal sealed record WindowEvent
{
    /// <summary>The columns of <see cref="Read"/>.</summary>
    public const string Columns = "window_id, version, occurred_at, actor, actor_key_id, action, before, after";

    /// <summary>What a client may change, and how to read it from a window.</summary>
    private static readonly (string Name, Func<object, object?> Get)[] Fields =
    [
        .. from update in ContractsJson.Wire.MaintenanceWindowUpdate.Properties
           join field in ContractsJson.Wire.MaintenanceWindow.Properties on update.Name equals field.Name
           select (field.Name, field.Get!),
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
    public StoredWindow? Before { get; init; }

    /// <summary>Null after a purge.</summary>
    public StoredWindow? After { get; init; }

    /// <summary>The window's id and the version.</summary>
    public string Id => string.Create(CultureInfo.InvariantCulture, $"{WindowId}.{Version}");

    /// <summary>What the change changed, as the wire names it. What follows from every change (<c>updated_at</c>) is left out.</summary>
    public IEnumerable<string> ChangedFields => Before is { } before && After is { } after
        ? Fields.Where(f => !Same(f.Get(before), f.Get(after))).Select(f => f.Name)
        : [];

    /// <summary>The change as the other services get it.</summary>
    public WindowChange ToProto() => new()
    {
        Action = Action,
        Version = Version,
        OccurredAt = OccurredAt.ToTimestamp(),
        Actor = Actor,
        Before = Before?.ToProto(),
        After = After?.ToProto(),
    };

    /// <summary>The change's JSON shape.</summary>
    public MaintenanceEvent ToContract() => new()
    {
        Id = Id,
        WindowId = WindowId,
        Action = Action,
        Actor = Actor,
        ActorKeyId = ActorKeyId,
        OccurredAt = OccurredAt,
        ChangedFields = [.. ChangedFields],
        Before = Before,
        After = After,
    };

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

    private static bool Same(object? a, object? b) => a is IEnumerable<string> texts && b is IEnumerable<string> others ? texts.SequenceEqual(others) : Equals(a, b);
}
