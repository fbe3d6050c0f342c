using System.Text.Json;
using System.Text.Json.Serialization;
using Xerotier.Maintenance.V1;
using Xerotier.StatusService.Model;
using Component = Xerotier.StatusService.Model.Component;

namespace Xerotier.StatusService.Board;

/// <summary>What people announce beside the maintenance windows: the components, and the published incidents that are open or touch the last 100 days.</summary>
/// <param name="Components">All components in page order, the archived ones too.</param>
/// <param name="Incidents">The incidents, newest start first. Of older ones the bodies are empty.</param>
public sealed record Announcements(IReadOnlyList<Component> Components, IReadOnlyList<PageIncident> Incidents)
{
    private Dictionary<string, IReadOnlyList<Interval>>? declared;

    /// <summary>Before the first message of any service: the built-in components.</summary>
    public static Announcements None { get; } = new(Model.Components.BuiltIn, []);

    /// <summary>The components that are not archived, in page order.</summary>
    [JsonIgnore]
    public IEnumerable<Component> Current => Components.Where(c => c.ArchivedAt is null);

    /// <summary>The incidents that are not resolved, newest start first.</summary>
    [JsonIgnore]
    public IEnumerable<PageIncident> Open => Incidents.Where(i => i.Status is not (IncidentStatus.Resolved or IncidentStatus.Postmortem));

    /// <summary>The announcements of a feed.</summary>
    public static Announcements From(IEnumerable<ComponentNotice> components, IEnumerable<IncidentNotice> incidents) => new(
        components.Select(ToModel).ToList() is { Count: > 0 } known ? Model.Components.InOrder(known) : Model.Components.BuiltIn, // an older MaintenanceService tells none
        [.. incidents.Select(i => i.Value?.ToPublic()).OfType<PageIncident>().OrderByDescending(i => i.StartedAt).ThenBy(i => i.Id, StringComparer.Ordinal)]);

    /// <summary>When incidents declare the component with this key degraded or out, by time.</summary>
    public IReadOnlyList<Interval> Declared(string key)
    {
        declared ??= Incidents.SelectMany(Declarations.Of).GroupBy(d => d.ComponentId)
            .ToDictionary(line => Component.KeyOf(line.Key), IReadOnlyList<Interval> (line) => Declarations.Merge(line), StringComparer.Ordinal);
        return declared.GetValueOrDefault(key, []);
    }

    /// <summary>What incidents declare of the component at this second: operational, degraded or outage.</summary>
    public ComponentStatus DeclaredAt(string key, long second)
    {
        foreach (var interval in Declared(key))
        {
            if (interval.From <= second && second < interval.To)
            {
                return interval.State is Recorded.Outage ? ComponentStatus.Outage : ComponentStatus.Degraded;
            }
        }

        return ComponentStatus.Operational;
    }

    /// <summary>The title of the incident, of those that started last, that declares the component to be in this state at this second; null: none does.</summary>
    public string? TitleOf(Component component, ComponentStatus declared, long second)
    {
        var state = declared is ComponentStatus.Outage ? Recorded.Outage : Recorded.Degraded;
        return Incidents.FirstOrDefault(i => Declarations.Of(i).Any(d => d.ComponentId == component.Id && d.State == state && d.From <= second && second < d.To))?.Title;
    }

    /// <summary>The open incidents that name the component, newest start first.</summary>
    public IEnumerable<PageIncident> Naming(Component component) => Open.Where(i => i.Components.Any(c => c.Id == component.Id));

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    public static Announcements? FromJson(string? json) => json is null ? null : JsonSerializer.Deserialize(json, AnnouncementsJson.Default.Announcements);

    /// <summary>The announcements as they are stored.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, AnnouncementsJson.Default.Announcements);

    private static Component ToModel(ComponentNotice notice) => new(notice.Id, notice.Value.Name, notice.Value.Position)
    {
        Description = notice.Value.Description,
        Group = notice.Value.Group,
        OnlyShowIfDegraded = notice.Value.OnlyShowIfDegraded,
        StartDate = notice.Value.StartDate,
        ArchivedAt = notice.Value.ArchivedAt,
        Probe = notice.Value.Probe,
        Probed = [.. notice.Probed.Select(span => new ProbedSpan(span.From.Seconds, span.To?.Seconds))],
    };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Announcements))]
internal sealed partial class AnnouncementsJson : JsonSerializerContext;
