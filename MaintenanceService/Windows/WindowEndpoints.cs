using Xerotier.MaintenanceService.Changes;
using Xerotier.MaintenanceService.Model;
using Xerotier.MaintenanceService.Storage;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.MaintenanceService.Windows;

/// <summary>The management API of windows. The Gateway passes its paths on unchanged.</summary>
internal static class WindowEndpoints
{
    private static readonly string[] Read = ["GET", "HEAD"];

    public static void MapWindows(this IEndpointRouteBuilder routes)
    {
        var windows = routes.MapGroup("/{projectId}/v1/management/maintenance")
            .RequireAuthorization(Policies.Management)
            .AddEndpointFilter<SchemaFilter>();
        windows.MapMethods("", Read, ListAsync);
        windows.MapPost("", CreateAsync);
        windows.MapMethods("{id}", Read, GetAsync);
        windows.MapPatch("{id}", UpdateAsync);
        windows.MapDelete("{id}", CancelAsync);
        windows.MapPost("{id}/complete", CompleteAsync);
        windows.MapPost("{id}/purge", PurgeAsync);
        windows.MapMethods("{id}/events", Read, ListEventsAsync);

        // The framework's own responses to other methods and paths have no policy, so the fallback policy would refuse them as forbidden.
        Refuse("", "GET, HEAD, POST");
        Refuse("{id}", "GET, HEAD, PATCH, DELETE");
        Refuse("{id}/complete", "POST");
        Refuse("{id}/purge", "POST");
        Refuse("{id}/events", "GET, HEAD");
        windows.Map("{id}/{**rest}", IResult (string projectId) => throw new ApiException(ApiErrors.NotFound()));

        void Refuse(string path, string allow) => windows.Map(path, IResult (string projectId) => throw new ApiException(ApiErrors.MethodNotAllowed(allow)));
    }

    private static async Task<IResult> ListAsync(HttpContext http, string projectId, WindowStore store)
    {
        var query = ListQuery.OfWindows(http.Request.Query);
        DateTimeOffset? start = null;
        if (query.After is { } after)
        {
            start = Id.IsWellFormed(StoredWindow.IdPrefix, after) ? await store.FindStartAsync(projectId, after, http.RequestAborted) : null;
            if (start is null)
            {
                throw ListQuery.UnknownCursor();
            }
        }

        var found = await store.ListAsync(projectId, query.Statuses, start, query.After, query.Limit + 1, http.RequestAborted);
        return ApiResponse.List(found, query.Limit);
    }

    private static async Task<IResult> CreateAsync(HttpContext http, string projectId, WindowWriter writer)
    {
        var body = await JsonFields.ReadBodyAsync(http.Request, JsonFields.MaxBodyBytes);
        var idempotency = Idempotency.From(http.Request, body);
        return await writer.CreateAsync(Caller.From(http.User), WindowInput.ForCreate(body), http.Request.Path, idempotency, http.RequestAborted);
    }

    private static async Task<IResult> GetAsync(HttpContext http, string projectId, string id, WindowStore store)
    {
        var window = await store.RequireAsync(projectId, id, http.RequestAborted);
        if (EntityTags.IfNoneMatch(http.Request, window.ETag))
        {
            http.Response.Headers.ETag = window.ETag;
            return Results.StatusCode(StatusCodes.Status304NotModified);
        }

        return ApiResponse.Ok(window);
    }

    private static async Task<IResult> UpdateAsync(HttpContext http, string projectId, string id, WindowWriter writer)
    {
        var body = await JsonFields.ReadBodyAsync(http.Request, JsonFields.MaxBodyBytes);
        return await writer.ChangeAsync(http, projectId, id, WindowInput.ForUpdate(body), idempotency: null);
    }

    /// <summary>Cancels a window of <paramref name="projectId"/>.</summary>
    public static Task<ApiResponse> CancelAsync(HttpContext http, string projectId, string id, WindowWriter writer) =>
        writer.ChangeAsync(http, projectId, id, new MaintenanceWindowUpdate { Status = WindowStatus.Cancelled }, idempotency: null);

    private static async Task<IResult> CompleteAsync(HttpContext http, string projectId, string id, WindowWriter writer) =>
        await writer.ChangeAsync(http, projectId, id, new MaintenanceWindowUpdate { Status = WindowStatus.Completed }, await BareRequestAsync(http.Request));

    private static async Task<IResult> PurgeAsync(HttpContext http, string projectId, string id, WindowWriter writer) =>
        await writer.PurgeAsync(http, projectId, id, await BareRequestAsync(http.Request));

    private static async Task<IResult> ListEventsAsync(HttpContext http, string projectId, string id, WindowStore store)
    {
        var query = ListQuery.OfEvents(http.Request.Query);
        var before = long.MaxValue;
        if (query.After is { } after)
        {
            before = WindowEvent.VersionOf(after, id) ?? throw ListQuery.UnknownCursor();
        }

        if (!Id.IsWellFormed(StoredWindow.IdPrefix, id))
        {
            throw WindowWriter.NotFound();
        }

        var found = await store.ListEventsAsync(projectId, id, before, query.Limit + 1, http.RequestAborted);
        return found.Count > 0 || (query.After is not null && await store.ListEventsAsync(projectId, id, long.MaxValue, 1, http.RequestAborted) is [_, ..])
            ? ApiResponse.List(found, query.Limit)
            : throw WindowWriter.NotFound();
    }

    /// <summary>The key of a POST that takes no fields: its body is empty or <c>{}</c>.</summary>
    public static async Task<Idempotency?> BareRequestAsync(HttpRequest request)
    {
        var body = await JsonFields.ReadBodyAsync(request, JsonFields.MaxBodyBytes);
        WindowInput.ForNothing(body);
        return Idempotency.From(request, body);
    }
}
