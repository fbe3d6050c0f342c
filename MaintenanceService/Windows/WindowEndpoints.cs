using Xerotier.MaintenanceService.Model;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.MaintenanceService.Windows;

/// <summary>The management API of windows. The Gateway passes its paths on unchanged.</summary>
internal static class WindowEndpoints
{
    public static void MapWindows(this IEndpointRouteBuilder routes)
    {
        var windows = routes.MapGroup("/{projectId}/v1/management/maintenance")
            .RequireAuthorization(Policies.Management)
            .AddEndpointFilter<SchemaFilter>();
        windows.MapMethods("", Requests.Read, ListAsync);
        windows.MapPost("", CreateAsync);
        windows.MapMethods("{id}", Requests.Read, GetAsync);
        windows.MapPatch("{id}", UpdateAsync);
        windows.MapDelete("{id}", (HttpContext http, string projectId, string id, WindowWriter writer) => CancelAsync(http, projectId, id, writer));
        windows.MapPost("{id}/complete", CompleteAsync);
        windows.MapPost("{id}/purge", PurgeAsync);
        windows.MapMethods("{id}/events", Requests.Read, ListEventsAsync);

        windows.Refuse("", "GET, HEAD, POST");
        windows.Refuse("{id}", "GET, HEAD, PATCH, DELETE");
        windows.Refuse("{id}/complete", "POST");
        windows.Refuse("{id}/purge", "POST");
        windows.Refuse("{id}/events", "GET, HEAD");
        windows.Map("{id}/{**rest}", IResult (string projectId) => throw new ApiException(ApiErrors.NotFound()));
    }

    /// <summary>The states that a list of windows asks for; all where it asks for none.</summary>
    public static IReadOnlyList<WindowStatus> Statuses(QueryFields query) =>
        query.Many("status", WireNames.Status, "one of scheduled, active, completed or cancelled; repeat the parameter for several") is { Count: > 0 } statuses
            ? statuses
            : Enum.GetValues<WindowStatus>();

    private static async Task<IResult> ListAsync(HttpContext http, string projectId, WindowStore store)
    {
        var fields = new QueryFields(http.Request.Query);
        var statuses = Statuses(fields);
        var series = fields.One("series_id", id => Id.IsWellFormed(StoredWindow.SeriesIdPrefix, id), "a series' ID");
        var query = ListQuery.From(fields);
        var start = await query.StartAsync(StoredWindow.IdPrefix, after => store.FindStartAsync(projectId, after, http.RequestAborted));
        var found = await store.ListAsync(projectId, statuses, series, start, query.After, query.Limit + 1, http.RequestAborted);
        return ApiResponse.Page<MaintenanceWindow>(found, query.Limit, window => window.Id, ContractsJson.Wire.ListPageMaintenanceWindow);
    }

    private static async Task<IResult> CreateAsync(HttpContext http, string projectId, WindowWriter writer)
    {
        var body = await Requests.BodyAsync(http.Request);
        var idempotency = Idempotency.From(http.Request, body);
        return await writer.CreateAsync(Caller.From(http.User), WindowInput.ForCreate(body), http.Request.Path, idempotency, http.RequestAborted);
    }

    private static async Task<IResult> GetAsync(HttpContext http, string projectId, string id, WindowStore store) =>
        ApiResponse.Ok(await store.RequireAsync(projectId, id, http.RequestAborted), ContractsJson.Wire.MaintenanceWindow).UnlessCurrent(http);

    private static async Task<IResult> UpdateAsync(HttpContext http, string projectId, string id, WindowWriter writer) =>
        await writer.ChangeAsync(http, projectId, id, WindowInput.ForUpdate(await Requests.BodyAsync(http.Request)), idempotency: null);

    /// <summary>Cancels a window of <paramref name="projectId"/>.</summary>
    public static Task<ApiResponse> CancelAsync(HttpContext http, string projectId, string id, WindowWriter writer, Idempotency? idempotency = null, string? keyOf = null) =>
        writer.ChangeAsync(http, projectId, id, new MaintenanceWindowUpdate { Status = WindowStatus.Cancelled }, idempotency, keyOf);

    private static async Task<IResult> CompleteAsync(HttpContext http, string projectId, string id, WindowWriter writer) =>
        await writer.ChangeAsync(http, projectId, id, new MaintenanceWindowUpdate { Status = WindowStatus.Completed }, await Idempotency.OfBareAsync(http.Request));

    private static async Task<IResult> PurgeAsync(HttpContext http, string projectId, string id, WindowWriter writer) =>
        await writer.PurgeAsync(http, projectId, id, await Idempotency.OfBareAsync(http.Request));

    private static async Task<IResult> ListEventsAsync(HttpContext http, string projectId, string id, WindowStore store) => await ListQuery.OfEventsAsync(
        http.Request,
        id,
        async (before, limit) => Id.IsWellFormed(StoredWindow.IdPrefix, id)
            ? [.. (await store.ListEventsAsync(projectId, id, before, limit, http.RequestAborted)).Select(change => change.ToContract())]
            : new List<MaintenanceEvent>(),
        change => change.Id,
        ContractsJson.Wire.ListPageMaintenanceEvent);
}
