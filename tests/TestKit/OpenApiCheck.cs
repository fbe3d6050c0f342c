using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Xerotier.TestKit;

/// <summary>
/// Holds every answer that a test sees against the public surface's description: the operation and its status are in it, the id of the
/// request is there, the body fits its schema. A path or method that the description does not have must end in the error envelope.
/// </summary>
public sealed class OpenApiCheck : DelegatingHandler
{
    /// <summary>A header by which a stand-in for a service says that its body is none of the product's.</summary>
    public const string NotOursHeader = "X-Test-Double";

    private readonly JsonNode document;
    private readonly (string Method, Regex Path, JsonNode Operation)[] operations;

    /// <summary>Every path of the description, such as <c>/status/incidents/{id}</c>.</summary>
    public static IReadOnlyList<string> Paths { get; } = [.. ReadDocument()["paths"]!.AsObject().Select(path => path.Key)];

    /// <summary>Checks what comes from <paramref name="inner"/>.</summary>
    public OpenApiCheck(HttpMessageHandler inner)
        : base(inner)
    {
        document = ReadDocument();
        operations = [..
            from path in document["paths"]!.AsObject()
            from operation in path.Value!.AsObject()
            where operation.Key != "parameters"
            orderby path.Key.Contains('{', StringComparison.Ordinal)
            select (operation.Key.ToUpperInvariant(), new Regex($"^{Regex.Replace(path.Key.Replace(".", "\\.", StringComparison.Ordinal), "{[a-z_]+}", "[^/]+")}$"), operation.Value!)];
    }

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        await response.Content.LoadIntoBufferAsync(cancellationToken);
        var body = await response.Content.ReadAsStringAsync(cancellationToken);
        var method = request.Method.Method == "HEAD" ? "GET" : request.Method.Method;
        var path = request.RequestUri!.AbsolutePath;
        if (Error(method, path, response, request.Method.Method == "HEAD" ? null : body) is { } error)
        {
            throw new InvalidOperationException($"{request.Method} {path} answered {(int)response.StatusCode}: {error}\n{body}");
        }

        return response;
    }

    private static JsonNode ReadDocument() => JsonNode.Parse(File.ReadAllText(Path.Combine(Solution.Folder, "Gateway", "openapi.json")))!;

    private string? Error(string method, string path, HttpResponseMessage response, string? body)
    {
        if (!response.Headers.Contains("X-Request-Id"))
        {
            return "no X-Request-Id";
        }

        var operation = operations.FirstOrDefault(o => o.Method == method && o.Path.IsMatch(path)).Operation;
        if (operation is null)
        {
            return response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.TooManyRequests
                ? body is null ? null : Schema(document["components"]!["schemas"]!["ErrorResponse"]!, JsonNode.Parse(body), "body")
                : "neither the operation nor its absence is described";
        }

        if (operation["responses"]![((int)response.StatusCode).ToString(CultureInfo.InvariantCulture)] is not { } described)
        {
            return "the status is not described";
        }

        foreach (var (name, header) in Resolve(described)["headers"]?.AsObject() ?? [])
        {
            if (Resolve(header!)["required"]?.GetValue<bool>() == true && !response.Headers.Contains(name))
            {
                return $"no header {name}";
            }
        }

        if (body is null || response.Headers.Contains(NotOursHeader) || Resolve(described)["content"] is not JsonObject content)
        {
            return null;
        }

        var type = response.Content.Headers.ContentType?.MediaType;
        return type is null || content[type] is not { } media ? $"the type {type} is not described"
            : type == "application/json" ? Schema(media["schema"]!, JsonNode.Parse(body), "body")
            : null;
    }

    /// <summary>What is wrong with a value by a schema of the description; null: nothing.</summary>
    public string? Error(JsonNode schema, JsonNode? value) => Schema(schema, value, "body");

    private JsonNode Resolve(JsonNode node)
    {
        while (node["$ref"]?.GetValue<string>() is { } reference)
        {
            node = reference[2..].Split('/').Aggregate(document, (at, name) => at[name] ?? throw new InvalidOperationException($"{reference} leads nowhere."));
        }

        return node;
    }

    /// <summary>What is wrong with <paramref name="value"/>; the keywords of JSON Schema that the description uses, and an exception for any other.</summary>
    private string? Schema(JsonNode schema, JsonNode? value, string at)
    {
        schema = Resolve(schema);
        foreach (var (keyword, rule) in schema.AsObject())
        {
            var error = keyword switch
            {
                "description" or "title" or "default" or "examples" or "format" => null,
                "type" => (rule is JsonArray types ? types.Select(t => t!.GetValue<string>()) : [rule!.GetValue<string>()]).Any(type => Is(type, value)) ? null : $"is not {rule.ToJsonString()}",
                "const" => JsonNode.DeepEquals(rule, value) ? null : $"is not {rule!.ToJsonString()}",
                "enum" => rule!.AsArray().Any(one => JsonNode.DeepEquals(one, value)) ? null : $"is none of {rule.ToJsonString()}",
                "pattern" => !Is("string", value) || Regex.IsMatch(value!.GetValue<string>(), rule!.GetValue<string>()) ? null : $"does not match {rule}",
                "minLength" => !Is("string", value) || value!.GetValue<string>().EnumerateRunes().Count() >= rule!.GetValue<int>() ? null : "is too short",
                "maxLength" => !Is("string", value) || value!.GetValue<string>().EnumerateRunes().Count() <= rule!.GetValue<int>() ? null : "is too long",
                "minimum" => !Is("number", value) || value!.GetValue<double>() >= rule!.GetValue<double>() ? null : "is too small",
                "maximum" => !Is("number", value) || value!.GetValue<double>() <= rule!.GetValue<double>() ? null : "is too large",
                "minItems" => value is not JsonArray few || few.Count >= rule!.GetValue<int>() ? null : "has too few items",
                "maxItems" => value is not JsonArray many || many.Count <= rule!.GetValue<int>() ? null : "has too many items",
                "uniqueItems" => value is not JsonArray unique || unique.Select(item => item?.ToJsonString()).Distinct().Count() == unique.Count ? null : "repeats itself",
                "required" => value is not JsonObject whole || rule!.AsArray().All(name => whole.ContainsKey(name!.GetValue<string>())) ? null : $"lacks one of {rule.ToJsonString()}",
                "properties" => value is JsonObject fields
                    ? rule!.AsObject().Where(p => fields.ContainsKey(p.Key)).Select(p => Schema(p.Value!, fields[p.Key], $"{at}.{p.Key}")).FirstOrDefault(f => f is not null)
                    : null,
                "additionalProperties" => value is JsonObject extended
                    ? extended.Where(p => schema["properties"]?[p.Key] is null)
                        .Select(p => rule is JsonObject other ? Schema(other, p.Value, $"{at}.{p.Key}") : rule!.GetValue<bool>() ? null : $"has '{p.Key}'").FirstOrDefault(f => f is not null)
                    : null,
                "items" => value is JsonArray items ? items.Select((item, i) => Schema(rule!, item, $"{at}[{i}]")).FirstOrDefault(f => f is not null) : null,
                "anyOf" => rule!.AsArray().Any(one => Schema(one!, value, at) is null) ? null : "fits none of anyOf",
                "oneOf" => rule!.AsArray().Count(one => Schema(one!, value, at) is null) == 1 ? null : "does not fit one of oneOf",
                _ => throw new InvalidOperationException($"The check does not know the keyword '{keyword}'."),
            };
            if (error is not null)
            {
                return error.StartsWith("body", StringComparison.Ordinal) ? error : $"{at} {error}";
            }
        }

        return null;
    }

    private static bool Is(string type, JsonNode? value) => type switch
    {
        "null" => value is null,
        "object" => value is JsonObject,
        "array" => value is JsonArray,
        "string" => value?.GetValueKind() == JsonValueKind.String,
        "boolean" => value?.GetValueKind() is JsonValueKind.True or JsonValueKind.False,
        "number" => value?.GetValueKind() == JsonValueKind.Number,
        "integer" => value?.GetValueKind() == JsonValueKind.Number && double.IsInteger(value.GetValue<double>()),
        _ => throw new InvalidOperationException($"The check does not know the type '{type}'."),
    };
}
