using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.MaintenanceService.Windows;

/// <summary>The query parameters of the lists.</summary>
/// <param name="Statuses">The states to list.</param>
/// <param name="Limit">The longest page.</param>
/// <param name="After">The id after which the page starts.</param>
internal sealed record ListQuery(IReadOnlyList<WindowStatus> Statuses, int Limit, string? After)
{
    private const int DefaultLimit = 20;
    private const int MaxLimit = 100;

    /// <summary>The list of windows: <c>status</c> (repeatable; all states where it is missing), <c>limit</c>, <c>after</c>.</summary>
    /// <exception cref="ApiException">400 with every wrong parameter.</exception>
    public static ListQuery OfWindows(IQueryCollection query)
    {
        var fields = new QueryFields(query);
        var statuses = fields.Many("status", WireNames.Status, "one of scheduled, active, completed or cancelled; repeat the parameter for several");
        return Finish(fields, statuses.Count > 0 ? statuses : Enum.GetValues<WindowStatus>());
    }

    /// <summary>The list of a window's changes: <c>limit</c>, <c>after</c>.</summary>
    /// <exception cref="ApiException">400 with every wrong parameter.</exception>
    public static ListQuery OfEvents(IQueryCollection query) => Finish(new(query), []);

    /// <summary>400: the cursor names nothing that this list has ever held.</summary>
    public static ApiException UnknownCursor() => new(ApiErrors.Invalid("'after' names nothing in this list.", "after"));

    private static ListQuery Finish(QueryFields fields, IReadOnlyList<WindowStatus> statuses)
    {
        var list = new ListQuery(statuses, fields.Limit(DefaultLimit, MaxLimit), fields.One("after", after => after.Length > 0, "one id"));
        fields.ThrowIfInvalid();
        return list;
    }
}
