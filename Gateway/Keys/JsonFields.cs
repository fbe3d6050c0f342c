using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Keys;

/// <summary>Reads the fields of a JSON object, and gathers everything that is wrong with them before it says so.</summary>
internal sealed partial class JsonFields
{
    private const int MaxErrors = 100;
    private readonly Dictionary<string, JsonElement> fields = new(StringComparer.Ordinal);
    private readonly List<FieldError> errors = [];

    private JsonFields(JsonElement body)
    {
        foreach (var field in body.EnumerateObject())
        {
            // A name of lone surrogates cannot be text, so it cannot be a field that we know.
            fields[TryText(() => field.Name) ?? "\uFFFD"] = field.Value;
        }
    }

    /// <summary>Reads the request's body.</summary>
    /// <exception cref="ApiException">400: it is not a JSON object.</exception>
    public static async Task<JsonFields> ReadAsync(HttpRequest request, CancellationToken cancellation)
    {
        try
        {
            using var body = await JsonDocument.ParseAsync(request.Body, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16 }, cancellation);
            return body.RootElement.ValueKind == JsonValueKind.Object
                ? new JsonFields(body.RootElement.Clone())
                : throw new ApiException(ApiErrors.InvalidJson("The body must be a JSON object."));
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            // The second: a name that spells half of a surrogate pair.
            throw new ApiException(ApiErrors.InvalidJson());
        }
    }

    /// <summary>Notes that <paramref name="field"/> is wrong.</summary>
    public void Wrong(string field, string message) => errors.Add(new(field, "invalid_request", message));

    /// <summary>Text of 1 to <paramref name="maxLength"/> characters, trimmed; an error when it is missing.</summary>
    public string Text(string field, int maxLength)
    {
        if (!Take(field, out var value))
        {
            Wrong(field, $"'{field}' is required.");
            return "";
        }

        var text = value.ValueKind == JsonValueKind.String ? TryText(value.GetString)?.Trim() : null;
        if (text is null || text.Length == 0 || text.EnumerateRunes().Count() > maxLength || text.Any(char.IsControl))
        {
            Wrong(field, $"'{field}' must be text of 1 to {maxLength} characters without control characters.");
        }

        return text ?? "";
    }

    /// <summary>A list of up to <paramref name="max"/> texts, without repetitions; empty when it is missing.</summary>
    public IReadOnlyList<string> Texts(string field, int max)
    {
        if (!Take(field, out var value))
        {
            return [];
        }

        var texts = value.ValueKind == JsonValueKind.Array && value.GetArrayLength() <= max
            ? value.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.String ? TryText(item.GetString) : null).ToList()
            : [null];
        if (texts.Contains(null))
        {
            Wrong(field, $"'{field}' must be a list of up to {max} texts.");
            return [];
        }

        return [.. texts.OfType<string>().Distinct(StringComparer.Ordinal)];
    }

    /// <summary>True or false; false when it is missing.</summary>
    public bool Flag(string field)
    {
        if (Take(field, out var value) && value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
        {
            Wrong(field, $"'{field}' must be true or false.");
        }

        return value.ValueKind == JsonValueKind.True;
    }

    /// <summary>An instant with its offset, to the microsecond, or nothing.</summary>
    public DateTimeOffset? Time(string field)
    {
        if (!Take(field, out var value))
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.String && TryText(value.GetString) is { } text && Rfc3339().IsMatch(text)
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time))
        {
            return time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMicrosecond)).ToUniversalTime();
        }

        Wrong(field, $"'{field}' must be a time with an offset or Z, such as 2026-05-22T02:00:00Z.");
        return null;
    }

    /// <summary>Ends the reading: what is left is unknown.</summary>
    /// <exception cref="ApiException">400: something is wrong; all of it is named.</exception>
    public void End()
    {
        errors.AddRange(fields.Keys.Take(MaxErrors - errors.Count).Select(field => new FieldError(field, "unknown_field", $"'{field}' is not a field of this request.")));
        if (errors.Count > 0)
        {
            throw new ApiException(ApiErrors.Invalid(errors));
        }
    }

    /// <summary>A field that was sent; null is as good as absent.</summary>
    private bool Take(string field, out JsonElement value) => fields.Remove(field, out value) && value.ValueKind != JsonValueKind.Null;

    /// <summary>Text that is Unicode: escapes can spell surrogates that stand alone.</summary>
    private static string? TryText(Func<string?> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    [GeneratedRegex(@"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Rfc3339();
}
