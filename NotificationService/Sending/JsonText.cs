using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Xerotier.NotificationService.Sending;

/// <summary>Text in JSON, escaped where JSON asks for it and nowhere else: the framework's encoders make twelve bytes of a character outside the basic plane.</summary>
internal static class JsonText
{
    /// <summary>Writes <paramref name="value"/> as a JSON string.</summary>
    public static void WriteText(this Utf8JsonWriter writer, string value)
    {
        var text = new StringBuilder(value.Length + 2).Append('"');
        foreach (var c in value)
        {
            _ = c switch
            {
                '"' or '\\' => text.Append('\\').Append(c),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                < ' ' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => text.Append(c),
            };
        }

        writer.WriteRawValue(Encoding.UTF8.GetBytes(text.Append('"').ToString()), skipInputValidation: true);
    }

    /// <summary>The same with the property's name.</summary>
    public static void WriteText(this Utf8JsonWriter writer, string property, string value)
    {
        writer.WritePropertyName(property);
        writer.WriteText(value);
    }
}
