using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Xerotier.Xeroctl.Api;

/// <summary>Reads JSON in which any member can be missing.</summary>
internal static class JsonReading
{
    /// <summary>A text member, or null.</summary>
    public static string? Text(this JsonElement json, string name) => json.Child(name) is { ValueKind: JsonValueKind.String } value ? Text(value) : null;

    /// <summary>A number, or null.</summary>
    public static double? Number(this JsonElement json, string name) => json.Child(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetDouble(out var number) ? number : null;

    /// <summary>A whole number for display; 0 if it is missing.</summary>
    public static string Count(this JsonElement json, string name) => (json.Number(name) ?? 0).ToString("0", CultureInfo.InvariantCulture);

    /// <summary>Whether a member is true.</summary>
    public static bool IsTrue(this JsonElement json, string name) => json.Child(name).ValueKind == JsonValueKind.True;

    /// <summary>A time, or null.</summary>
    public static DateTimeOffset? Time(this JsonElement json, string name) => json.Child(name) is { ValueKind: JsonValueKind.String } value && value.TryGetDateTimeOffset(out var time) ? time : null;

    /// <summary>A member, or an undefined element.</summary>
    public static JsonElement Child(this JsonElement json, string name) => json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) ? value : default;

    /// <summary>The items of a list, or none.</summary>
    public static IEnumerable<JsonElement> Items(this JsonElement json, string name) => json.Child(name) is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray() : [];

    /// <summary>A list of texts, separated by commas.</summary>
    public static string Texts(this JsonElement json, string name) =>
        string.Join(", ", json.Items(name).Where(item => item.ValueKind == JsonValueKind.String).Select(Text));

    // Invalid UTF-8 and unpaired surrogates cannot become a string: the result is the raw text of the document then.
    private static string Text(JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return Encoding.UTF8.GetString(JsonMarshal.GetRawUtf8Value(value)[1..^1]);
        }
    }
}
