using System.Text.Json;
using Xerotier.OperatorConsole.Visits;

namespace Xerotier.OperatorConsole.Audit;

/// <summary>The audit trail of the whole project, and that of keys, which the Gateway keeps.</summary>
internal static class AuditEndpoints
{
    private const string PlatformKeys = "platform_key";

    public static void MapAudit(this IEndpointRouteBuilder pages) => pages.MapGet("audit", ShowAsync);

    private static async Task<IResult> ShowAsync(Visit visit)
    {
        switch (Object(visit))
        {
            case "api_key":
                return await ShowKeysAsync(visit, visit.OfProject("management/keys/events"), "/console/keys");
            case PlatformKeys:
                _ = visit.Platform();
                return await ShowKeysAsync(visit, "/v1/platform/keys/events", "/console/platform/keys");
        }

        var list = await visit.Api.GetAsync(visit.OfProject($"management/events?{visit.ListQuery(50, "object")}"), AuditJson.Default.JsonElement);
        return Page(visit, list.GetProperty("data").EnumerateArray().Select(AuditEntry.Of), list.GetProperty("last_id").GetString(), list.GetProperty("has_more").GetBoolean());
    }

    /// <summary>The kind of objects that was asked for. Who has a platform key alone sees no others than those keys.</summary>
    private static string Object(Visit visit) => visit.Http.Request.Query["object"].ToString() is { Length: > 0 } asked ? asked : visit.Held is { Project: null, Platform: not null } ? PlatformKeys : "";

    private static async Task<IResult> ShowKeysAsync(Visit visit, string path, string page)
    {
        var list = await visit.Api.GetAsync($"{path}?{visit.ListQuery(50)}", ContractsJson.Wire.ListPageApiKeyEvent);
        return Page(visit, list.Data.Select(change => new AuditEntry("Key", change.Name, page, change.Action, change.Actor, change.OccurredAt, [])), list.LastId, list.HasMore);
    }

    private static IResult Page(Visit visit, IEnumerable<AuditEntry> events, string? lastId, bool hasMore) => visit.Page<AuditPage>(new()
    {
        [nameof(AuditPage.Events)] = events.ToList(),
        [nameof(AuditPage.Object)] = Object(visit),
        [nameof(AuditPage.LastId)] = lastId,
        [nameof(AuditPage.HasMore)] = hasMore,
    });
}

/// <summary>Events are of several kinds: each is read by what they have in common.</summary>
[System.Text.Json.Serialization.JsonSerializable(typeof(JsonElement))]
internal sealed partial class AuditJson : System.Text.Json.Serialization.JsonSerializerContext;

/// <summary>One change of an object.</summary>
/// <param name="Kind">The object's kind, in words.</param>
/// <param name="Name">Its title or name.</param>
/// <param name="Page">Where it is; null: nowhere any more, or not in the console.</param>
/// <param name="Action">What was done.</param>
/// <param name="Actor">By whom.</param>
/// <param name="At">When.</param>
/// <param name="Changes">Each changed field with what it was and is; a time as the API writes it.</param>
public sealed record AuditEntry(string Kind, string Name, string? Page, string Action, string Actor, DateTimeOffset At, IReadOnlyList<(string Field, string Before, string After)> Changes)
{
    private static readonly (string Object, string IdField, string Kind, string Page)[] Kinds =
    [
        ("maintenance_window.event", "window_id", "Window", "/console/maintenance/"),
        ("maintenance_series.event", "series_id", "Series", "/console/recurring/"),
        ("incident.event", "incident_id", "Incident", "/console/incidents/"),
        ("component.event", "component_id", "Component", "/console/platform/components/"),
    ];

    /// <summary>Reads an event of the API.</summary>
    public static AuditEntry Of(JsonElement change)
    {
        var type = change.GetProperty("object").GetString();
        var (_, idField, kind, page) = Kinds.FirstOrDefault(one => one.Object == type, (Object: "", IdField: "id", Kind: "Object", Page: ""));
        var (before, after) = (ObjectIn(change, "before"), ObjectIn(change, "after"));
        var now = after ?? before;
        return new(
            kind,
            (now is { } named ? Text(named, "title") ?? Text(named, "name") : null) ?? "",
            after is null || page.Length == 0 ? null : page + change.GetProperty(idField).GetString(),
            change.GetProperty("action").GetString() ?? "",
            change.GetProperty("actor").GetString() ?? "",
            change.GetProperty("occurred_at").GetDateTimeOffset(),
            [.. change.GetProperty("changed_fields").EnumerateArray().Select(field => field.GetString()!).Select(field => Objects(before, field) is { } was && Objects(after, field) is { } now
                ? (field, InWords(was.Except(now)), InWords(now.Except(was)))
                : (field, Value(before, field), Value(after, field)))]);
    }

    private static JsonElement? ObjectIn(JsonElement change, string name) => change.TryGetProperty(name, out var found) && found.ValueKind == JsonValueKind.Object ? found : null;

    private static string? Text(JsonElement of, string name) => of.TryGetProperty(name, out var text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null;

    private static string Value(JsonElement? of, string field) => of is { } found && found.TryGetProperty(field, out var value)
        ? value.ValueKind switch
        {
            JsonValueKind.String => value.GetString() ?? "",
            JsonValueKind.Null => "–",
            JsonValueKind.Array when value.GetArrayLength() > 0 && value.EnumerateArray().All(one => one.ValueKind == JsonValueKind.String) => Cut(string.Join(", ", value.EnumerateArray().Select(one => one.GetString()))),
            _ => Cut(value.GetRawText()),
        }
        : "–";

    /// <summary>A list of objects, each in words: an update by its status and text, a component by its name and status; null: it is none of these.</summary>
    private static List<string>? Objects(JsonElement? of, string field) =>
        of is { } found && found.TryGetProperty(field, out var list) && list.ValueKind == JsonValueKind.Array && list.EnumerateArray().All(one => one.ValueKind == JsonValueKind.Object && Text(one, "status") is not null)
            ? [.. list.EnumerateArray().Select(one => Text(one, "body") is { } body ? $"{Text(one, "status")}: {body}" : $"{Text(one, "name") ?? Text(one, "id")}: {Text(one, "status")}")]
            : null;

    private static string InWords(IEnumerable<string> items) => string.Join("\n", items) is { Length: > 0 } words ? words : "–";

    private static string Cut(string text) => text.Length > 300 ? text[..300] + "…" : text;
}
