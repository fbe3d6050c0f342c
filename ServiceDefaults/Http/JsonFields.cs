using System.Buffers;
using System.Text.Json;
using Xerotier.Contracts;

namespace Xerotier.ServiceDefaults.Http;

/// <summary>
/// Reads a JSON object strictly, field by field, and collects everything that is wrong with it before it says so: values of another
/// type, fields that are there twice, fields that nobody asked for. Errors come in the order in which the body has the fields.
/// </summary>
public sealed partial class JsonFields
{
    /// <summary>The most bytes of a body with the fields of one object: twice what the longest valid window takes when each of its characters is escaped.</summary>
    public const int MaxBodyBytes = 256 * 1024;

    /// <summary>The most errors that one response lists: a hostile body must not get a longer response.</summary>
    private const int MaxErrors = 100;

    private static readonly SearchValues<char> ControlCharacters =
        SearchValues.Create([.. Enumerable.Range(0, 0x20).Concat(Enumerable.Range(0x7F, 0x21)).Select(c => (char)c)]);

    private static readonly SearchValues<char> ControlCharactersOfLongText =
        SearchValues.Create([.. Enumerable.Range(0, 0x20).Concat(Enumerable.Range(0x7F, 0x21)).Select(c => (char)c).Except(['\n', '\t'])]);

    private readonly Dictionary<string, (JsonElement Value, int Position)> fields = new(StringComparer.Ordinal);
    private readonly HashSet<string> read = new(StringComparer.Ordinal);
    private readonly List<(FieldError Error, int Position)> errors = [];
    private readonly bool refusesNull;

    /// <summary>The fields of an object.</summary>
    /// <param name="body">A JSON object.</param>
    /// <param name="refusesNull">Whether null is an error, as in a PATCH, where a missing field keeps its value; else null is the same as missing.</param>
    public JsonFields(JsonElement body, bool refusesNull = false)
    {
        this.refusesNull = refusesNull;
        Fill(body);
    }

    /// <summary>A string as it is; null where it is missing or wrong.</summary>
    public string? Raw(string name)
    {
        if (!Take(name, out var value))
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.String)
        {
            Invalid(name, "must be a string.");
            return null;
        }

        var text = TryRead(value.GetString);
        if (text is null)
        {
            Invalid(name, "contains half of a surrogate pair, which is not text.");
        }

        return text;
    }

    /// <summary>Text of <paramref name="min"/> to <paramref name="max"/> Unicode scalar values without control characters, trimmed; null where it is missing or wrong.</summary>
    /// <param name="name">The field.</param>
    /// <param name="min">The fewest, after trimming.</param>
    /// <param name="max">The most, after trimming.</param>
    /// <param name="lines">Whether it may have line breaks and tabs.</param>
    public string? Text(string name, int min, int max, bool lines = false)
    {
        var text = Raw(name);
        if (text is not null && TextError(text, text.AsSpan().Trim(), min, max, lines) is { } error)
        {
            Invalid(name, error);
            return null;
        }

        return text?.Trim();
    }

    /// <summary>A list of up to <paramref name="maxItems"/> different texts, without repetitions; null where it is missing or wrong.</summary>
    /// <param name="name">The field.</param>
    /// <param name="maxItems">The most items, without repetitions.</param>
    /// <param name="min">The fewest Unicode scalar values of an item.</param>
    /// <param name="max">The most.</param>
    /// <param name="lines">Whether an item may have newlines and tabs.</param>
    public IReadOnlyList<string>? Texts(string name, int maxItems, int min, int max, bool lines = false)
    {
        if (!Take(name, out var value))
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Array)
        {
            Invalid(name, "must be a list of strings.");
            return null;
        }

        var texts = new List<string>();
        var distinct = new HashSet<string>(StringComparer.Ordinal);
        var index = 0;
        foreach (var item in value.EnumerateArray())
        {
            var text = item.ValueKind == JsonValueKind.String ? TryRead(item.GetString) : null;
            var error = item.ValueKind != JsonValueKind.String ? "must be a string."
                : text is null ? "contains half of a surrogate pair, which is not text."
                : TextError(text, text, min, max, lines);
            if (error is not null)
            {
                Error(name, $"{name}[{index}] {error}");
                return null;
            }

            if (distinct.Add(text!))
            {
                texts.Add(text!);
            }

            index++;
        }

        if (texts.Count > maxItems)
        {
            Invalid(name, $"must have at most {maxItems} items, not {texts.Count}.");
            return null;
        }

        return texts;
    }

    /// <summary>One of some words; null where it is missing or wrong.</summary>
    /// <param name="name">The field.</param>
    /// <param name="parse">Parses a word; null where it is none of them.</param>
    /// <param name="choices">The words, such as <c>info, warning or critical</c>.</param>
    public T? OneOf<T>(string name, Func<string, T?> parse, string choices)
        where T : struct
    {
        ArgumentNullException.ThrowIfNull(parse);
        if (!Take(name, out var value))
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.String && TryRead(value.GetString) is { } text && parse(text) is { } parsed)
        {
            return parsed;
        }

        Invalid(name, $"must be one of {choices}.");
        return null;
    }

    /// <summary>A time with an offset, to the microsecond; null where it is missing or wrong.</summary>
    public DateTimeOffset? Time(string name)
    {
        if (Raw(name) is not { } text)
        {
            return null;
        }

        if (Timestamps.TryParse(text, out var time, out var error))
        {
            return time;
        }

        Invalid(name, error);
        return null;
    }

    /// <summary>True or false; null where it is missing or wrong.</summary>
    public bool? Flag(string name)
    {
        if (!Take(name, out var value))
        {
            return null;
        }

        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return value.GetBoolean();
        }

        Invalid(name, "must be true or false.");
        return null;
    }

    /// <summary>Adds an error for each of <paramref name="names"/> that is missing (or null).</summary>
    public void Require(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            read.Add(name);
            if (!fields.TryGetValue(name, out var found) || (found.Value.ValueKind == JsonValueKind.Null && !refusesNull))
            {
                Invalid(name, "is required.");
            }
        }
    }

    /// <summary>Adds the error that a field, which the message begins with, <paramref name="fault"/>.</summary>
    public void Invalid(string name, string fault) => Error(name, $"'{path}{name}' {fault}");

    /// <summary>Adds an error.</summary>
    public void Error(string name, string message, string code = "invalid_request")
    {
        if (parent is not null)
        {
            parent.Error(inList ? field! : $"{field}.{name}", message, code);
        }
        else if (errors.Count < MaxErrors)
        {
            errors.Add((new() { Param = Shorten(name), Code = code, Message = message }, fields.TryGetValue(name.Split('.')[0], out var found) || fields.TryGetValue(name, out found) ? found.Position : int.MaxValue));
        }
    }

    /// <summary>Ends the reading: a field that was not read is unknown.</summary>
    /// <param name="unknown">The message for an unknown field, whose name is shortened.</param>
    /// <exception cref="ApiException">400 with every error.</exception>
    public void ThrowIfInvalid(Func<string, string>? unknown = null)
    {
        RefuseUnknown(unknown);
        if (errors.Count > 0)
        {
            throw new ApiException(ApiErrors.Invalid([.. errors.OrderBy(error => error.Position).Select(error => error.Error)]));
        }
    }

    /// <summary>A name that a client chose, short enough for a message.</summary>
    public static string Shorten(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Length <= 64 ? name : $"{name.AsSpan(0, char.IsHighSurrogate(name[63]) ? 63 : 64)}…";
    }

    private void Fill(JsonElement body)
    {
        var position = 0;
        foreach (var property in body.EnumerateObject())
        {
            // An escape can be half of a surrogate pair. That is not text, so it names no field.
            var name = TryRead(() => property.Name) ?? "\uFFFD";
            if (!fields.TryAdd(name, (property.Value, position++)))
            {
                Error(name, $"Duplicate field: '{path}{Shorten(name)}'.", "invalid_json");
            }
        }
    }

    private bool Take(string name, out JsonElement value)
    {
        read.Add(name);
        value = default;
        if (!fields.TryGetValue(name, out var found))
        {
            return false;
        }

        value = found.Value;
        if (value.ValueKind != JsonValueKind.Null)
        {
            return true;
        }

        if (refusesNull)
        {
            Invalid(name, "must not be null; leave it out to keep its value.");
        }

        return false;
    }

    private static string? TextError(string text, ReadOnlySpan<char> counted, int min, int max, bool lines)
    {
        if (text.AsSpan().ContainsAny(lines ? ControlCharactersOfLongText : ControlCharacters))
        {
            return lines ? "must not contain control characters other than newline and tab." : "must not contain control characters.";
        }

        var length = 0;
        foreach (var _ in counted.EnumerateRunes())
        {
            length++;
        }

        return length >= min && length <= max ? null
            : min == 0 ? $"must be at most {max} characters, not {length}."
            : $"must be {min} to {max} characters, not {length}.";
    }

    /// <summary>The text that <paramref name="read"/> returns; null when it holds half of a surrogate pair.</summary>
    private static string? TryRead(Func<string?> read)
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
}
