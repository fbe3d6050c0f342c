using Microsoft.Extensions.Options;
using Xerotier.Contracts;
using Xerotier.Gateway.Keys;
using Xerotier.Gateway.Projects;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.Gateway.Management;

/// <summary>
/// Responds to requests for API keys (list, create, rotate, revoke): a project's own, a project's on behalf of the platform, and the
/// platform's. No key gives away a scope that it does not have.
/// </summary>
internal sealed partial class KeyHandlers(KeyStore store, ProjectStore projects, IOptions<KeyOptions> options, [FromKeyedServices(DatabaseTime.Key)] TimeProvider time, ILogger<KeyHandlers> logger)
{
    private const string PlatformSlug = Caller.Platform;
    private static readonly string[] ProjectScopes = [Scopes.Management, Scopes.Inference, Scopes.Heartbeat];

    /// <summary>GET …/keys.</summary>
    public Task ListAsync(Call call) => ListAsync(call, call.ProjectId);

    /// <summary>GET /v1/platform/projects/{id}/keys.</summary>
    public async Task ListOfProjectAsync(Call call) => await ListAsync(call, (await ProjectAsync(call, call.Id)).Id);

    /// <summary>GET /v1/platform/keys.</summary>
    public Task ListPlatformAsync(Call call) => ListAsync(call, projectId: null);

    /// <summary>GET …/keys/events.</summary>
    public Task ListEventsAsync(Call call) => ListEventsAsync(call, call.ProjectId);

    /// <summary>GET /v1/platform/keys/events.</summary>
    public Task ListPlatformEventsAsync(Call call) => ListEventsAsync(call, projectId: null);

    /// <summary>POST …/keys.</summary>
    public async Task CreateAsync(Call call) => await CreateAsync(call, await ProjectAsync(call, call.ProjectId));

    /// <summary>POST /v1/platform/projects/{id}/keys.</summary>
    public async Task CreateOfProjectAsync(Call call) => await CreateAsync(call, await ProjectAsync(call, call.Id));

    /// <summary>POST /v1/platform/keys.</summary>
    public Task CreatePlatformAsync(Call call) => CreateAsync(call, project: null);

    /// <summary>POST …/keys/{id}/rotate.</summary>
    public async Task RotateAsync(Call call)
    {
        var project = await ProjectAsync(call, call.ProjectId);
        await RotateAsync(call, project.Id, project.Slug);
    }

    /// <summary>POST /v1/platform/keys/{id}/rotate.</summary>
    public Task RotatePlatformAsync(Call call) => RotateAsync(call, projectId: null, PlatformSlug);

    /// <summary>DELETE …/keys/{id} and /v1/platform/projects/{project_id}/keys/{id}.</summary>
    public Task RevokeAsync(Call call) => RevokeAsync(call, call.ProjectId);

    /// <summary>DELETE /v1/platform/keys/{id}.</summary>
    public Task RevokePlatformAsync(Call call) => RevokeAsync(call, projectId: null);

    private async Task ListAsync(Call call, string? projectId)
    {
        var list = ListRequest.Of(call.Http.Request);
        var keys = await store.ListAsync(projectId, list.Limit + 1, list.After).WaitAsync(call.Aborted);
        await list.WriteAsync(call.Http, keys, key => key.Id, ContractsJson.Wire.ListPageApiKey);
    }

    private async Task ListEventsAsync(Call call, string? projectId)
    {
        var list = ListRequest.Of(call.Http.Request, id => KeyStore.OfEventId(id) is not null);
        var after = list.After is { } id ? KeyStore.OfEventId(id) : null;
        var events = await store.ListEventsAsync(projectId, list.Limit + 1, after).WaitAsync(call.Aborted);
        await list.WriteAsync(call.Http, events, one => one.Id, ContractsJson.Wire.ListPageApiKeyEvent);
    }

    private async Task CreateAsync(Call call, Project? project)
    {
        var now = Now();
        var fields = JsonFields.Parse(await JsonFields.ReadBodyAsync(call.Http.Request, (int)call.Route.MaxBody!));
        var key = NewKey.Read(fields, project is null ? null : ProjectScopes, call.Actor, now);
        RequireScopes(call, key.Scopes);
        var value = ApiKeyValue.Create(project?.Slug ?? PlatformSlug);
        if (!await store.CreateAsync(key, project?.Id, ApiKeyValue.Hash(value), call.Actor).WaitAsync(call.Aborted))
        {
            throw new ApiException(ApiErrors.QuotaExceeded($"The project has {KeyStore.MaxKeys} keys that are neither revoked nor expired; revoke one first."));
        }

        await Responses.WriteJsonAsync(call.Http, 201, new ApiKeyCreated(key, value), ContractsJson.Wire.ApiKeyCreated);
    }

    private async Task RotateAsync(Call call, string? projectId, string slug)
    {
        var found = Required(await store.FindAsync(projectId, call.Id!).WaitAsync(call.Aborted));
        RequireScopes(call, found.Scopes); // whoever rotates a key gets its value
        var value = ApiKeyValue.Create(slug);
        var now = Now();
        var (changed, key) = await store.RotateAsync(projectId, call.Id!, ApiKeyValue.Hash(value), now, now.AddHours(options.Value.RotationGraceHours), call.Actor).WaitAsync(call.Aborted);
        if (!changed)
        {
            throw new ApiException(ApiErrors.InvalidStateTransition("The key has expired or been revoked; create a new one."));
        }

        LogRotated(logger, call.Id!, call.Actor.KeyId);
        await Responses.WriteJsonAsync(call.Http, 200, new ApiKeyCreated(key!, value), ContractsJson.Wire.ApiKeyCreated);
    }

    private async Task RevokeAsync(Call call, string? projectId)
    {
        var (changed, found) = await store.RevokeAsync(projectId, call.Id!, Now(), call.Actor).WaitAsync(call.Aborted);
        var key = Required(found);
        if (key.RevokedAt is null)
        {
            throw new ApiException(ApiErrors.InvalidStateTransition("This is the last platform key that can be used; create another one first."));
        }

        if (changed)
        {
            LogRevoked(logger, key.Id, call.Actor.KeyId);
        }

        await Responses.WriteJsonAsync(call.Http, 200, key, ContractsJson.Wire.ApiKey);
    }

    private async Task<Project> ProjectAsync(Call call, string? id) => Required(await projects.FindAsync(id!).WaitAsync(call.Aborted));

    /// <summary>A platform key may grant every scope.</summary>
    private static void RequireScopes(Call call, IReadOnlyList<string> scopes)
    {
        var key = call.Key!.Key;
        if (!key.IsPlatform && scopes.Except(key.Scopes, StringComparer.Ordinal).FirstOrDefault() is { } missing)
        {
            throw new ApiException(ApiErrors.ScopeInsufficient(missing));
        }
    }

    private static T Required<T>(T? found)
        where T : class => found ?? throw new ApiException(ApiErrors.NotFound());

    // Beside key_events, for whoever restores a backup that does not know of it.
    [LoggerMessage(1, LogLevel.Information, "The key {Key} was revoked by {Actor}")]
    private static partial void LogRevoked(ILogger logger, string key, string? actor);

    [LoggerMessage(2, LogLevel.Information, "The key {Key} was rotated by {Actor}")]
    private static partial void LogRotated(ILogger logger, string key, string? actor);

    /// <summary>Now, to the microsecond that the database keeps.</summary>
    private DateTimeOffset Now() => Timestamps.ToMicroseconds(time.GetUtcNow());
}
