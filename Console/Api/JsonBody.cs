using System.Text.Json.Nodes;

namespace Xerotier.OperatorConsole.Api;

/// <summary>Bodies of requests.</summary>
internal static class JsonBody
{
    /// <summary>Texts as an array.</summary>
    public static JsonArray ToJson(this IEnumerable<string> texts) => [.. texts.Select(text => (JsonNode)text)];
}
