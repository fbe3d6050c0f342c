using System.Globalization;
using Microsoft.Extensions.Primitives;
using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Windows;

/// <summary>The query parameters of the lists. A parameter that the list does not know is refused: a filter with a typo must not show everything.</summary>
internal sealed class ListQuery
{
    public const int DefaultLimit = 20;
    public const int MaxLimit = 100;

    private readonly List<FieldError> errors = [];

    /// <summary>The list of windows: <c>status</c> (repeatable), <c>limit</c>, <c>after</c>.</summary>
    /// <exception cref="ApiException">400 with every wrong parameter.</exception>
    public ListQuery(IQueryCollection query, bool byStatus)
    {
        foreach (var (name, values) in query)
        {
            switch (name)
            {
                case "status" when byStatus:
                    Statuses = [.. values.Select(Status).Distinct()];
                    break;
                case "limit":
                    Limit = ReadLimit(values);
                    break;
                case "after" when values is [{ Length: > 0 } after]:
                    After = after;
                    break;
                case "after":
                    Invalid(name, "'after' must be one id.");
                    break;
                default:
                    Invalid(name.Length <= 64 ? name : name[..64], "This list takes no such parameter.");
                    break;
            }
        }

        if (errors.Count > 0)
        {
            throw new ApiException(ApiErrors.Invalid(errors));
        }
    }

    /// <summary>The states to list; all of them when none is named.</summary>
    public IReadOnlyList<WindowStatus> Statuses { get; } = Enum.GetValues<WindowStatus>();

    /// <summary>The longest page, 1 to 100.</summary>
    public int Limit { get; } = DefaultLimit;

    /// <summary>The id after which the page starts.</summary>
    public string? After { get; }

    /// <summary>400: the cursor names nothing that this list has ever held.</summary>
    public static ApiException UnknownCursor() => new(ApiErrors.Invalid("'after' names nothing in this list.", "after"));

    private WindowStatus Status(string? text)
    {
        if (WireNames.Status(text ?? "") is { } status)
        {
            return status;
        }

        Invalid("status", "'status' must be one of scheduled, active, completed or cancelled; repeat the parameter for several.");
        return default;
    }

    private int ReadLimit(StringValues values)
    {
        if (values is [{ } text] && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit is >= 1 and <= MaxLimit)
        {
            return limit;
        }

        Invalid("limit", $"'limit' must be a number from 1 to {MaxLimit}.");
        return DefaultLimit;
    }

    private void Invalid(string name, string message)
    {
        if (errors.TrueForAll(e => e.Param != name))
        {
            errors.Add(new FieldError(name, "invalid_request", message));
        }
    }
}
