using Microsoft.Extensions.Options;
using Xerotier.MaintenanceService.Api;
using Xerotier.MaintenanceService.Changes;
using Xerotier.MaintenanceService.Model;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.MaintenanceService.Windows;

/// <summary>
/// Carries out changes: reads the window, asks <see cref="Lifecycle"/> for its next form, and writes that if the window is still what was
/// read, otherwise starts again. The database's clock says when a change is made, and how far a start is away.
/// </summary>
internal sealed class WindowWriter(WindowStore store, Writes writes, Overlaps overlaps, IOptions<TenantLimits> limits, DatabaseClock clock) : IDisposable
{
    /// <summary>One creation at a time of a project whose windows are counted.</summary>
    private readonly ProjectTurns counted = new(mostWaiting: 1000);

    /// <summary>404, the same for another project's window as for none.</summary>
    public static ApiException NotFound() => new(ApiErrors.NotFound("There is no maintenance window of this id."));

    /// <summary>Schedules a window.</summary>
    public async Task<ApiResponse> CreateAsync(Caller caller, MaintenanceWindowUpdate fields, PathString path, Idempotency? idempotency, CancellationToken cancellation)
    {
        var mostOpen = fields.Status?.IsFinal() is true || caller.PlatformProject ? 0 : limits.Value.OpenPerProject;
        using var turn = mostOpen > 0 ? await counted.TakeAsync(caller.ProjectId, cancellation) : null;
        return await writes.RepeatAsync(
            caller.ProjectId,
            idempotency,
            async () =>
            {
                var now = clock.Now;
                var window = Lifecycle.Create(fields, caller, now);
                limits.Value.CheckStart(window, now);
                var warned = window with { Warnings = await overlaps.FindAsync(window, cancellation) };
                var response = ApiResponse.Created(warned, ContractsJson.Wire.MaintenanceWindow, path);
                return await store.CreateAsync(window, mostOpen, new(Actor.Of(caller), "created", now, response, idempotency), cancellation) ? response
                    : mostOpen > 0 && await store.CountOpenAsync(caller.ProjectId, cancellation) >= mostOpen && await writes.EarlierAsync(caller.ProjectId, idempotency, cancellation) is null
                        ? throw limits.Value.TooManyOpen()
                        : null;
            },
            cancellation);
    }

    /// <summary>Changes the fields of a window, or the state that it is in.</summary>
    /// <param name="http">The request.</param>
    /// <param name="projectId">The window's project.</param>
    /// <param name="id">The window.</param>
    /// <param name="fields">Checked fields; what is null stays.</param>
    /// <param name="idempotency">The request's key.</param>
    /// <param name="keyOf">Whose key it is; null: the project's.</param>
    public Task<ApiResponse> ChangeAsync(HttpContext http, string projectId, string id, MaintenanceWindowUpdate fields, Idempotency? idempotency, string? keyOf = null) =>
        WriteAsync(http, projectId, id, idempotency, keyOf, async (window, actor) =>
        {
            var now = clock.Now;
            var next = Lifecycle.Change(window, fields, now).Value;
            if (next.StartsAt != window.StartsAt)
            {
                limits.Value.CheckStart(next, now);
            }

            var warned = next with { Warnings = await overlaps.FindAsync(next, http.RequestAborted) };
            var response = ApiResponse.Ok(warned, ContractsJson.Wire.MaintenanceWindow);
            var change = new Change(actor, Lifecycle.Action(window.Status, next.Status), next.UpdatedAt, response, idempotency) { KeyOf = keyOf };
            var done = next.Version != window.Version ? await store.ReplaceAsync(window, next, change, http.RequestAborted)
                : await writes.KeepAsync(projectId, change with { At = now }, http.RequestAborted);
            return done ? response : null;
        });

    /// <summary>Removes a window for good.</summary>
    public Task<ApiResponse> PurgeAsync(HttpContext http, string projectId, string id, Idempotency? idempotency) =>
        WriteAsync(http, projectId, id, idempotency, keyOf: null, async (window, actor) =>
        {
            if (Lifecycle.ValidatePurge(window) is { } error)
            {
                throw new ApiException(error);
            }

            var response = ApiResponse.Deleted(new() { Id = window.Id }, ContractsJson.Wire.MaintenanceWindowDeleted);
            return await store.PurgeAsync(window, new(actor, "purged", clock.Now, response, idempotency), http.RequestAborted) ? response : null;
        });

    private Task<ApiResponse> WriteAsync(
        HttpContext http, string projectId, string id, Idempotency? idempotency, string? keyOf, Func<StoredWindow, Actor, Task<ApiResponse?>> attempt)
    {
        var actor = Actor.Of(Caller.From(http.User));
        return writes.RepeatAsync(
            keyOf ?? projectId,
            idempotency,
            async () =>
            {
                var window = await store.RequireAsync(projectId, id, http.RequestAborted);
                EntityTags.CheckIfMatch(http.Request, IVersioned.ETagOf(window.Version));
                return await attempt(window, actor);
            },
            http.RequestAborted);
    }

    /// <inheritdoc/>
    public void Dispose() => counted.Dispose();
}
