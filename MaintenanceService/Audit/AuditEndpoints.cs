using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.MaintenanceService.Audit;

/// <summary>The audit trail of a project. The Gateway passes its path on unchanged.</summary>
internal static class AuditEndpoints
{
    private static readonly ObjectKind[] All = Enum.GetValues<ObjectKind>();

    public static void MapAudit(this IEndpointRouteBuilder routes)
    {
        var events = routes.MapGroup("/{projectId}/v1/management/events").RequireAuthorization(Policies.Management).AddEndpointFilter<SchemaFilter>();
        events.MapMethods("", Requests.Read, ListAsync);
        events.Refuse("", "GET, HEAD");
        events.Map("{**rest}", IResult (string projectId) => throw new ApiException(ApiErrors.NotFound()));
    }

    private static async Task<IResult> ListAsync(HttpContext http, string projectId, AuditStore store)
    {
        var fields = new QueryFields(http.Request.Query);
        var asked = fields.Many("object", ObjectKinds.Named, "one of maintenance_window, maintenance_series, incident or component; repeat the parameter for several");
        var query = ListQuery.From(fields);
        var seen = All.Where(kind => kind != ObjectKind.Component || Caller.From(http.User).PlatformProject).ToList();
        var before = query.After is { } after ? await store.FindAsync(projectId, seen, after, http.RequestAborted) ?? throw ListQuery.UnknownCursor() : null;
        var found = await store.ListAsync(projectId, asked.Count > 0 ? [.. seen.Intersect(asked)] : seen, before, query.Limit + 1, http.RequestAborted);
        return ApiResponse.Page(found, query.Limit, change => change.Id, ContractsJson.Wire.ListPageChangeEvent);
    }
}
