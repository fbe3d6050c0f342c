using System.Text.Json.Nodes;
using Xerotier.OperatorConsole.Visits;

namespace Xerotier.OperatorConsole.Incidents;

/// <summary>The matrix of components: a field for each, with what the update says of it, or nothing.</summary>
internal static class ComponentField
{
    private const string Prefix = "component:";

    /// <summary>The field of a component.</summary>
    public static string Of(string id) => Prefix + id;

    /// <summary>What the form says of components, as the API takes it.</summary>
    public static JsonArray Read(FormValues form) =>
        [.. Chosen(form).Select(chosen => (JsonNode)new JsonObject { ["id"] = chosen.Id, ["status"] = chosen.Status })];

    /// <summary>The components that the form names.</summary>
    public static IEnumerable<(string Id, string Status)> Chosen(FormValues form) =>
        form.All.Where(field => field.Key.StartsWith(Prefix, StringComparison.Ordinal)).Select(field => (field.Key[Prefix.Length..], field.Value.ToString())).Where(field => field.Item2.Length > 0);
}
