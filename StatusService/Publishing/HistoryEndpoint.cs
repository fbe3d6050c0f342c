using System.Globalization;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Site;

namespace Xerotier.StatusService.Publishing;

/// <summary>
/// <c>GET /status/history?month=YYYY-MM</c>: the days of a month in detail (product.md section 2). The Gateway asks on the public's
/// behalf. Text that is not a month is 400; a month past the retention or in the future is 404.
/// </summary>
public static class HistoryEndpoint
{
    /// <summary>Maps the endpoint.</summary>
    public static void MapHistory(this IEndpointRouteBuilder routes) =>
        routes.MapMethods("/status/history", [HttpMethods.Get, HttpMethods.Head], GetAsync).RequireAuthorization(Policies.Public).WithMetadata(new ForPeople());

    private static async Task GetAsync(HttpContext context, HistoryPages pages, Brand brand, TimeProvider time)
    {
        var now = time.GetUtcNow();
        await PublicResponse.WriteAsync(context, await pages.GetAsync(MonthOf(context.Request.Query, now), now, context.RequestAborted), brand);
    }

    /// <summary>The month that the query names, the current one by default. Other parameters are ignored: links to a public page carry them.</summary>
    private static DateOnly MonthOf(IQueryCollection query, DateTimeOffset now)
    {
        var month = new DateOnly(now.Year, now.Month, 1);
        return !query.TryGetValue("month", out var values)
            || (values.Count == 1 && DateOnly.TryParseExact($"{values[0]}-01", "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out month))
                ? month
                : throw new ApiException(ApiErrors.Invalid("'month' must be a month as YYYY-MM.", "month"));
    }
}
