using Npgsql;
using Xerotier.MaintenanceService.Api;
using Xerotier.MaintenanceService.Model;
using Xerotier.MaintenanceService.Storage;
using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Windows;

/// <summary>What the platform's operators may do with the windows of any project.</summary>
internal static class PlatformEndpoints
{
    public static void MapPlatformWindows(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/platform/maintenance/{id}/cancel", CancelAsync).RequireAuthorization(Policies.Platform).AddEndpointFilter<SchemaFilter>();

    private static async Task<IResult> CancelAsync(HttpContext http, string id, AnyWindow any, WindowWriter writer)
    {
        await Requests.BareAsync(http.Request);
        var project = Id.IsWellFormed(StoredWindow.IdPrefix, id) ? await any.ProjectOfAsync(id, http.RequestAborted) : null;
        return await WindowEndpoints.CancelAsync(http, project ?? throw WindowWriter.NotFound(), id, writer);
    }
}

/// <summary>Finds a window without knowing its project, for the platform's operators alone.</summary>
internal sealed class AnyWindow(NpgsqlDataSource database)
{
    /// <summary>The project of a window; null when no project has it.</summary>
    public async Task<string?> ProjectOfAsync(string id, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select project_id from windows where id = @id").Text("id", id);
        return await command.ExecuteScalarAsync(cancellation) as string;
    }
}
