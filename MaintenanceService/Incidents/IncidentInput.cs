using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.MaintenanceService.Incidents;

/// <summary>Reads what clients send of an incident, and reports everything that is wrong at once.</summary>
internal static class IncidentInput
{
    private const int LongestBody = 10_000;
    private const int MostComponents = 50;

    private static readonly HashSet<string> ReadOnly =
    [
        .. ContractsJson.Wire.Incident.Properties.Concat(ContractsJson.Wire.IncidentUpdate.Properties).Select(p => p.Name)
            .Except(ContractsJson.Wire.IncidentCreate.Properties.Select(p => p.Name)),
    ];

    /// <summary>The fields of a new incident and of its first update; null is absence, and what is required is there.</summary>
    /// <exception cref="ApiException">400 with every invalid field.</exception>
    public static IncidentCreate ForCreate(byte[] body)
    {
        var json = JsonFields.Parse(body);
        var fields = new IncidentCreate
        {
            Title = Title(json)!,
            Status = Status(json),
            Body = Body(json)!,
            Components = Components(json),
            StartedAt = json.Time("started_at"),
            At = json.Time("at"),
            ImpactOverride = Impact(json),
            Notify = json.Flag("notify"),
            Draft = json.Flag("draft"),
        };
        json.Require("title", "body");
        Finish(json, "an incident");
        return fields;
    }

    /// <summary>The fields that a PATCH names, and whether it removes the impact that was set by hand; of any other field null is an error.</summary>
    /// <exception cref="ApiException">400 with every invalid field.</exception>
    public static (IncidentChange Fields, bool RemovesOverride) ForChange(byte[] body)
    {
        var json = JsonFields.Parse(body, refusesNull: true);
        var removes = json.IsNull("impact_override");
        var fields = new IncidentChange { Title = Title(json), ImpactOverride = removes ? null : Impact(json), StartedAt = json.Time("started_at") };
        Finish(json, "an incident that can be changed");
        return (fields, removes);
    }

    /// <summary>The fields of a new update; null is absence, and what is required is there.</summary>
    /// <exception cref="ApiException">400 with every invalid field.</exception>
    public static IncidentUpdateCreate ForUpdate(byte[] body)
    {
        var json = JsonFields.Parse(body);
        var fields = new IncidentUpdateCreate
        {
            Status = Status(json),
            Body = Body(json)!,
            Components = Components(json),
            At = json.Time("at"),
            Notify = json.Flag("notify"),
        };
        json.Require("body");
        Finish(json, "an update");
        return fields;
    }

    /// <summary>The fields of an update that a PATCH names; null is an error.</summary>
    /// <exception cref="ApiException">400 with every invalid field.</exception>
    public static IncidentUpdateChange ForUpdateChange(byte[] body)
    {
        var json = JsonFields.Parse(body, refusesNull: true);
        var fields = new IncidentUpdateChange { Body = Body(json), At = json.Time("at"), Components = Components(json) };
        Finish(json, "an update that can be changed");
        return fields;
    }

    private static string? Title(JsonFields json) => json.Text("title", 1, 200);

    /// <summary>Markdown is text here: what shows it takes no HTML, images or other schemes from it.</summary>
    private static string? Body(JsonFields json) => json.Text("body", 1, LongestBody, lines: true);

    private static IncidentStatus? Status(JsonFields json) =>
        json.OneOf("status", WireNames.IncidentStatus, "investigating, identified, monitoring, resolved or postmortem");

    private static IncidentImpact? Impact(JsonFields json) => json.OneOf("impact_override", WireNames.Impact, "none, minor, major or critical");

    private static List<ComponentDeclaration>? Components(JsonFields json)
    {
        if (json.NestedList("components", MostComponents) is not { } items)
        {
            return null;
        }

        var declared = new List<ComponentDeclaration>();
        foreach (var item in items)
        {
            item.Require("id", "status");
            var (id, status) = (item.Text("id", 1, 64), item.OneOf("status", WireNames.Declared, "operational, degraded or outage"));
            if (id is not null && declared.Exists(other => other.Id == id))
            {
                item.Invalid("id", "is named twice.");
            }
            else if (id is not null)
            {
                declared.Add(new() { Id = id, Status = status ?? DeclaredStatus.Operational });
            }
        }

        return declared;
    }

    private static void Finish(JsonFields json, string what) => json.ThrowIfInvalid(name => ReadOnly.Contains(name)
        ? $"'{name}' is set by the service and cannot be sent."
        : $"'{name}' is not a field of {what}.");
}
