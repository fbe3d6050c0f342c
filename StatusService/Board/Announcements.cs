using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Xerotier.Maintenance.V1;
using Xerotier.StatusService.Model;
using Component = Xerotier.StatusService.Model.Component;

namespace Xerotier.StatusService.Board;

/// <summary>What people announce beside the maintenance windows: the components, and the published incidents that are open or touch the last 100 days. Immutable, and one object for each change: whoever has seen it has seen its content.</summary>
/// <param name="components">All components in page order, the archived ones too.</param>
/// <param name="incidents">The incidents, newest start first. Of older ones the bodies are empty.</param>
public sealed class Announcements(IReadOnlyList<Component> components, IReadOnlyList<PageIncident> incidents)
{
    private static readonly JsonTypeInfo<Announcements> Stored = ContractsJson.FromAnyVersion(AnnouncementsJson.Default.Options, AnnouncementsJson.Default.Announcements);

    private readonly Lazy<Dictionary<string, Line>> lines = new(() => LinesOf(incidents));

    /// <summary>Before the first message of any service: the built-in components.</summary>
    public static Announcements None { get; } = new(Model.Components.BuiltIn, []);

    /// <summary>All components in page order, the archived ones too.</summary>
    public IReadOnlyList<Component> Components { get; } = components;

    /// <summary>The incidents, newest start first. Of older ones the bodies are empty.</summary>
    public IReadOnlyList<PageIncident> Incidents { get; } = incidents;

    /// <summary>The components that are not archived, in page order.</summary>
    [JsonIgnore]
    public IReadOnlyList<Component> Current { get; } = [.. components.Where(c => c.ArchivedAt is null)];

    /// <summary>The incidents that are not resolved, newest start first.</summary>
    [JsonIgnore]
    public IReadOnlyList<PageIncident> Open { get; } = [.. incidents.Where(i => i.Status is not (IncidentStatus.Resolved or IncidentStatus.Postmortem))];

    /// <summary>The announcements of a feed.</summary>
    public static Announcements From(IEnumerable<ComponentNotice> components, IEnumerable<IncidentNotice> incidents) => new(
        components.Select(ToModel).ToList() is { Count: > 0 } known ? Model.Components.InOrder(known) : Model.Components.BuiltIn, // an older MaintenanceService tells none
        Published(incidents));

    /// <summary>The same components with other incidents.</summary>
    public Announcements With(IEnumerable<IncidentNotice> incidents) => new(Components, Published(incidents));

    /// <summary>When incidents declare the component with this key degraded or out, by time, without overlaps.</summary>
    public IReadOnlyList<Interval> Declared(string key) => lines.Value.TryGetValue(key, out var line) ? line.Merged : [];

    /// <summary>What each incident declares of the component with this key, newest start first.</summary>
    public IReadOnlyList<(PageIncident Incident, DeclaredInterval Declared)> DeclaredBy(string key) => lines.Value.TryGetValue(key, out var line) ? line.Each : [];

    /// <summary>What incidents declare of the component with this key at this second: operational, or the worst that one says, with that one's title as the reason.</summary>
    public Verdict DeclaredAt(string key, long second)
    {
        (PageIncident Incident, DeclaredInterval Declared)? worst = null;
        foreach (var each in DeclaredBy(key))
        {
            if (each.Declared.From <= second && second < each.Declared.To && !(worst?.Declared.State >= each.Declared.State))
            {
                worst = each;
            }
        }

        return worst is var (incident, declared)
            ? new(declared.State is RecordedState.Outage ? ComponentStatus.Outage : ComponentStatus.Degraded, incident.Title)
            : Verdict.Operational;
    }

    /// <summary>The open incidents that name the component, newest start first.</summary>
    public IEnumerable<PageIncident> Naming(Component component) => Open.Where(i => i.Components.Any(c => c.Id == component.Id));

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    public static Announcements? FromJson(string? json) => json is null ? null : JsonSerializer.Deserialize(json, Stored);

    /// <summary>The announcements as they are stored.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, AnnouncementsJson.Default.Announcements);

    private static IReadOnlyList<PageIncident> Published(IEnumerable<IncidentNotice> incidents) =>
        [.. incidents.Select(i => i.Value?.ToPublic()).OfType<PageIncident>().OrderByDescending(i => i.StartedAt).ThenBy(i => i.Id, StringComparer.Ordinal)];

    private static Dictionary<string, Line> LinesOf(IReadOnlyList<PageIncident> incidents) => incidents
        .SelectMany(incident => Declarations.Of(incident).Select(declared => (Incident: incident, Declared: declared)))
        .GroupBy(each => Component.KeyOf(each.Declared.ComponentId), StringComparer.Ordinal)
        .ToDictionary(line => line.Key, line => new Line(Declarations.Merge(line.Select(each => each.Declared)), [.. line]), StringComparer.Ordinal);

    private static Component ToModel(ComponentNotice notice) => new(notice.Id, notice.Value.Name, notice.Value.Position)
    {
        Description = notice.Value.Description,
        Group = notice.Value.Group,
        OnlyShowIfDegraded = notice.Value.OnlyShowIfDegraded,
        CreatedAt = notice.Value.CreatedAt,
        UpdatedAt = notice.Value.UpdatedAt,
        StartDate = notice.Value.StartDate,
        ArchivedAt = notice.Value.ArchivedAt,
        Probe = notice.Value.Probe,
        Probed = [.. notice.Probed.Select(span => new ProbedSpan(span.From.Seconds, span.To?.Seconds))],
    };

    /// <summary>What is declared of one component.</summary>
    private sealed record Line(IReadOnlyList<Interval> Merged, IReadOnlyList<(PageIncident Incident, DeclaredInterval Declared)> Each);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Announcements))]
internal sealed partial class AnnouncementsJson : JsonSerializerContext;
