using System.Globalization;
using Microsoft.AspNetCore.Http;
using Xerotier.Contracts;

namespace Xerotier.ServiceDefaults.Http;

/// <summary>
/// Reads the parameters of a query, and collects everything that is wrong with them before it says so. A parameter that nobody asked
/// for is refused: a filter with a typo must not show everything.
/// </summary>
/// <param name="query">The request's query.</param>
public sealed class QueryFields(IQueryCollection query)
{
    private const int MaxErrors = 100;
    private readonly HashSet<string> known = new(StringComparer.OrdinalIgnoreCase); // as the collection compares names
    private readonly List<FieldError> errors = [];

    /// <summary><c>limit</c>: the longest page, 1 to <paramref name="max"/>; <paramref name="byDefault"/> where it is missing.</summary>
    public int Limit(int byDefault, int max)
    {
        known.Add("limit");
        if (!query.TryGetValue("limit", out var values))
        {
            return byDefault;
        }

        if (values is [{ } text] && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit >= 1 && limit <= max)
        {
            return limit;
        }

        Error("limit", $"'limit' must be a number from 1 to {max}.");
        return byDefault;
    }

    /// <summary>A parameter of one value, such as <c>after</c>; null where it is missing.</summary>
    /// <param name="name">The parameter.</param>
    /// <param name="isValid">Whether the value can be one.</param>
    /// <param name="expected">Completes the sentence “'after' must be …”, without the period.</param>
    public string? One(string name, Func<string, bool> isValid, string expected)
    {
        ArgumentNullException.ThrowIfNull(isValid);
        known.Add(name);
        if (!query.TryGetValue(name, out var values))
        {
            return null;
        }

        if (values is [{ } value] && isValid(value))
        {
            return value;
        }

        Error(name, $"'{name}' must be {expected}.");
        return null;
    }

    /// <summary>A parameter that is true or false; null where it is missing.</summary>
    public bool? Flag(string name) => One(name, value => value is "true" or "false", "true or false") is { } value ? value == "true" : null;

    /// <summary>A parameter that may be repeated; empty where it is missing.</summary>
    /// <param name="name">The parameter.</param>
    /// <param name="parse">Parses one value; null where it is not one.</param>
    /// <param name="expected">Completes the sentence “'status' must be …”, without the period.</param>
    public IReadOnlyList<T> Many<T>(string name, Func<string, T?> parse, string expected)
        where T : struct
    {
        ArgumentNullException.ThrowIfNull(parse);
        known.Add(name);
        if (!query.TryGetValue(name, out var values))
        {
            return [];
        }

        var parsed = values.Select(value => parse(value ?? "")).ToList();
        if (parsed.Contains(null))
        {
            Error(name, $"'{name}' must be {expected}.");
            return [];
        }

        return [.. parsed.OfType<T>().Distinct()];
    }

    /// <summary>Adds an error that only the caller can find.</summary>
    public void Error(string name, string message) => errors.Add(new() { Param = name, Code = "invalid_request", Message = message });

    /// <summary>Ends the reading: a parameter that was not read is unknown.</summary>
    /// <exception cref="ApiException">400 with every error.</exception>
    public void ThrowIfInvalid()
    {
        errors.AddRange(query.Keys.Where(name => !known.Contains(name)).Take(MaxErrors - errors.Count)
            .Select(name => new FieldError { Param = JsonFields.Shorten(name), Code = "unknown_field", Message = $"'{JsonFields.Shorten(name)}' is not a parameter of this request." }));
        if (errors.Count > 0)
        {
            throw new ApiException(ApiErrors.Invalid(errors));
        }
    }
}
