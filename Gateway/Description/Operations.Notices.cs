using Xerotier.Contracts;

namespace Xerotier.Gateway.Description;

/// <content>Incidents and components.</content>
internal static partial class Operations
{
    public static readonly Operation ListIncidents = new("listIncidents", Tags.Incidents, "List incidents", $"The project's incidents, latest start first, each with its newest update alone. {PagedById}")
    {
        Parameters = [Parameters.IncidentStatus, Parameters.Draft, Parameters.Limit, Parameters.After with { Example = Parameters.IncidentId.Example }],
        Responses = [new(200, "One page of incidents.", Body.Json<ListPage<Incident>>())],
        Errors = [400],
    };

    public static readonly Operation CreateIncident = new(
        "createIncident", Tags.Incidents, "Create an incident", "With its first update. It is on the status page at once, unless it is a draft. At most 50 incidents are open at once. Only the platform's own projects have incidents (403 scope_insufficient).")
    {
        Parameters = [Parameters.IdempotencyKey],
        Request = Body.Json<IncidentCreate>("""{"at": null, "impact_override": null, "notify": null, "draft": null}"""),
        Responses = [new(201, "The new incident.", Body.Json<Incident>("""{"status": "investigating", "impact": "minor"}"""), "ETag", "Location")],
        Errors = [400, 409],
    };

    public static readonly Operation GetIncident = new("getIncident", Tags.Incidents, "Get an incident", "With all of its updates. Its updates move its ETag.")
    {
        Parameters = [Parameters.IncidentId, Parameters.IfNoneMatch],
        Responses = [new(200, "The incident.", Body.Json<Incident>(), "ETag"), new(304, Unmodified)],
    };

    public static readonly Operation UpdateIncident = new(
        "updateIncident", Tags.Incidents, "Change an incident", "Fields that are absent keep their value; impact_override: null lets the impact be computed again. State and components change by an update.")
    {
        Parameters = [Parameters.IncidentId, Parameters.IfMatch],
        Request = Body.Json<IncidentChange>("""{"title": "Elevated errors in us-east and us-west", "impact_override": null, "started_at": null}"""),
        Responses = [new(200, "The incident.", Body.Json<Incident>("""{"title": "Elevated errors in us-east and us-west"}"""), "ETag")],
        Errors = [400, 409, 412],
    };

    public static readonly Operation DeleteIncident = new("deleteIncident", Tags.Incidents, "Delete a draft", "Removes a draft for good; its events stay. A published incident cannot be deleted (409).")
    {
        Parameters = [Parameters.IncidentId, Parameters.IfMatch],
        Responses = [new(200, "The draft is gone.", Body.Json<IncidentDeleted>())],
        Errors = [400, 409, 412],
    };

    public static readonly Operation PostIncidentUpdate = new(
        "postIncidentUpdate",
        Tags.Incidents,
        "Post an update",
        "investigating, identified and monitoring follow each other and lead to resolved. A resolved incident takes a postmortem, or is reopened as investigating within 24 hours. Resolving ends what the incident declares of components. An incident has at most 200 updates.")
    {
        Parameters = [Parameters.IncidentId, Parameters.IfMatch, Parameters.IdempotencyKey],
        Request = Body.Json<IncidentUpdateCreate>("""{"at": null, "notify": null}"""),
        Responses = [new(200, "The incident.", Body.Json<Incident>("""{"status": "identified"}"""), "ETag")],
        Errors = [400, 409, 412],
    };

    public static readonly Operation EditIncidentUpdate = new(
        "editIncidentUpdate", Tags.Incidents, "Edit an update", "Fields that are absent keep their value. The update is shown as edited, its earlier text stays in the incident's events, and nobody is notified again.")
    {
        Parameters = [Parameters.IncidentId, Parameters.IncidentUpdateId, Parameters.IfMatch],
        Request = Body.Json<IncidentUpdateChange>("""{"at": null, "components": null}"""),
        Responses = [new(200, "The incident.", Body.Json<Incident>(), "ETag")],
        Errors = [400, 409, 412],
    };

    public static readonly Operation PublishIncident = new("publishIncident", Tags.Incidents, "Publish a draft", "Every update of it counts as posted now. Publishing an incident again changes nothing.")
    {
        Parameters = [Parameters.IncidentId, Parameters.IfMatch, Parameters.IdempotencyKey],
        Responses = [new(200, "The published incident.", Body.Json<Incident>(), "ETag")],
        Errors = [400, 409, 412],
    };

    public static readonly Operation IncidentEvents = new("incidentEvents", Tags.Incidents, "List an incident's events", $"Every change of the incident, newest first, also after a draft was deleted. {PagedById}")
    {
        Parameters = [Parameters.IncidentId, Parameters.Limit, Parameters.After with { Example = "\"inc_7k3q0c1v2b3n4m5x6z7a.1\"" }],
        Responses = [new(200, "One page of events.", Body.Json<ListPage<IncidentEvent>>())],
        Errors = [400],
    };

    public static readonly Operation ListComponents = new("listComponents", Tags.Components, "List components", $"In the page's order: by position, then by name. {PagedById}")
    {
        Parameters = [Parameters.Archived, Parameters.Limit, Parameters.After with { Example = Parameters.ComponentId.Example }],
        Responses = [new(200, "One page of components.", Body.Json<ListPage<Component>>())],
        Errors = [400],
    };

    public static readonly Operation CreateComponent = new(
        "createComponent", Tags.Components, "Create a component", "It is a line of the status page at once. With a probe it is measured; without one it is operational unless an incident says otherwise. At most 50 are not archived.")
    {
        Parameters = [Parameters.IdempotencyKey],
        Request = Body.Json<ComponentCreate>(),
        Responses = [new(201, "The new component.", Body.Json<Component>(), "ETag", "Location")],
        Errors = [400, 409],
    };

    public static readonly Operation GetComponent = new("getComponent", Tags.Components, "Get a component", "Send its ETag as If-Match to change the component only if it is still the same.")
    {
        Parameters = [Parameters.ComponentId, Parameters.IfNoneMatch],
        Responses = [new(200, "The component.", Body.Json<Component>(), "ETag"), new(304, Unmodified)],
    };

    public static readonly Operation UpdateComponent = new(
        "updateComponent", Tags.Components, "Update a component", "Fields that are absent keep their value; null removes a description, a group or a probe. Built-in components can be reordered, grouped and described, nothing else (409).")
    {
        Parameters = [Parameters.ComponentId, Parameters.IfMatch],
        Request = Body.Json<ComponentUpdate>("""{"name": null, "description": null, "start_date": null, "only_show_if_degraded": null, "probe": null}"""),
        Responses = [new(200, "The component.", Body.Json<Component>("""{"position": 20, "updated_at": "2026-05-21T09:00:00Z"}"""), "ETag")],
        Errors = [400, 409, 412],
    };

    public static readonly Operation ArchiveComponent = new(
        "archiveComponent", Tags.Components, "Archive a component", "It leaves the page; its history stays, and its name is free again. A built-in one, or one that an open incident or a draft names, cannot be archived (409). Archiving it again changes nothing.")
    {
        Parameters = [Parameters.ComponentId, Parameters.IfMatch],
        Responses = [new(200, "The archived component.", Body.Json<Component>("""{"updated_at": "2026-05-21T09:00:00Z", "archived_at": "2026-05-21T09:00:00Z"}"""), "ETag")],
        Errors = [400, 409, 412],
    };

    public static readonly Operation ComponentEvents = new("componentEvents", Tags.Components, "List a component's events", $"Every change of the component, newest first. {PagedById}")
    {
        Parameters = [Parameters.ComponentId, Parameters.Limit, Parameters.After with { Example = "\"cmp_inference_routing.1\"" }],
        Responses = [new(200, "One page of events.", Body.Json<ListPage<ComponentEvent>>())],
        Errors = [400],
    };

    public static readonly Operation ListProjectComponents = new(
        "listProjectComponents", Tags.Components, "List components as a project", $"What incidents can declare, and windows can affect, in the page's order. Only the platform's own projects see it (403 scope_insufficient); a platform key changes components. {PagedById}")
    {
        Parameters = [Parameters.Archived, Parameters.Limit, Parameters.After with { Example = Parameters.ComponentId.Example }],
        Responses = [new(200, "One page of components.", Body.Json<ListPage<Component>>())],
        Errors = [400],
    };

    public static readonly Operation ListEvents = new(
        "listEvents",
        Tags.Audit,
        "List a project's events",
        $"Every change of the project's windows, series and incidents, newest first, also of those that were removed since; for a project of the platform the changes of the components, too. Each has the shape that the events of its object have. {PagedById}")
    {
        Parameters = [Parameters.EventObject, Parameters.Limit, Parameters.After with { Example = "\"mw_7k3q0c1v2b3n4m5x6z7a.1\"" }],
        Responses = [new(200, "One page of events.", Body.Json<ListPage<ChangeEvent>>())],
        Errors = [400],
    };
}
