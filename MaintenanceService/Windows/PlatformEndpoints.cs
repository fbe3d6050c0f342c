using Xerotier.MaintenanceService.Api;
using Xerotier.MaintenanceService.Model;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.MaintenanceService.Windows;

/// <summary>What the platform's operators may do with the windows of any project.</summary>
internal static class PlatformEndpoints
{
    public static void MapPlatformWindows(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/platform/maintenance/{id}/cancel", CancelAsync).RequireAuthorization(Policies.Platform).AddEndpointFilter<SchemaFilter>();

    private static async Task<IResult> CancelAsync(HttpContext http, string id, AnyWindow any, WindowWriter writer, Writes writes)
    {
        var idempotency = await Idempotency.OfBareAsync(http.Request);
        if (await writes.EarlierAsync(Caller.Platform, idempotency, http.RequestAborted) is { } earlier)
        {
            return earlier; // also when the window has been purged since
        }

        var project = Id.IsWellFormed(StoredWindow.IdPrefix, id) ? await any.ProjectOfAsync(id, http.RequestAborted) : null;
        return await WindowEndpoints.CancelAsync(http, project ?? throw WindowWriter.NotFound(), id, writer, idempotency, Caller.Platform);
    }
}
