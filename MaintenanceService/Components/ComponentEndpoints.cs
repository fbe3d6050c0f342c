using Xerotier.MaintenanceService.Api;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.MaintenanceService.Components;

/// <summary>The API of components, for platform keys, and their list for the platform's own projects. The Gateway passes its paths on unchanged.</summary>
internal static class ComponentEndpoints
{
    public static void MapComponents(this IEndpointRouteBuilder routes)
    {
        var components = routes.MapGroup("/v1/platform/components").RequireAuthorization(Policies.Platform).AddEndpointFilter<SchemaFilter>();
        components.MapMethods("", Requests.Read, ListAsync);
        components.MapPost("", CreateAsync);
        components.MapMethods("{id}", Requests.Read, GetAsync);
        components.MapPatch("{id}", UpdateAsync);
        components.MapDelete("{id}", ArchiveAsync);
        components.MapMethods("{id}/events", Requests.Read, ListEventsAsync);

        components.Refuse("", "GET, HEAD, POST");
        components.Refuse("{id}", "GET, HEAD, PATCH, DELETE");
        components.Refuse("{id}/events", "GET, HEAD");
        components.Map("{id}/{**rest}", IResult () => throw new ApiException(ApiErrors.NotFound()));

        var ofProject = routes.MapGroup("/{projectId}/v1/management/components").RequireAuthorization(Policies.Management).AddEndpointFilter<SchemaFilter>().OfPlatformProjects("Components");
        ofProject.MapMethods("", Requests.Read, ListAsync);
        ofProject.Refuse("", "GET, HEAD");
        ofProject.Map("{**rest}", IResult () => throw new ApiException(ApiErrors.NotFound()));
    }

    private static async Task<IResult> ListAsync(HttpContext http, ComponentStore store)
    {
        var fields = new QueryFields(http.Request.Query);
        var archived = fields.Flag("archived") ?? false;
        var query = ListQuery.From(fields);
        var set = await store.ReadAsync(http.RequestAborted);
        var start = query.After is { } after ? set.All.Index().FirstOrDefault(place => place.Item.Id == after, (-1, null!)).Index + 1 : 0;
        return query.After is not null && start == 0
            ? throw ListQuery.UnknownCursor()
            : ApiResponse.Page<Component>(
                [.. set.All.Skip(start).Where(component => archived || component.ArchivedAt is null).Take(query.Limit + 1)], query.Limit, component => component.Id, ContractsJson.Wire.ListPageComponent);
    }

    private static async Task<IResult> CreateAsync(HttpContext http, ComponentWriter writer)
    {
        var body = await Requests.BodyAsync(http.Request);
        return await writer.CreateAsync(http, ComponentInput.ForCreate(body), Idempotency.From(http.Request, body));
    }

    private static async Task<IResult> GetAsync(HttpContext http, string id, ComponentStore store) =>
        ApiResponse.Ok((await store.ReadAsync(http.RequestAborted)).Find(id) ?? throw ComponentWriter.NotFound(), ContractsJson.Wire.Component).UnlessCurrent(http);

    private static async Task<IResult> UpdateAsync(HttpContext http, string id, ComponentWriter writer)
    {
        var (fields, removed) = ComponentInput.ForUpdate(await Requests.BodyAsync(http.Request));
        return await writer.ChangeAsync(http, id, fields, removed);
    }

    private static async Task<IResult> ArchiveAsync(HttpContext http, string id, ComponentWriter writer) => await writer.ArchiveAsync(http, id);

    private static async Task<IResult> ListEventsAsync(HttpContext http, string id, ComponentStore store) => await ListQuery.OfEventsAsync(
        http.Request,
        id,
        async (before, limit) => (await store.ReadAsync(http.RequestAborted)).Find(id) is not null ? await store.ListEventsAsync(id, before, limit, http.RequestAborted) : [],
        change => change.Id,
        ContractsJson.Wire.ListPageComponentEvent);
}
