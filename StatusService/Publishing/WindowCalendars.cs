using Grpc.Core;
using Xerotier.Maintenance.V1;
using Xerotier.Page.V1;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Site;
using Xerotier.StatusService.Documents.Calendar;
using Xerotier.StatusService.Documents.Content;
using Xerotier.StatusService.Documents.Page;

namespace Xerotier.StatusService.Publishing;

/// <summary><c>GET /status/maintenance/{id}.ics</c>: a window's own calendar. A Gateway asks for those that are not made in advance.</summary>
public sealed class WindowCalendars(Published published, Installation installation, MaintenanceFeed.MaintenanceFeedClient maintenance, Brand brand, TimeProvider time)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(1);

    private readonly SingleFlight<string, Document> cache = new(Lifetime, time) { Capacity = PublicResponse.MostKept, Weigh = PublicResponse.Weigh, MaxWeight = PublicResponse.MostBytesKept };

    /// <summary>The calendar of the window with this id.</summary>
    /// <exception cref="ApiException">404: there is no window of this id. 503: this installation's id is not known yet.</exception>
    /// <exception cref="RpcException">It is not known here, and the MaintenanceService does not respond.</exception>
    public async ValueTask<Document> GetAsync(string id, CancellationToken cancellation) =>
        published.Documents.Value?.GetValueOrDefault(CalendarFile.PathOf(id))?.Live ?? (await cache.GetAsync(id, MakeAsync, cancellation)).Value;

    private async Task<Document> MakeAsync(string id)
    {
        var site = installation.Id.IsCompletedSuccessfully ? new Site(await installation.Id, brand.Name, brand.Url).OfDemo(published.History.IsDemo) : throw new ApiException(ApiErrors.ServiceUnavailable);
        try
        {
            var window = await maintenance.GetWindowAsync(new() { Id = id });
            return PageRenderer.Pack(CalendarFile.Of(new(window.Value.ToPublic(), window.Version), site));
        }
        catch (RpcException failure) when (failure.StatusCode is StatusCode.NotFound)
        {
            throw WindowCalendarEndpoint.NotFound();
        }
    }
}

/// <summary>Maps the windows' own calendars.</summary>
public static class WindowCalendarEndpoint
{
    private const string Suffix = ".ics";

    /// <summary>Maps the endpoint.</summary>
    public static void MapWindowCalendars(this IEndpointRouteBuilder routes) =>
        routes.MapMethods("/status/maintenance/{file}", [HttpMethods.Get, HttpMethods.Head], GetAsync).RequireAuthorization(Policies.Public);

    internal static ApiException NotFound() => new(ApiErrors.NotFound("There is no maintenance window of this ID."));

    private static async Task GetAsync(HttpContext context, string file, WindowCalendars calendars, Brand brand)
    {
        if (!file.EndsWith(Suffix, StringComparison.Ordinal) || !Id.IsWellFormed("mw_", file[..^Suffix.Length]))
        {
            throw NotFound();
        }

        await PublicResponse.WriteAsync(context, await calendars.GetAsync(file[..^Suffix.Length], context.RequestAborted), brand, CalendarFile.ContentType);
    }
}
