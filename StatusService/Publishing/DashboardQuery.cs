using System.Buffers;
using System.Globalization;
using Microsoft.Extensions.Primitives;
using Xerotier.ServiceDefaults;

namespace Xerotier.StatusService.Publishing;

/// <summary>Which dashboard is asked for; also the cache's key, so that no project can see another's.</summary>
/// <param name="ProjectId">The key's own project, checked by the route's policy.</param>
/// <param name="Limit">Worker items, 1 to 1,000.</param>
/// <param name="After">Id after which they begin; empty from the start.</param>
public readonly record struct DashboardQuery(string ProjectId, int Limit, string After)
{
    private const int DefaultLimit = 100;
    private const int MaximumLimit = 1000;
    private const int MaximumId = 128;
    private static readonly SearchValues<char> IdCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-");

    /// <summary>The query of a request.</summary>
    /// <exception cref="ApiException">400: every parameter that is wrong.</exception>
    public static DashboardQuery From(string projectId, IQueryCollection query)
    {
        var errors = new List<FieldError>();
        var limit = DefaultLimit;
        if (query.TryGetValue("limit", out var limits)
            && (Single(limits) is not { } text || !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out limit) || limit is < 1 or > MaximumLimit))
        {
            errors.Add(new("limit", "invalid_request", $"limit must be a whole number from 1 to {MaximumLimit}."));
        }

        var after = "";
        if (query.TryGetValue("after", out var afters))
        {
            after = Single(afters) ?? "";
            if (afters.Count > 1 || after.Length > MaximumId || after.AsSpan().ContainsAnyExcept(IdCharacters))
            {
                errors.Add(new("after", "invalid_request", "after must be the id of a worker."));
            }
        }

        return errors.Count == 0 ? new(projectId, limit, after) : throw new ApiException(ApiErrors.Invalid(errors));
    }

    private static string? Single(StringValues values) => values.Count == 1 ? values[0] : null;
}
