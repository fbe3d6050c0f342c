using System.Buffers;
using System.Text.Json;
using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Windows;

/// <summary>Checks what clients send of a window (product.md section 4, the table of fields) and reports everything that is wrong at once.</summary>
internal sealed class WindowInput
{
    public const string EndsBeforeStart = "'ends_at' must be after 'starts_at'.";

    /// <summary>The most errors that one answer lists: a hostile body must not be answered with a longer one.</summary>
    private const int MaxErrors = 100;

    private static readonly HashSet<string> ReadOnly = ["id", "object", "project_id", "created_by", "created_at", "updated_at", "completed_at", "cancelled_at"];

    private static readonly SearchValues<char> ControlCharacters =
        SearchValues.Create([.. Enumerable.Range(0, 0x20).Concat(Enumerable.Range(0x7F, 0x21)).Select(c => (char)c).Except(['\n', '\t'])]);

    private readonly bool creating;
    private readonly List<FieldError> errors = [];
    private readonly HashSet<string> seen = new(StringComparer.Ordinal);

    private WindowInput(bool creating) => this.creating = creating;

    /// <summary>The fields of a new window; null is absence, and what is required is there.</summary>
    /// <exception cref="ApiException">400 with every invalid field.</exception>
    public static WindowFields ForCreate(JsonElement body) => new WindowInput(creating: true).Read(body);

    /// <summary>The fields that a PATCH names; null is an error.</summary>
    /// <exception cref="ApiException">400 with every invalid field.</exception>
    public static WindowFields ForUpdate(JsonElement body) => new WindowInput(creating: false).Read(body);

    /// <summary>Refuses every field: the request needs none.</summary>
    /// <exception cref="ApiException">400 with every field.</exception>
    public static void ForNothing(JsonElement body)
    {
        var input = new WindowInput(creating: false);
        foreach (var property in body.EnumerateObject())
        {
            input.Add(Name(property) ?? "?", "unknown_field", "This request takes no fields.");
        }

        input.ThrowIfInvalid();
    }

    private WindowFields Read(JsonElement body)
    {
        var fields = new WindowFields();
        foreach (var property in body.EnumerateObject())
        {
            fields = Read(fields, property);
        }

        if (creating)
        {
            Require("title", fields.Title is null);
            Require("description", fields.Description is null);
            Require("starts_at", fields.StartsAt is null);
            Require("ends_at", fields.EndsAt is null);
        }

        if (fields.EndsAt <= fields.StartsAt)
        {
            Add("ends_at", "invalid_request", EndsBeforeStart);
        }

        ThrowIfInvalid();
        return fields;
    }

    private WindowFields Read(WindowFields fields, JsonProperty property)
    {
        if (Name(property) is not { } name)
        {
            Add("?", "unknown_field", "A field's name holds half of a surrogate pair.");
            return fields;
        }

        if (!seen.Add(name))
        {
            Add(name, "invalid_json", $"'{Short(name)}' appears more than once.");
            return fields;
        }

        var value = property.Value;
        if (name is not ("title" or "description" or "severity" or "affected_services" or "starts_at" or "ends_at" or "status" or "auto_transition"))
        {
            Add(name, "unknown_field", ReadOnly.Contains(name) ? $"'{name}' is set by the service and cannot be sent." : $"'{Short(name)}' is not a field of a maintenance window.");
            return fields;
        }

        if (value.ValueKind == JsonValueKind.Null)
        {
            if (!creating)
            {
                Invalid(name, "must not be null; leave it out to keep its value.");
            }

            return fields;
        }

        return name switch
        {
            "title" => fields with { Title = Text(name, value, 1, 200)?.Trim() },
            "description" => fields with { Description = Text(name, value, 0, 2000)?.Trim() },
            "severity" => fields with { Severity = OneOf(name, value, WireNames.Severity, "info, warning or critical") },
            "status" => fields with { Status = OneOf(name, value, WireNames.Status, "scheduled, active, completed or cancelled") },
            "starts_at" => fields with { StartsAt = Time(name, value) },
            "ends_at" => fields with { EndsAt = Time(name, value) },
            "affected_services" => fields with { AffectedServices = Names(name, value) },
            _ => fields with { AutoTransition = Flag(name, value) },
        };
    }

    private string? String(string name, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            Invalid(name, "must be a string.");
            return null;
        }

        var text = JsonBody.Text(value.GetString);
        if (text is null)
        {
            Invalid(name, "holds half of a surrogate pair, which is not text.");
        }

        return text;
    }

    private string? Text(string name, JsonElement value, int min, int max)
    {
        var text = String(name, value);
        if (text is null || TextFault(text, min, max, trimmed: true) is not { } fault)
        {
            return text;
        }

        Invalid(name, fault);
        return null;
    }

    private static string? TextFault(string text, int min, int max, bool trimmed)
    {
        if (text.AsSpan().IndexOfAny(ControlCharacters) >= 0)
        {
            return "must not hold control characters other than newline and tab.";
        }

        var length = 0;
        foreach (var _ in (trimmed ? text.AsSpan().Trim() : text).EnumerateRunes())
        {
            length++; // Unicode scalar values
        }

        return length >= min && length <= max ? null
            : min == 0 ? $"must be at most {max} characters, not {length}."
            : $"must be {min} to {max} characters, not {length}.";
    }

    private T? OneOf<T>(string name, JsonElement value, Func<string, T?> parse, string choices)
        where T : struct
    {
        if (value.ValueKind == JsonValueKind.String && JsonBody.Text(value.GetString) is { } text && parse(text) is { } parsed)
        {
            return parsed;
        }

        Invalid(name, $"must be one of {choices}.");
        return null;
    }

    private DateTimeOffset? Time(string name, JsonElement value)
    {
        if (String(name, value) is not { } text)
        {
            return null;
        }

        if (Timestamps.TryParse(text, out var time, out var fault))
        {
            return time;
        }

        Invalid(name, fault);
        return null;
    }

    private bool? Flag(string name, JsonElement value)
    {
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return value.GetBoolean();
        }

        Invalid(name, "must be true or false.");
        return null;
    }

    private List<string>? Names(string name, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            Invalid(name, "must be a list of names.");
            return null;
        }

        var names = new List<string>();
        var distinct = new HashSet<string>(StringComparer.Ordinal);
        var position = 0;
        foreach (var item in value.EnumerateArray())
        {
            position++;
            if (item.ValueKind != JsonValueKind.String)
            {
                Invalid(name, $"must hold strings only; number {position} is none.");
                return null;
            }

            if (JsonBody.Text(item.GetString) is not { } text)
            {
                Invalid(name, $"holds half of a surrogate pair in name number {position}, which is not text.");
                return null;
            }

            if (TextFault(text, 1, 100, trimmed: false) is { } fault)
            {
                Invalid(name, $"is wrong in name number {position}: it {fault}");
                return null;
            }

            if (distinct.Add(text))
            {
                names.Add(text);
            }
        }

        if (names.Count <= 50)
        {
            return names;
        }

        Invalid(name, $"must hold at most 50 names, not {names.Count}.");
        return null;
    }

    private static string? Name(JsonProperty property) => JsonBody.Text(() => property.Name);

    private void Require(string name, bool missing)
    {
        if (missing && errors.TrueForAll(e => e.Param != name))
        {
            Invalid(name, "is required.");
        }
    }

    private void Invalid(string name, string fault) => Add(name, "invalid_request", $"'{name}' {fault}");

    private void Add(string name, string code, string message)
    {
        if (errors.Count < MaxErrors)
        {
            errors.Add(new FieldError(Short(name), code, message));
        }
    }

    private void ThrowIfInvalid()
    {
        if (errors.Count > 0)
        {
            throw new ApiException(ApiErrors.Invalid(errors));
        }
    }

    private static string Short(string name) => name.Length <= 64 ? name : $"{name.AsSpan(0, char.IsHighSurrogate(name[63]) ? 63 : 64)}…";
}
