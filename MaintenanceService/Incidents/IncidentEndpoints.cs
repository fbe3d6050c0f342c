using Xerotier.MaintenanceService.Api;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.MaintenanceService.Incidents;

/// <summary>The management API of incidents, for the platform's own projects. The Gateway passes its paths on unchanged.</summary>
internal static class IncidentEndpoints
{
    public static void MapIncidents(this IEndpointRouteBuilder routes)
    {
        var incidents = routes.MapGroup("/{projectId}/v1/management/incidents")
            .RequireAuthorization(Policies.Management)
            .AddEndpointFilter<SchemaFilter>()
            .OfPlatformProjects("Incidents");
        incidents.MapMethods("", Requests.Read, ListAsync);
        incidents.MapPost("", CreateAsync);
        incidents.MapMethods("{id}", Requests.Read, GetAsync);
        incidents.MapPatch("{id}", UpdateAsync);
        incidents.MapDelete("{id}", DeleteAsync);
        incidents.MapPost("{id}/updates", PostAsync);
        incidents.MapPatch("{id}/updates/{updateId}", EditAsync);
        incidents.MapPost("{id}/publish", PublishAsync);
        incidents.MapMethods("{id}/events", Requests.Read, ListEventsAsync);

        incidents.Refuse("", "GET, HEAD, POST");
        incidents.Refuse("{id}", "GET, HEAD, PATCH, DELETE");
        incidents.Refuse("{id}/updates", "POST");
        incidents.Refuse("{id}/updates/{updateId}", "PATCH");
        incidents.Refuse("{id}/publish", "POST");
        incidents.Refuse("{id}/events", "GET, HEAD");
        incidents.Map("{id}/{**rest}", IResult () => throw new ApiException(ApiErrors.NotFound()));
    }

    private static async Task<IResult> ListAsync(HttpContext http, string projectId, IncidentStore store)
    {
        var fields = new QueryFields(http.Request.Query);
        var statuses = fields.Many("status", WireNames.IncidentStatus, "one of investigating, identified, monitoring, resolved or postmortem; repeat the parameter for several");
        var draft = fields.Flag("draft");
        var query = ListQuery.From(fields);
        var start = await query.StartAsync(StoredIncident.IdPrefix, after => store.FindStartAsync(projectId, after, http.RequestAborted));
        var found = await store.ListAsync(
            projectId, statuses.Count > 0 ? statuses : Enum.GetValues<IncidentStatus>(), draft, start, query.After, query.Limit + 1, http.RequestAborted);
        return ApiResponse.Page<Incident>(found, query.Limit, incident => incident.Id, ContractsJson.Wire.ListPageIncident);
    }

    private static async Task<IResult> CreateAsync(HttpContext http, string projectId, IncidentWriter writer)
    {
        var body = await Requests.BodyAsync(http.Request);
        return await writer.CreateAsync(http, IncidentInput.ForCreate(body), Idempotency.From(http.Request, body));
    }

    private static async Task<IResult> GetAsync(HttpContext http, string projectId, string id, IncidentStore store) =>
        ApiResponse.Ok(await store.RequireAsync(projectId, id, http.RequestAborted), ContractsJson.Wire.Incident).UnlessCurrent(http);

    private static async Task<IResult> UpdateAsync(HttpContext http, string projectId, string id, IncidentWriter writer)
    {
        var (fields, removesOverride) = IncidentInput.ForChange(await Requests.BodyAsync(http.Request));
        return await writer.ChangeAsync(http, projectId, id, fields, removesOverride);
    }

    private static async Task<IResult> DeleteAsync(HttpContext http, string projectId, string id, IncidentWriter writer) =>
        await writer.DeleteAsync(http, projectId, id);

    private static async Task<IResult> PostAsync(HttpContext http, string projectId, string id, IncidentWriter writer)
    {
        var body = await Requests.BodyAsync(http.Request);
        return await writer.PostAsync(http, projectId, id, IncidentInput.ForUpdate(body), Idempotency.From(http.Request, body));
    }

    private static async Task<IResult> EditAsync(HttpContext http, string projectId, string id, string updateId, IncidentWriter writer) =>
        await writer.EditAsync(http, projectId, id, updateId, IncidentInput.ForUpdateChange(await Requests.BodyAsync(http.Request)));

    private static async Task<IResult> PublishAsync(HttpContext http, string projectId, string id, IncidentWriter writer) =>
        await writer.PublishAsync(http, projectId, id, await Idempotency.OfBareAsync(http.Request));

    private static async Task<IResult> ListEventsAsync(HttpContext http, string projectId, string id, IncidentStore store) => await ListQuery.OfEventsAsync(
        http.Request,
        id,
        async (before, limit) => Id.IsWellFormed(StoredIncident.IdPrefix, id) ? await store.ListEventsAsync(projectId, id, before, limit, http.RequestAborted) : [],
        change => change.Id,
        ContractsJson.Wire.ListPageIncidentEvent);
}
