using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService;

/// <summary>
/// Carries out changes: reads the window, asks <see cref="Lifecycle"/> what becomes of it, and writes that if the window is still
/// what was read, otherwise starts again. Each time around somebody else's change has succeeded, so it comes to an end.
/// </summary>
internal sealed class WindowWriter(WindowStore store, TimeProvider time)
{
    /// <summary>404, the same for another project's window as for none.</summary>
    public static ApiException NotFound() => new(ApiErrors.NotFound("There is no maintenance window of this id."));

    /// <summary>Schedules a window.</summary>
    public async Task<Answer> CreateAsync(Caller caller, WindowFields fields, PathString path, Idempotency? idempotency, CancellationToken cancellation)
    {
        while (true)
        {
            var now = time.GetUtcNow();
            var window = Lifecycle.Create(fields, caller, now);
            var answer = Answer.Created(window, path);
            if (await store.CreateAsync(window, new(ActorOf(caller), "created", now, answer, idempotency), cancellation))
            {
                return answer;
            }

            if (await EarlierAnswerAsync(caller.ProjectId, idempotency, cancellation) is { } earlier)
            {
                return earlier;
            }
        }
    }

    /// <summary>Changes the fields of a window, or the state that it is in.</summary>
    public Task<Answer> ChangeAsync(HttpContext http, string projectId, string id, WindowFields fields, Idempotency? idempotency) =>
        WriteAsync(http, projectId, id, idempotency, async (window, actor) =>
        {
            var now = time.GetUtcNow();
            var verdict = Lifecycle.Change(window, fields, now);
            if (verdict.Next is not { } next)
            {
                throw new ApiException(verdict.Refusal!);
            }

            var answer = Answer.Ok(next);
            var change = new Change(actor, Lifecycle.Action(window.Status, next.Status), next.UpdatedAt, answer, idempotency);
            var done = next.Version != window.Version ? await store.ReplaceAsync(window, next, change, http.RequestAborted)
                : idempotency is null || await store.KeepAnswerAsync(projectId, change with { At = now }, http.RequestAborted);
            return done ? answer : null;
        });

    /// <summary>Removes a window for good.</summary>
    public Task<Answer> PurgeAsync(HttpContext http, string projectId, string id, Idempotency? idempotency) =>
        WriteAsync(http, projectId, id, idempotency, async (window, actor) =>
        {
            if (Lifecycle.RefusePurge(window) is { } refusal)
            {
                throw new ApiException(refusal);
            }

            var answer = Answer.Purged(window);
            return await store.PurgeAsync(window, new(actor, "purged", time.GetUtcNow(), answer, idempotency), http.RequestAborted) ? answer : null;
        });

    private async Task<Answer> WriteAsync(
        HttpContext http, string projectId, string id, Idempotency? idempotency, Func<MaintenanceWindow, Actor, Task<Answer?>> attempt)
    {
        var actor = ActorOf(Caller.From(http.User));
        while (true)
        {
            if (await EarlierAnswerAsync(projectId, idempotency, http.RequestAborted) is { } earlier)
            {
                return earlier;
            }

            var window = await store.RequireAsync(projectId, id, http.RequestAborted);
            Preconditions.CheckIfMatch(http.Request, window);
            if (await attempt(window, actor) is { } answer)
            {
                return answer;
            }
        }
    }

    private async Task<Answer?> EarlierAnswerAsync(string projectId, Idempotency? idempotency, CancellationToken cancellation)
    {
        if (idempotency is null || await store.FindAnswerAsync(projectId, idempotency.Key, time.GetUtcNow(), cancellation) is not var (fingerprint, answer))
        {
            return null;
        }

        return fingerprint.AsSpan().SequenceEqual(idempotency.Fingerprint) ? answer : throw new ApiException(ApiErrors.IdempotencyConflict);
    }

    private static Actor ActorOf(Caller caller) => new(caller.KeyName, caller.KeyId);
}
