using Xerotier.MaintenanceService.Api;
using Xerotier.MaintenanceService.Changes;
using Xerotier.MaintenanceService.Model;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.MaintenanceService.Components;

/// <summary>Carries out changes of components by <see cref="ComponentRules"/>, whose time is the database's.</summary>
internal sealed class ComponentWriter(ComponentStore store, Writes writes, DatabaseClock clock)
{
    /// <summary>404.</summary>
    public static ApiException NotFound() => new(ApiErrors.NotFound("There is no component of this id."));

    /// <summary>Creates a component.</summary>
    public Task<ApiResponse> CreateAsync(HttpContext http, ComponentCreate fields, Idempotency? idempotency) => WriteAsync(http, idempotency, async (set, actor) =>
    {
        var now = clock.Now;
        var component = ComponentRules.Create(fields, set, now).Value;
        var response = ApiResponse.Created(component, ContractsJson.Wire.Component, http.Request.Path);
        return await store.WriteAsync(set, null, component, new(actor, "created", now, response, idempotency), http.RequestAborted) ? response : null;
    });

    /// <summary>Changes the fields of a component.</summary>
    /// <param name="http">The request.</param>
    /// <param name="id">The component.</param>
    /// <param name="fields">What changes.</param>
    /// <param name="removed">What loses its value.</param>
    public Task<ApiResponse> ChangeAsync(HttpContext http, string id, ComponentUpdate fields, IReadOnlyCollection<string> removed) =>
        ReplaceAsync(http, id, "updated", (component, set) => Task.FromResult(ComponentRules.Change(component, fields, removed, set, clock.Now)));

    /// <summary>Archives a component.</summary>
    public Task<ApiResponse> ArchiveAsync(HttpContext http, string id) => ReplaceAsync(http, id, "archived", async (component, _) =>
        ComponentRules.Archive(component, await store.IsNamedAsync(id, http.RequestAborted), clock.Now));

    private Task<ApiResponse> ReplaceAsync(HttpContext http, string id, string action, Func<StoredComponent, ComponentSet, Task<RuleResult<StoredComponent>>> judge) =>
        WriteAsync(http, idempotency: null, async (set, actor) =>
        {
            var component = set.Find(id) ?? throw NotFound();
            EntityTags.CheckIfMatch(http.Request, IVersioned.ETagOf(component.Version));
            var next = (await judge(component, set)).Value;
            var response = ApiResponse.Ok(next, ContractsJson.Wire.Component);
            return next.Version == component.Version
                || await store.WriteAsync(set, component, next, new(actor, action, next.UpdatedAt, response, null), http.RequestAborted)
                    ? response
                    : null;
        });

    private Task<ApiResponse> WriteAsync(HttpContext http, Idempotency? idempotency, Func<ComponentSet, Actor, Task<ApiResponse?>> attempt)
    {
        var actor = Actor.Of(Caller.From(http.User));
        return writes.RepeatAloneAsync(Caller.Platform, idempotency, async () => await attempt(await store.ReadAsync(http.RequestAborted), actor), http.RequestAborted);
    }
}
