using Xerotier.MaintenanceService.Api;
using Xerotier.MaintenanceService.Changes;
using Xerotier.MaintenanceService.Components;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.MaintenanceService.Incidents;

/// <summary>Carries out changes of incidents by <see cref="IncidentRules"/>, whose time is the database's.</summary>
internal sealed class IncidentWriter(IncidentStore store, ComponentStore components, Writes writes, MeasuredOutages outages, DatabaseClock clock)
{
    /// <summary>Creates an incident.</summary>
    public Task<ApiResponse> CreateAsync(HttpContext http, IncidentCreate fields, Idempotency? idempotency)
    {
        var caller = Caller.From(http.User);
        return writes.RepeatAloneAsync(
            caller.ProjectId,
            idempotency,
            async () =>
            {
                var set = await components.ReadAsync(http.RequestAborted);
                var incident = IncidentRules.Create(fields, caller.ProjectId, caller.KeyName, set, clock.Now).Value;
                var response = ApiResponse.Created(await outages.WarnAsync(incident, http.RequestAborted), ContractsJson.Wire.Incident, http.Request.Path);
                return await store.CreateAsync(set, incident, outage: null, new(Actor.Of(caller), "created", incident.CreatedAt, response, idempotency), http.RequestAborted) ? response : null;
            },
            http.RequestAborted);
    }

    /// <summary>Changes the fields of an incident.</summary>
    public Task<ApiResponse> ChangeAsync(HttpContext http, string projectId, string id, IncidentChange fields, bool removesOverride) =>
        ReplaceAsync(http, projectId, id, "updated", null, (incident, set, now) => (IncidentRules.Change(incident, fields, removesOverride, set, now).Value, null));

    /// <summary>Posts an update.</summary>
    public Task<ApiResponse> PostAsync(HttpContext http, string projectId, string id, IncidentUpdateCreate fields, Idempotency? idempotency) =>
        ReplaceAsync(http, projectId, id, "posted", idempotency, (incident, set, now) =>
            IncidentRules.Post(incident, fields, Caller.From(http.User).KeyName, set, now).Value is var next ? (next, next.Updates[^1].Id) : default);

    /// <summary>Edits an update.</summary>
    public Task<ApiResponse> EditAsync(HttpContext http, string projectId, string id, string updateId, IncidentUpdateChange fields) =>
        ReplaceAsync(http, projectId, id, "edited", null, (incident, set, now) => incident.Updates.Any(update => update.Id == updateId)
            ? (IncidentRules.Edit(incident, updateId, fields, set, now).Value, updateId)
            : throw new ApiException(ApiErrors.NotFound("The incident has no update of this id.")));

    /// <summary>Publishes a draft.</summary>
    public Task<ApiResponse> PublishAsync(HttpContext http, string projectId, string id, Idempotency? idempotency) =>
        ReplaceAsync(http, projectId, id, "published", idempotency, (incident, set, now) => (IncidentRules.Publish(incident, set, now).Value, null));

    /// <summary>Deletes a draft for good.</summary>
    public Task<ApiResponse> DeleteAsync(HttpContext http, string projectId, string id) => WriteAsync(http, projectId, id, idempotency: null, async (draft, actor) =>
    {
        if (IncidentRules.DeleteError(draft) is { } error)
        {
            throw new ApiException(error);
        }

        var response = ApiResponse.Deleted(new() { Id = id }, ContractsJson.Wire.IncidentDeleted);
        return await store.DeleteAsync(draft, new(actor, "deleted", clock.Now, response, null), http.RequestAborted) ? response : null;
    });

    /// <param name="http">The request.</param>
    /// <param name="projectId">The project.</param>
    /// <param name="id">The incident.</param>
    /// <param name="action">What the audit trail calls it.</param>
    /// <param name="idempotency">The request's key.</param>
    /// <param name="judge">The incident's next form, and the id of the update that differs.</param>
    private Task<ApiResponse> ReplaceAsync(
        HttpContext http, string projectId, string id, string action, Idempotency? idempotency, Func<StoredIncident, ComponentSet, DateTimeOffset, (StoredIncident Next, string? UpdateId)> judge) =>
        WriteAsync(http, projectId, id, idempotency, async (incident, actor) =>
        {
            var set = await components.ReadAsync(http.RequestAborted);
            var now = clock.Now;
            var (next, updateId) = judge(incident, set, now);
            var resolves = next.ResolvedAt != incident.ResolvedAt || next.Draft != incident.Draft;
            var response = ApiResponse.Ok(resolves ? await outages.WarnAsync(next, http.RequestAborted) : next, ContractsJson.Wire.Incident);
            var change = new Change(actor, action, next.UpdatedAt, response, idempotency);
            var done = next.Version == incident.Version
                ? await writes.KeepAsync(projectId, change with { At = now }, http.RequestAborted)
                : await store.ReplaceAsync(set, incident, next, updateId, change, http.RequestAborted);
            return done ? response : null;
        });

    private Task<ApiResponse> WriteAsync(HttpContext http, string projectId, string id, Idempotency? idempotency, Func<StoredIncident, Actor, Task<ApiResponse?>> attempt)
    {
        var actor = Actor.Of(Caller.From(http.User));
        return writes.RepeatAloneAsync(
            projectId,
            idempotency,
            async () =>
            {
                var incident = await store.RequireAsync(projectId, id, http.RequestAborted);
                EntityTags.CheckIfMatch(http.Request, IVersioned.ETagOf(incident.Version));
                return await attempt(incident, actor);
            },
            http.RequestAborted);
    }
}
