using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Xerotier.Gateway.Tests.Description;

/// <summary>The XML documentation of an assembly, which lies beside it.</summary>
internal sealed partial class XmlComments(Assembly assembly)
{
    private readonly Dictionary<string, XElement> members = XDocument.Load(Path.ChangeExtension(assembly.Location, ".xml"))
        .Descendants("member").ToDictionary(member => (string)member.Attribute("name")!);

    /// <summary>The summary of a type, as Markdown.</summary>
    public string? Summary(Type type) => Summary($"T:{Name(type)}");

    /// <summary>The summary of a property, as Markdown.</summary>
    public string? Summary(PropertyInfo property) => Summary(Name(property));

    /// <summary>The example of a property; JSON null is an example too.</summary>
    public bool TryGetExample(PropertyInfo property, out JsonNode? example)
    {
        var text = members.GetValueOrDefault(Name(property))?.Element("example")?.Value;
        example = text is null ? null : JsonNode.Parse(text);
        return text is not null;
    }

    private static string Name(PropertyInfo property) => $"P:{Name(property.DeclaringType!)}.{property.Name}";

    private static string Name(Type type) => (type.IsGenericType ? type.GetGenericTypeDefinition() : type).FullName!;

    private string? Summary(string member) => members.GetValueOrDefault(member)?.Element("summary") is { } summary
        ? WhiteSpace().Replace(string.Concat(summary.Nodes().Select(node => node is XElement { Name.LocalName: "c" } code ? $"`{code.Value}`" : node is XText text ? text.Value : "")), " ").Trim()
        : null;

    [GeneratedRegex(@"\s+")]
    private static partial Regex WhiteSpace();
}
