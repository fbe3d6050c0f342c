using System.Text.Json;
using Xerotier.ServiceDefaults.Http;
using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Series;

/// <summary>The management API of series. The Gateway passes its paths on unchanged.</summary>
internal static class SeriesEndpoints
{
    public static void MapSeries(this IEndpointRouteBuilder routes)
    {
        var series = routes.MapGroup("/{projectId}/v1/management/maintenance-series").RequireAuthorization(Policies.Management).AddEndpointFilter<SchemaFilter>();
        series.MapMethods("", Requests.Read, ListAsync);
        series.MapPost("", CreateAsync);
        series.MapPost("preview", PreviewAsync);
        series.MapMethods("{id}", Requests.Read, GetAsync);
        series.MapPatch("{id}", UpdateAsync);
        series.MapDelete("{id}", CancelAsync);
        series.MapMethods("{id}/events", Requests.Read, ListEventsAsync);

        series.Refuse("", "GET, HEAD, POST");
        series.Refuse("preview", "POST");
        series.Refuse("{id}", "GET, HEAD, PATCH, DELETE");
        series.Refuse("{id}/events", "GET, HEAD");
        series.Map("{id}/{**rest}", IResult () => throw new ApiException(ApiErrors.NotFound()));
    }

    private static async Task<IResult> ListAsync(HttpContext http, string projectId, SeriesStore store)
    {
        var query = ListQuery.From(new(http.Request.Query));
        var start = await query.StartAsync(StoredSeries.IdPrefix, after => store.FindCreationAsync(projectId, after, http.RequestAborted));
        var found = await store.ListAsync(projectId, start, query.After, query.Limit + 1, http.RequestAborted);
        return ApiResponse.Page<MaintenanceSeries>(found, query.Limit, series => series.Id, ContractsJson.Wire.ListPageMaintenanceSeries);
    }

    private static async Task<IResult> CreateAsync(HttpContext http, string projectId, SeriesWriter writer)
    {
        var body = await Requests.BodyAsync(http.Request);
        return await writer.CreateAsync(http, SeriesInput.ForCreate(body), Idempotency.From(http.Request, body));
    }

    private static async Task<IResult> PreviewAsync(HttpContext http, string projectId, SeriesWriter writer)
    {
        var preview = writer.Preview(http, SeriesInput.ForCreate(await Requests.BodyAsync(http.Request)));
        return new ApiResponse(StatusCodes.Status200OK, JsonSerializer.SerializeToUtf8Bytes(preview, ContractsJson.Wire.MaintenanceSeriesPreview));
    }

    private static async Task<IResult> GetAsync(HttpContext http, string projectId, string id, SeriesStore store) =>
        ApiResponse.Ok((await store.RequireAsync(projectId, id, http.RequestAborted)).Series, ContractsJson.Wire.MaintenanceSeries).UnlessCurrent(http);

    private static async Task<IResult> UpdateAsync(HttpContext http, string projectId, string id, SeriesWriter writer) =>
        await writer.ChangeAsync(http, projectId, id, SeriesInput.ForUpdate(await Requests.BodyAsync(http.Request)));

    private static async Task<IResult> CancelAsync(HttpContext http, string projectId, string id, SeriesWriter writer) => await writer.CancelAsync(http, projectId, id);

    private static async Task<IResult> ListEventsAsync(HttpContext http, string projectId, string id, SeriesStore store) => await ListQuery.OfEventsAsync(
        http.Request,
        id,
        async (before, limit) => Id.IsWellFormed(StoredSeries.IdPrefix, id) ? await store.ListEventsAsync(projectId, id, before, limit, http.RequestAborted) : [],
        change => change.Id,
        ContractsJson.Wire.ListPageMaintenanceSeriesEvent);
}
