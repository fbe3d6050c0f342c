using System.Text.Json.Nodes;
using Microsoft.OpenApi;
using Xerotier.Gateway.Description;

namespace Xerotier.Gateway.Tests.Description;

/// <summary>Writes the messages to webhooks into an OpenAPI document.</summary>
internal static class WebhookWriter
{
    private static readonly Dictionary<string, OpenApiParameter> Headers = new()
    {
        ["WebhookId"] = Header("webhook-id", "The message's ID, the same in every attempt: what you have had, ignore.", "msg_7k3q0c1v2b3n4m5x6z7a"),
        ["WebhookTimestamp"] = Header("webhook-timestamp", "The attempt's time in seconds since 1970: refuse what is older than five minutes.", "1779460867"),
        ["WebhookSignature"] = Header("webhook-signature", "`v1,` and the base64 HMAC-SHA256 of `{webhook-id}.{webhook-timestamp}.{body}`. For a day after a rotation there are two, with a space between them: one must fit.", "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="),
    };

    /// <summary>All of them, by the event's type.</summary>
    /// <param name="document">The document.</param>
    /// <param name="parameters">Its parameters, which get the messages' headers.</param>
    public static Dictionary<string, IOpenApiPathItem> Describe(OpenApiDocument document, Dictionary<string, IOpenApiParameter> parameters)
    {
        foreach (var (name, header) in Headers)
        {
            parameters[name] = header;
        }

        return Webhook.All.ToDictionary(webhook => webhook.Type, webhook => (IOpenApiPathItem)new OpenApiPathItem { Operations = new() { [HttpMethod.Post] = Describe(webhook, document) } });
    }

    private static OpenApiOperation Describe(Webhook webhook, OpenApiDocument document)
    {
        var data = new JsonObject { ["sequence"] = 12 };
        foreach (var (name, value) in (webhook.Shape is null ? [] : SchemaWriter.Example(webhook.Shape, isRequest: false, null)).Concat(JsonNode.Parse(webhook.Example)!.AsObject()))
        {
            data[name] = value?.DeepClone();
        }

        return new()
        {
            OperationId = "on" + string.Concat(webhook.Type.Split('.', '_').Select(word => char.ToUpperInvariant(word[0]) + word[1..])),
            Summary = webhook.When,
            Description = "Signed after the Standard Webhooks specification with the subscription's secret, and sent again until it is answered by a 2xx within 15 seconds: ten attempts within four days. "
                + "Objects of other projects come without `created_by` and `project_id`.",
            Tags = new HashSet<OpenApiTagReference> { new(Tags.Subscriptions, document) },
            Security = [],
            Parameters = [.. Headers.Keys.Select(name => new OpenApiParameterReference(name, document))],
            RequestBody = new OpenApiRequestBody
            {
                Required = true,
                Content = new Dictionary<string, OpenApiMediaType>
                {
                    ["application/json"] = new()
                    {
                        Schema = new OpenApiSchema
                        {
                            Type = JsonSchemaType.Object,
                            Required = new HashSet<string> { "type", "timestamp", "data" },
                            Properties = new Dictionary<string, IOpenApiSchema>
                            {
                                ["type"] = new OpenApiSchema { Type = JsonSchemaType.String, Const = webhook.Type, Description = "The event's type." },
                                ["timestamp"] = new OpenApiSchema { Type = JsonSchemaType.String, Format = "date-time", Pattern = "Z$", Description = "When it happened." },
                                ["data"] = new OpenApiSchema
                                {
                                    Type = JsonSchemaType.Object,
                                    Description = webhook.Data,
                                    Required = new HashSet<string> { "sequence", "id" },
                                    Properties = new Dictionary<string, IOpenApiSchema>
                                    {
                                        ["sequence"] = new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "1", Description = "Counts the subscription's messages." },
                                        ["id"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "The object's ID." },
                                    },
                                },
                            },
                        },
                        Example = new JsonObject { ["type"] = webhook.Type, ["timestamp"] = "2026-05-22T14:41:07Z", ["data"] = data },
                    },
                },
            },
            Responses = new()
            {
                ["2XX"] = new OpenApiResponse { Description = "It is delivered." },
                ["410"] = new OpenApiResponse { Description = "The subscription is disabled, and its waiting messages are given up." },
                ["default"] = new OpenApiResponse { Description = "It is sent again later. `Retry-After` is honoured; redirects are not followed." },
            },
        };
    }

    private static OpenApiParameter Header(string name, string description, string example) => new()
    {
        Name = name,
        In = ParameterLocation.Header,
        Required = true,
        Description = description,
        Example = example,
        Schema = new OpenApiSchema { Type = JsonSchemaType.String },
    };
}
