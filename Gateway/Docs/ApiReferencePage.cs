using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Xerotier.Gateway.Docs;

/// <summary>Renders an OpenAPI document as a page for people: complete without script, one style, nothing from elsewhere.</summary>
internal sealed partial class ApiReferencePage
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly StringBuilder html = new();
    private readonly JsonNode document;
    private readonly List<(string Method, string Path, JsonNode Operation, JsonArray Parameters)> operations;

    private ApiReferencePage(string openApi)
    {
        document = JsonNode.Parse(openApi)!;
        operations =
        [
            .. from path in document["paths"]!.AsObject()
               let shared = path.Value!["parameters"]?.AsArray() ?? []
               from operation in path.Value!.AsObject()
               where operation.Key != "parameters"
               let own = operation.Value!["parameters"]?.AsArray() ?? []
               select (operation.Key.ToUpperInvariant(), path.Key, operation.Value!, new JsonArray([.. shared.Concat(own).Select(p => Resolve(p!).DeepClone())])),
        ];
    }

    /// <summary>The page.</summary>
    /// <param name="openApi">The document, JSON.</param>
    /// <param name="css">The page's style.</param>
    public static string Render(string openApi, string css) => new ApiReferencePage(openApi).Render(css);

    private string Render(string css)
    {
        Add($"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width,initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>API reference – {Text("info", "title")}</title>
            <link rel="icon" href="data:,">
            <style>{css}</style>
            </head>
            <body>
            <a class="skip" href="#reference">Skip to the reference</a>
            <header><a href="/status">Xerotier <span>Status</span></a> <a class="download" href="/openapi/v1.json">OpenAPI</a></header>
            <div class="page">
            <nav aria-label="Reference">

            """);
        foreach (var tag in Tagged())
        {
            Add($"<b>{Html(tag.Name)}</b><ul>");
            foreach (var (method, _, operation, _) in tag.Operations)
            {
                Add($"<li><a href=\"#{operation["operationId"]}\">{Html(operation["summary"])} {Method(method)}</a></li>");
            }

            Add("</ul>\n");
        }

        Add("<b>Reference</b><ul><li><a href=\"#webhooks\">Webhooks</a></li><li><a href=\"#errors\">Errors</a></li><li><a href=\"#objects\">Objects</a></li></ul>\n</nav>\n<main id=\"reference\">\n<h1>API reference</h1>\n");
        foreach (var paragraph in document["info"]!["description"]!.GetValue<string>().Split("\n\n"))
        {
            Add($"<p>{Markdown(paragraph)}</p>\n");
        }

        Add("<p>Commands use the variables of the file <code>demo.env</code>, which <code>./run</code> writes for the demo project.</p>\n");
        foreach (var tag in Tagged())
        {
            Add($"<h2>{Html(tag.Name)}</h2>\n<p>{Markdown(tag.Description)}</p>\n");
            foreach (var (method, path, operation, parameters) in tag.Operations)
            {
                AddOperation(method, path, operation, parameters);
            }
        }

        AddWebhooks();
        AddErrors();
        AddObjects();
        Add("</main>\n</div>\n</body>\n</html>\n");
        return html.ToString();
    }

    private IEnumerable<(string Name, string Description, List<(string Method, string Path, JsonNode Operation, JsonArray Parameters)> Operations)> Tagged() =>
        from tag in document["tags"]!.AsArray()
        let name = tag!["name"]!.GetValue<string>()
        select (name, tag["description"]!.GetValue<string>(), operations.FindAll(o => o.Operation["tags"]![0]!.GetValue<string>() == name));

    private void AddOperation(string method, string path, JsonNode operation, JsonArray parameters)
    {
        Add($"<section class=\"operation\" id=\"{operation["operationId"]}\">\n<div>\n<h3><a href=\"#{operation["operationId"]}\">{Html(operation["summary"])}</a></h3>\n");
        Add($"<p class=\"route\">{Method(method)} <code>{Html(path).Replace("/", "/<wbr>", StringComparison.Ordinal)}</code></p>\n<p>{Markdown(operation["description"]!.GetValue<string>())}</p>\n<p class=\"note\">{Access(operation)}</p>\n");
        if (parameters.Count > 0)
        {
            Add("<h4>Parameters</h4>\n<dl>\n");
            foreach (var parameter in parameters)
            {
                AddField(parameter!["name"]!.GetValue<string>(), parameter["schema"]!, $"{parameter["in"]}", parameter["required"]?.GetValue<bool>() == true, $"{parameter["description"]}");
            }

            Add("</dl>\n");
        }

        if (Json(operation["requestBody"]) is { } request)
        {
            Add("<h4>Request body</h4>\n");
            AddFields(Resolve(request["schema"]!));
        }

        Add("<h4>Responses</h4>\n<dl>\n");
        var responses = operation["responses"]!.AsObject().ToLookup(response => response.Value!["$ref"] is not null);
        foreach (var (status, response) in responses[false])
        {
            Add($"<dt><b>{status}</b> {Type(Json(response)?["schema"])}</dt>\n<dd>{Markdown($"{response!["description"]}")}</dd>\n");
        }

        Add($"</dl>\n<p class=\"note\">Errors: {string.Join(' ', responses[true].Select(error => $"<a href=\"#error-{error.Key}\">{error.Key}</a>"))}</p>\n</div>\n<div class=\"examples\">\n");
        AddExample("Request", Curl(method, path, operation, parameters));
        foreach (var (status, response) in responses[false])
        {
            if (Json(response)?["example"] is { } example)
            {
                AddExample($"Response {status}", example.ToJsonString(Indented));
            }
        }

        Add("</div>\n</section>\n");
    }

    private void AddWebhooks()
    {
        var webhooks = document["webhooks"]!.AsObject().Select(webhook => (Type: webhook.Key, Message: webhook.Value!["post"]!)).ToList();
        Add($"<h2 id=\"webhooks\">Webhooks</h2>\n<p>{Markdown($"{webhooks[0].Message["description"]}")}</p>\n<dl>\n");
        foreach (var header in webhooks[0].Message["parameters"]!.AsArray().Select(header => Resolve(header!)))
        {
            AddField($"{header["name"]}", header["schema"]!, "header", required: true, $"{header["description"]}");
        }

        Add("</dl>\n");
        foreach (var (type, message) in webhooks)
        {
            var body = Json(message["requestBody"])!;
            Add($"<section class=\"operation\" id=\"{message["operationId"]}\">\n<div>\n<h3>{Html(type)}</h3>\n<p>{Html(message["summary"])} {Markdown($"{body["schema"]!["properties"]!["data"]!["description"]}")}</p>\n</div>\n<div class=\"examples\">\n");
            AddExample("Message", body["example"]!.ToJsonString(Indented));
            Add("</div>\n</section>\n");
        }
    }

    private void AddErrors()
    {
        Add("<h2 id=\"errors\">Errors</h2>\n");
        foreach (var (_, response) in document["components"]!["responses"]!.AsObject())
        {
            var status = operations.SelectMany(o => o.Operation["responses"]!.AsObject()).First(r => r.Value!["$ref"] is { } reference && Resolve(r.Value) == response).Key;
            Add($"<section class=\"operation\" id=\"error-{status}\">\n<div>\n<h3>{status}</h3>\n<p>{Markdown($"{response!["description"]}")}</p>\n</div>\n<div class=\"examples\">\n");
            AddExample("Example", Json(response)!["example"]!.ToJsonString(Indented));
            Add("</div>\n</section>\n");
        }
    }

    private void AddObjects()
    {
        Add("<h2 id=\"objects\">Objects</h2>\n");
        foreach (var (name, schema) in document["components"]!["schemas"]!.AsObject())
        {
            Add($"<section class=\"object\" id=\"{name}\">\n<h3>{name}</h3>\n<p>{Markdown($"{schema!["description"]}")}</p>\n");
            AddFields(schema);
            Add("</section>\n");
        }
    }

    private void AddFields(JsonNode schema)
    {
        if (schema["oneOf"] is JsonArray choices)
        {
            Add($"<p>One of {string.Join(", ", choices.Select(Type))}.</p>\n");
            return;
        }

        var required = schema["required"]?.AsArray().Select(name => name!.GetValue<string>()).ToHashSet() ?? [];
        Add("<dl>\n");
        foreach (var (name, field) in schema["properties"]!.AsObject())
        {
            AddField(name, field!, "", required.Contains(name), $"{field!["description"]}");
        }

        Add("</dl>\n");
    }

    private void AddField(string name, JsonNode schema, string where, bool required, string description) =>
        Add($"<dt><code>{Html(name)}</code> {Type(schema)}{(where.Length > 0 ? $" <i>in {where}</i>" : "")}{(required ? "" : " <i>optional</i>")}</dt>\n<dd>{Markdown(description)}{Rules(schema)}</dd>\n");

    private void AddExample(string title, string text) =>
        Add($"<figure><figcaption>{title}</figcaption><pre tabindex=\"0\">{Html(text)}</pre></figure>\n");

    /// <summary>The type of a value in words, with a link to an object.</summary>
    private string Type(JsonNode? schema) => schema switch
    {
        null => "",
        _ when schema["$ref"] is { } reference && reference.GetValue<string>().Split('/')[^1] is var name => $"<a href=\"#{name}\">{name}</a>",
        _ when schema["anyOf"] is JsonArray choices => string.Join(" or ", choices.Select(Type)),
        _ when schema["items"] is { } items => $"<i>list of</i> {Type(items)}",
        _ when schema["type"] is JsonArray types => $"<i>{string.Join(" or ", types.Select(type => $"{type}").OrderBy(type => type == "null"))}</i>",
        _ => $"<i>{schema["format"] ?? schema["type"]}</i>",
    };

    /// <summary>What a value must be.</summary>
    private static string Rules(JsonNode schema)
    {
        var values = (schema["enum"] ?? schema["items"]?["enum"])?.AsArray();
        string?[] rules =
        [
            values is null or { Count: 1 } ? null : $"One of {string.Join(", ", values.Select(value => $"<code>{Html(value)}</code>"))}.",
            Between(schema["minimum"], schema["maximum"], "") is { } range && $"{schema["minimum"]}" != "0" ? range : null,
            Between(schema["minLength"], schema["maxLength"], " characters"),
            Between(schema["minItems"], schema["maxItems"], " items"),
            Between(schema["items"]?["minLength"], schema["items"]?["maxLength"], " characters each"),
            schema["default"] is { } otherwise ? $"Default: <code>{Html(otherwise)}</code>." : null,
        ];
        var text = string.Join(' ', rules.OfType<string>());
        return text.Length > 0 ? $" <small>{text}</small>" : "";
    }

    private static string? Between(JsonNode? least, JsonNode? most, string unit) => (least, most) switch
    {
        (null, null) => null,
        (null, _) => $"At most {most}{unit}.",
        (_, null) => $"At least {least}{unit}.",
        _ => $"{least} to {most}{unit}.",
    };

    private static string Access(JsonNode operation) => operation["security"]!.AsArray().Select(one => one!["apiKey"]!.AsArray()).ToList() switch
    {
        [] => "Public.",
        [{ Count: 0 }] => "Needs a key of the project.",
        [var scopes] when $"{scopes[0]}" == "platform" => "Needs a platform key.",
        var any => $"Needs a key with the scope {string.Join(" or ", any.Select(scopes => $"<code>{scopes[0]}</code>"))}.",
    };

    /// <summary>The request as a command, with the variables of <c>demo.env</c>.</summary>
    private static string Curl(string method, string path, JsonNode operation, JsonArray parameters)
    {
        if (operation["requestBody"]?["content"]?["application/grpc"] is not null)
        {
            return "grpcurl -plaintext -proto heartbeats.proto \\\n  -H \"authorization: Bearer $XEROTIER_API_KEY\" \\\n  -d @ \"${XEROTIER_GRPC_URL#http://}\" xerotier.health.v1.Heartbeats/Report";
        }

        var isProject = path.StartsWith("/{project_id}/v1", StringComparison.Ordinal);
        var address = isProject ? "$XEROTIER_BASE_URL" + path["/{project_id}/v1".Length..] : "$XEROTIER_URL" + path;
        foreach (var parameter in parameters.Where(p => $"{p!["in"]}" == "path"))
        {
            address = address.Replace($"{{{parameter!["name"]}}}", $"{parameter["example"]}", StringComparison.Ordinal);
        }

        var lines = new List<string> { $"curl {(method == "GET" ? "" : $"-X {method} ")}\"{address}\"" };
        if (operation["security"]!.AsArray() is [var need, ..])
        {
            lines.Add($"-H \"Authorization: Bearer {(need!["apiKey"]!.AsArray() is [var scope] && $"{scope}" == "platform" ? "$XEROTIER_PLATFORM_KEY" : "$XEROTIER_API_KEY")}\"");
        }

        if (parameters.Any(p => $"{p!["name"]}" == "Idempotency-Key") && operation["requestBody"] is not null)
        {
            lines.Add("-H \"Idempotency-Key: 2f7c1c52-upgrade\"");
        }

        if (Json(operation["requestBody"])?["example"] is { } body)
        {
            lines.Add("-H \"Content-Type: application/json\"");
            lines.Add($"-d '{body.ToJsonString(Indented)}'");
        }

        return string.Join(" \\\n  ", lines);
    }

    private static JsonNode? Json(JsonNode? body) => body?["content"]?["application/json"];

    private JsonNode Resolve(JsonNode node) =>
        node["$ref"]?.GetValue<string>() is { } reference ? reference[2..].Split('/').Aggregate(document, (at, name) => at[name]!) : node;

    private string Text(string at, string name) => Html(document[at]![name]);

    private static string Method(string method) => $"<span class=\"method {method.ToLowerInvariant()}\">{method}</span>";

    private static string Html(JsonNode? value) => Html($"{value}");

    private static string Html(string text) => WebUtility.HtmlEncode(text);

    private static string Markdown(string text) => Code().Replace(Html(text), "<code>$1</code>");

    private void Add(string text) => html.Append(text);

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();
}
