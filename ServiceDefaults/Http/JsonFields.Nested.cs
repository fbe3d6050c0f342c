using System.Globalization;
using System.Text.Json;

namespace Xerotier.ServiceDefaults.Http;

/// <content>Numbers, dates, nulls, and objects within the object.</content>
public sealed partial class JsonFields
{
    private readonly List<JsonFields> children = [];
    private readonly JsonFields? parent;
    private readonly string? field; // of the parent
    private readonly bool inList;
    private readonly string path = ""; // before the names of fields in messages

    private JsonFields(JsonElement body, JsonFields parent, string field, int? index)
    {
        (this.parent, this.field, inList) = (parent, field, index is not null);
        path = index is { } i ? string.Create(CultureInfo.InvariantCulture, $"{parent.path}{field}[{i}].") : $"{parent.path}{field}.";
        Fill(body);
        parent.children.Add(this);
    }

    /// <summary>Whether the field is there and null, as in a PATCH that removes a value. It counts as read.</summary>
    public bool IsNull(string name)
    {
        var isNull = fields.TryGetValue(name, out var found) && found.Value.ValueKind == JsonValueKind.Null;
        if (isNull)
        {
            read.Add(name);
        }

        return isNull;
    }

    /// <summary>A whole number from <paramref name="min"/> to <paramref name="max"/>; null where it is missing or wrong.</summary>
    public int? WholeNumber(string name, int min, int max)
    {
        if (!Take(name, out var value))
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= min && number <= max)
        {
            return number;
        }

        Invalid(name, string.Create(CultureInfo.InvariantCulture, $"must be a whole number from {min} to {max}."));
        return null;
    }

    /// <summary>A date, such as <c>2026-05-22</c>; null where it is missing or wrong.</summary>
    public DateOnly? Date(string name)
    {
        if (Raw(name) is not { } text)
        {
            return null;
        }

        if (DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date))
        {
            return date;
        }

        Invalid(name, "must be a date that exists, such as 2026-05-22.");
        return null;
    }

    /// <summary>The fields of an object, whose errors are reported with the others; null where it is missing or wrong. A null in it is the same as missing.</summary>
    public JsonFields? Nested(string name)
    {
        if (!Take(name, out var value))
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Object)
        {
            return new(value, this, name, index: null);
        }

        Invalid(name, "must be an object.");
        return null;
    }

    /// <summary>The fields of each object of a list; null where it is missing or wrong.</summary>
    /// <param name="name">The field, which the errors of its objects name as their parameter.</param>
    /// <param name="maxItems">The most objects.</param>
    public IReadOnlyList<JsonFields>? NestedList(string name, int maxItems)
    {
        if (!Take(name, out var value))
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.Object))
        {
            Invalid(name, "must be a list of objects.");
            return null;
        }

        var count = value.GetArrayLength();
        if (count > maxItems)
        {
            Invalid(name, $"must have at most {maxItems} items, not {count}.");
            return null;
        }

        return [.. value.EnumerateArray().Select((item, index) => new JsonFields(item, this, name, index))];
    }

    private void RefuseUnknown(Func<string, string>? unknown)
    {
        foreach (var name in fields.Keys)
        {
            if (!read.Contains(name))
            {
                Error(name, unknown?.Invoke(Shorten(name)) ?? $"'{path}{Shorten(name)}' is not a field of this request.", "unknown_field");
            }
        }

        foreach (var child in children)
        {
            child.RefuseUnknown(unknown: null);
        }
    }
}
