using System.Text.Json.Nodes;
using Microsoft.OpenApi;
using Xerotier.Gateway.Description;
using Xerotier.Gateway.Limits;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Tests.Description;

/// <summary>Makes <c>Gateway/openapi.json</c> from the table of routes and the shapes in Contracts.</summary>
internal sealed class OpenApiWriter
{
    private const string Security = "apiKey";
    private static readonly string[] RateLimitHeaders = ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"];

    /// <summary>Every error that a client may meet, by status: name of the response, what it means, an example.</summary>
    private static readonly Dictionary<int, (string Name, string Description, ApiError Example)> Errors = new()
    {
        [400] = ("BadRequest", "The request is not valid: `invalid_request`, `invalid_json` or `unknown_field`.", ApiErrors.Invalid("'limit' must be a number from 1 to 100.", "limit")),
        [401] = ("Unauthorized", "The API key is missing, unknown, expired or revoked: `missing_api_key`, `invalid_api_key`, `expired_api_key` or `revoked_api_key`. Of a page of the console: nobody is signed in, `session_expired`.", ApiErrors.InvalidApiKey),
        [403] = ("Forbidden", "The API key may not do this: `scope_insufficient`, `project_mismatch`, `ip_not_allowed` or `project_suspended`. Of a form: it came from another site, `csrf_failed`. Of the console: it is shown over https only, `https_required`.", ApiErrors.ScopeInsufficient("management")),
        [404] = ("NotFound", "Nothing has this address or ID: `not_found`.", ApiErrors.NotFound()),
        [405] = ("MethodNotAllowed", "The method is not allowed here: `method_not_allowed`.", ApiErrors.MethodNotAllowed(null)),
        [409] = ("Conflict", "The object's state, or another object, does not allow this: `invalid_state_transition`, `idempotency_conflict`, `already_exists` or `quota_exceeded`.", ApiErrors.IdempotencyConflict),
        [412] = ("PreconditionFailed", "The object has changed since it was read: `precondition_failed`.", ApiErrors.PreconditionFailed),
        [413] = ("PayloadTooLarge", "The request is too large: `payload_too_large`.", ApiErrors.PayloadTooLarge),
        [415] = ("UnsupportedMediaType", "The body is not JSON, or where a form is taken no form: `unsupported_media_type`.", ApiErrors.UnsupportedMediaType),
        [429] = ("TooManyRequests", "Too many requests: `rate_limit_exceeded`.", ApiErrors.RateLimitExceeded(1)),
        [500] = ("InternalError", "A fault of the service: `internal_error`.", ApiErrors.Internal),
        [503] = ("ServiceUnavailable", "The service is unavailable: `service_unavailable`.", ApiErrors.ServiceUnavailable),
        [504] = ("UpstreamTimeout", "The service did not respond in time: `upstream_timeout`.", ApiErrors.UpstreamTimeout),
    };

    private static readonly Dictionary<string, OpenApiHeader> Headers = new()
    {
        ["X-Request-Id"] = Header("The request's ID: the client's, if it sent one of 1 to 128 of A-Z a-z 0-9 . _ -", "\"4f1d0c6c8f2b4f0e9d3a6b7c8d9e0f1a\"", pattern: "^[A-Za-z0-9._-]{1,128}$", required: true),
        ["X-RateLimit-Limit"] = Header("Requests per minute; absent if there is no limit.", "600", isNumber: true),
        ["X-RateLimit-Remaining"] = Header("Requests left now.", "599", isNumber: true),
        ["X-RateLimit-Reset"] = Header("Seconds until the limit is full again.", "1", isNumber: true),
        ["Retry-After"] = Header("Seconds to wait before the next request.", "1", isNumber: true),
        ["Allow"] = Header("The methods that are allowed.", "\"GET, HEAD\""),
        ["ETag"] = Header("Identifies this state of the document; for If-None-Match and If-Match.", "\"\\\"3\\\"\""),
        ["Location"] = Header("Where to go.", "\"/status\""),
        ["Cache-Control"] = Header("How long a cache may keep the response.", "\"public, max-age=1, must-revalidate\""),
        ["Vary"] = Header("The request headers that the response depends on.", "\"Accept-Encoding\""),
        ["Content-Security-Policy"] = Header("What the page may load and run.", "\"default-src 'none'\""),
    };

    private readonly OpenApiDocument document = new();
    private readonly SchemaWriter schemas;
    private readonly Dictionary<string, IOpenApiParameter> parameters = [];

    private OpenApiWriter() => schemas = new(document);

    /// <summary>The description of <paramref name="routes"/>, as JSON that people can read.</summary>
    public static async Task<string> WriteAsync(IReadOnlyList<Route> routes)
    {
        var json = await new OpenApiWriter().Document(routes).SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_1);
        return ReadableJson.Write(JsonNode.Parse(json)!) + "\n";
    }

    private OpenApiDocument Document(IReadOnlyList<Route> routes)
    {
        document.Info = new()
        {
            Title = "Xerotier Status",
            Version = "1.0.0",
            Description = "Status page, maintenance windows, health and heartbeats of Xerotier.\n\n"
                + "Send an API key as `Authorization: Bearer xero_…`. JSON is snake_case in UTF-8; unknown fields and parameters are errors. Times are RFC 3339 in UTC. "
                + "Every response carries `X-Request-Id`. HEAD works wherever GET does. Every error has the same envelope; decide by its `code`. "
                + "401 comes before 403, and 403 before 404, so a key learns nothing about other projects.",
            License = new() { Name = "Proprietary", Identifier = "LicenseRef-Proprietary" },
        };
        document.Servers = [new() { Url = "/" }];
        document.Tags = Tags.All.Select(tag => new OpenApiTag { Name = tag.Name, Description = tag.Description }).ToHashSet();
        document.Components = new()
        {
            SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
            {
                [Security] = new OpenApiSecurityScheme
                {
                    Type = SecuritySchemeType.Http,
                    Scheme = "bearer",
                    BearerFormat = "xero_<project slug>_<43 characters>",
                    Description = "An API key. An operation lists the scope that the key needs: management or heartbeat; platform for a platform key.",
                },
            },
            Headers = Headers.ToDictionary(header => Component(header.Key), header => (IOpenApiHeader)header.Value),
            Responses = Errors.ToDictionary(error => error.Value.Name, error => (IOpenApiResponse)Error(error.Key)),
        };
        document.Paths = [];
        foreach (var pattern in routes.GroupBy(route => route.Pattern))
        {
            document.Paths[pattern.Key] = new OpenApiPathItem
            {
                Parameters = pattern.Key.Contains("{project_id}", StringComparison.Ordinal) ? [Reference(Parameters.ProjectId)] : null,
                Operations = pattern.ToDictionary(route => new HttpMethod(route.Method), Describe),
            };
        }

        document.Webhooks = WebhookWriter.Describe(document, parameters);
        document.Components.Schemas = schemas.Components.ToDictionary();
        document.Components.Parameters = parameters.OrderBy(p => p.Key, StringComparer.Ordinal).ToDictionary();
        return document;
    }

    private OpenApiOperation Describe(Route route)
    {
        var operation = route.Operation;
        var isPublic = route.Access == Access.Public;
        var responses = new OpenApiResponses();
        foreach (var outcome in operation.Responses)
        {
            responses[$"{outcome.Status}"] = new OpenApiResponse
            {
                Description = outcome.Description,
                Headers = HeaderReferences(["X-Request-Id", .. isPublic ? [] : RateLimitHeaders, .. outcome.Headers]),
                Content = outcome.Body is { } body ? Content(body, isRequest: false) : null,
            };
        }

        int[] errors = isPublic ? [405, 413, 500, .. route.Limit == Limit.None ? [] : new[] { 429 }] : [401, 403, 404, 405, 413, 415, 429, 500, 503, 504];
        foreach (var status in errors.Concat(operation.Errors).Distinct())
        {
            responses[$"{status}"] = new OpenApiResponseReference(Errors[status].Name, document);
        }

        return new()
        {
            OperationId = operation.Id,
            Summary = operation.Summary,
            Description = operation.Details,
            Tags = new HashSet<OpenApiTagReference> { new(operation.Tag, document) },
            Security = [.. Scopes(route.Access).Select(scopes => new OpenApiSecurityRequirement { [new(Security, document)] = scopes })],
            Parameters = operation.Parameters.Count > 0 ? [.. operation.Parameters.Select(Reference)] : null,
            RequestBody = operation.Request is { } request ? new OpenApiRequestBody { Required = true, Content = Content(request, isRequest: true) } : null,
            Responses = Sorted(responses),
        };
    }

    private Dictionary<string, OpenApiMediaType> Content(Body body, bool isRequest) => new()
    {
        [body.MediaType] = body.Type is null
            ? new() { Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = body == Body.Grpc ? "binary" : null } }
            : new() { Schema = schemas.Body(body.Type, isRequest), Example = SchemaWriter.Example(body.Type, isRequest, body.Example) },
    };

    private OpenApiResponse Error(int status)
    {
        var (_, description, example) = Errors[status];
        string[] headers = status switch
        {
            405 => ["X-Request-Id", "Allow"],
            429 => ["X-Request-Id", "Retry-After", .. RateLimitHeaders],
            _ => ["X-Request-Id"],
        };
        return new()
        {
            Description = description,
            Headers = HeaderReferences(headers),
            Content = new Dictionary<string, OpenApiMediaType>
            {
                ["application/json"] = new() { Schema = schemas.Body(typeof(Contracts.ErrorResponse), isRequest: false), Example = JsonNode.Parse(ErrorEnvelope.Serialize(example)) },
            },
        };
    }

    private Dictionary<string, IOpenApiHeader> HeaderReferences(IEnumerable<string> names) =>
        names.ToDictionary(name => name, name => (IOpenApiHeader)new OpenApiHeaderReference(Component(name), document));

    /// <summary>Parameters of one name may differ in what they mean: each gets a component of its own.</summary>
    private IOpenApiParameter Reference(Parameter parameter)
    {
        var field = typeof(Parameters).GetFields().FirstOrDefault(f => parameter == (Parameter)f.GetValue(null)!);
        if (field is null)
        {
            return Describe(parameter);
        }

        parameters[field.Name] = Describe(parameter);
        return new OpenApiParameterReference(field.Name, document);
    }

    private static OpenApiParameter Describe(Parameter parameter) => new()
    {
        Name = parameter.Name,
        In = Enum.Parse<ParameterLocation>(parameter.In, ignoreCase: true),
        Required = parameter.In == "path",
        Description = parameter.Description,
        Example = JsonNode.Parse(parameter.Example),
        Schema = parameter switch
        {
            { Number: var (minimum, maximum, @default) } => new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = $"{minimum}", Maximum = $"{maximum}", Default = @default },
            { Values: { } values } => new OpenApiSchema
            {
                Type = JsonSchemaType.Array,
                Items = new OpenApiSchema { Type = JsonSchemaType.String, Enum = [.. values.Select(value => (JsonNode)value)] },
            },
            _ => new OpenApiSchema { Type = JsonSchemaType.String, Pattern = parameter.Pattern, MaxLength = parameter.MaxLength },
        },
    };

    private static List<string>[] Scopes(Access access) => access switch
    {
        Access.Public => [],
        Access.Project => [[]],
        Access.Management => [["management"]],
        Access.Heartbeat => [["heartbeat"]],
        Access.Platform => [["platform"]],
        Access.AnyHeartbeat => [["heartbeat"], ["platform"]],
        _ => throw new ArgumentOutOfRangeException(nameof(access), access, null),
    };

    private static OpenApiResponses Sorted(OpenApiResponses responses)
    {
        var sorted = new OpenApiResponses();
        foreach (var (status, response) in responses.OrderBy(response => response.Key, StringComparer.Ordinal))
        {
            sorted[status] = response;
        }

        return sorted;
    }

    private static OpenApiHeader Header(string description, string example, string? pattern = null, bool required = false, bool isNumber = false) => new()
    {
        Description = description,
        Required = required,
        Example = JsonNode.Parse(example),
        Schema = isNumber ? new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "0" } : new OpenApiSchema { Type = JsonSchemaType.String, Pattern = pattern },
    };

    private static string Component(string header) => header.Replace("X-", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal);
}
