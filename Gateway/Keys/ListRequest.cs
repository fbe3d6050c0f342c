using System.Globalization;
using System.Text.Json;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Keys;

/// <summary>The query of a list: <c>?limit=</c> 1 to 100 (20) and <c>?after=</c> an id.</summary>
/// <param name="Limit">How many items.</param>
/// <param name="After">The id after which they start.</param>
internal readonly record struct ListRequest(int Limit, string? After)
{
    /// <summary>Reads the query.</summary>
    /// <exception cref="ApiException">400: a parameter is wrong.</exception>
    public static ListRequest Of(HttpRequest request)
    {
        var errors = new List<FieldError>();
        var limit = 20;
        foreach (var (name, values) in request.Query)
        {
            switch (name)
            {
                case "limit" when values.Count == 1 && int.TryParse(values[0], NumberStyles.None, CultureInfo.InvariantCulture, out limit) && limit is >= 1 and <= 100:
                case "after" when values is [{ Length: > 0 and <= 128 } after] && after.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'):
                    break;
                case "limit":
                    errors.Add(new(name, "invalid_request", "'limit' must be a number from 1 to 100."));
                    break;
                case "after":
                    errors.Add(new(name, "invalid_request", "'after' must be an id."));
                    break;
                default:
                    errors.Add(new(name, "unknown_field", $"'{name}' is not a parameter of this request."));
                    break;
            }
        }

        return errors.Count > 0 ? throw new ApiException(ApiErrors.Invalid(errors)) : new(limit, request.Query["after"].FirstOrDefault());
    }

    /// <summary>Writes a page of the list; <paramref name="items"/> holds one more than asked for where there are more.</summary>
    public Task WriteAsync<T>(HttpContext context, List<T> items, Func<T, string> id, Action<Utf8JsonWriter, T> write)
    {
        var shown = items.Take(Limit).ToList();
        return Responses.WriteJsonAsync(context, 200, json =>
        {
            json.WriteStartObject();
            json.WriteString("object", "list");
            json.WriteStartArray("data");
            shown.ForEach(item => write(json, item));
            json.WriteEndArray();
            json.WriteString("first_id", shown.Count > 0 ? id(shown[0]) : null);
            json.WriteString("last_id", shown.Count > 0 ? id(shown[^1]) : null);
            json.WriteBoolean("has_more", items.Count > shown.Count);
            json.WriteEndObject();
        });
    }
}
