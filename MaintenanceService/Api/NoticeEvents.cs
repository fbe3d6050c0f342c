using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Npgsql;
using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Api;

/// <summary>One change of a component, an incident or a series: a row of the change log, which is the audit trail as well.</summary>
/// <param name="ObjectId">The object.</param>
/// <param name="Version">The version that the change made.</param>
/// <param name="OccurredAt">When.</param>
/// <param name="Actor">Who.</param>
/// <param name="ActorKeyId">Whose key; null when the product did it by itself.</param>
/// <param name="Action">What.</param>
/// <param name="Before">The object's JSON before the change; null for the first.</param>
/// <param name="After">The object's JSON after the change; null when it is gone.</param>
internal sealed record NoticeEvent(
    string ObjectId, long Version, DateTimeOffset OccurredAt, string Actor, string? ActorKeyId, string Action, JsonElement? Before, JsonElement? After)
{
    /// <summary>What follows from every change.</summary>
    private static readonly string[] Consequences = ["updated_at", "updates_count"];

    /// <summary>The event's id: the object's and the version.</summary>
    public string Id => string.Create(CultureInfo.InvariantCulture, $"{ObjectId}.{Version}");

    /// <summary>Names of the fields that differ, in the order of the object's shape on the wire.</summary>
    public IReadOnlyList<string> ChangedFields(JsonTypeInfo shape) => Before is { } before && After is { } after
        ? [.. shape.Properties.Select(property => property.Name).Where(name => !Consequences.Contains(name) && !AreSame(before, after, name))]
        : [];

    private static bool AreSame(JsonElement before, JsonElement after, string name)
    {
        var (was, isNow) = (before.TryGetProperty(name, out var old), after.TryGetProperty(name, out var now));
        return was && isNow ? JsonElement.DeepEquals(old, now) : was == isNow;
    }
}

/// <summary>The changes of components, incidents and series: their part of the change log, and what their writes have in common.</summary>
internal sealed class NoticeEvents(ProjectDatabase database)
{
    /// <summary>The columns of <see cref="Read(NpgsqlDataReader)"/>, which <see cref="Changes.WindowEvent.Columns"/> has in the same order.</summary>
    public const string Columns = "object_id, version, occurred_at, actor, actor_key_id, action, before, after";

    /// <summary>
    /// Begins a write, which waits for the one before. The lock is of its own statement, so that the next one sees everything that was
    /// written before it got the lock, and may judge by several objects at once.
    /// </summary>
    public const string Lock = "select count(pg_advisory_xact_lock(hashtextextended('components and incidents', 0)));\n";

    /// <summary>Holds while the components are those by which the write was judged, <c>@components</c>.</summary>
    public const string SameComponents = "(select coalesce(sum(version), 0) from components) = @components";

    /// <summary>Holds for incidents that name the component of <c>@component</c>.</summary>
    public const string NamesComponent = "document -> 'components' @> jsonb_build_array(jsonb_build_object('id', @component))";

    /// <summary>Up to <paramref name="limit"/> changes of an object before the given version, newest first; none when there never was such an object.</summary>
    public async Task<List<NoticeEvent>> ListAsync(string projectId, string objectId, long before, int limit, CancellationToken cancellation)
    {
        await using var command = database.Command(projectId, $"""
            select {Columns} from notice_events
            where project_id = @project and object_id = @id and version < @before order by version desc limit @limit
            """).Text("id", objectId).Number("before", before).Number("limit", limit);
        return await command.ReadAllAsync(Read, cancellation);
    }

    /// <summary>The change of a row with <see cref="Columns"/>, in their order.</summary>
    public static NoticeEvent Read(NpgsqlDataReader row) => new(
        row.GetString(0), row.GetInt64(1), row.GetFieldValue<DateTimeOffset>(2), row.GetString(3), row.TextOrNull("actor_key_id"), row.GetString(5), Json(row, 6), Json(row, 7));

    /// <summary>The object's form before or after a change, as any version of the product wrote it.</summary>
    public static T? Read<T>(JsonElement? json, JsonTypeInfo<T> anyVersion)
        where T : class => json is { } element ? element.Deserialize(anyVersion) : null;

    private static JsonElement? Json(NpgsqlDataReader row, int column)
    {
        if (row.IsDBNull(column))
        {
            return null;
        }

        using var document = JsonDocument.Parse(row.GetFieldValue<byte[]>(column));
        return document.RootElement.Clone();
    }
}
