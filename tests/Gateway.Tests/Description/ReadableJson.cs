using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Xerotier.Gateway.Tests.Description;

/// <summary>Writes JSON with two spaces of indentation, and on one line what fits there.</summary>
internal static class ReadableJson
{
    private const int Width = 140;
    private static readonly JsonSerializerOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Write(JsonNode node)
    {
        var text = new StringBuilder();
        Write(text, node, "", 0);
        return text.ToString();
    }

    private static void Write(StringBuilder text, JsonNode? node, string indent, int used)
    {
        var line = OnOneLine(node);
        var items = node switch
        {
            JsonObject fields when fields.Count > 0 => fields.Select(field => (Name: Text(field.Key) + ": ", field.Value)).ToList(),
            JsonArray list when list.Count > 0 => [.. list.Select(item => (Name: "", Value: item))],
            _ => [],
        };
        if (items.Count == 0 || indent.Length + used + line.Length < Width)
        {
            text.Append(line);
            return;
        }

        var inner = indent + "  ";
        text.Append(node is JsonObject ? '{' : '[');
        foreach (var (i, (name, value)) in items.Index())
        {
            text.Append(i == 0 ? "\n" : ",\n").Append(inner).Append(name);
            Write(text, value, inner, name.Length);
        }

        text.Append('\n').Append(indent).Append(node is JsonObject ? '}' : ']');
    }

    private static string OnOneLine(JsonNode? node) => node switch
    {
        JsonObject fields => $"{{{string.Join(", ", fields.Select(field => $"{Text(field.Key)}: {OnOneLine(field.Value)}"))}}}",
        JsonArray list => $"[{string.Join(", ", list.Select(OnOneLine))}]",
        null => "null",
        _ => node.ToJsonString(Options),
    };

    private static string Text(string value) => JsonSerializer.Serialize(value, Options);
}
