using System.Buffers;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.StatusService.Publishing;

/// <summary>Which dashboard is asked for. It is also the cache's key, so that no project can see another's.</summary>
/// <param name="ProjectId">The key's own project, checked by the route's policy.</param>
/// <param name="Limit">Worker items, 1 to 1,000.</param>
/// <param name="After">Id after which they begin; empty from the start.</param>
/// <param name="Search">What the id or name of the worker items contains, in any case of letters; empty: anything.</param>
public readonly record struct DashboardQuery(string ProjectId, int Limit, string After, string Search = "")
{
    private const int DefaultLimit = 100;
    private const int MaximumLimit = 1000;
    private const int MaximumId = 128;
    private const int MaximumSearch = 128;
    private static readonly SearchValues<char> IdCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-");

    /// <summary>The query of a request.</summary>
    /// <exception cref="ApiException">400: every parameter that is wrong.</exception>
    public static DashboardQuery From(string projectId, IQueryCollection query)
    {
        var fields = new QueryFields(query);
        var limit = fields.Limit(DefaultLimit, MaximumLimit);
        var after = fields.One("after", id => id.Length <= MaximumId && !id.AsSpan().ContainsAnyExcept(IdCharacters), "the id of a worker");
        var search = fields.One("q", text => text.Length > 0 && text.EnumerateRunes().Count() <= MaximumSearch, $"a text of 1 to {MaximumSearch} characters");
        fields.ThrowIfInvalid();
        return new(projectId, limit, after ?? "", search ?? "");
    }
}
