using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;

namespace Xerotier.ServiceDefaults.Http;

/// <content>From a request's body.</content>
public sealed partial class JsonFields
{
    /// <summary>The bytes of a request's body, which may be none.</summary>
    /// <param name="request">The request.</param>
    /// <param name="maxBytes">The most bytes that are taken.</param>
    /// <exception cref="ApiException">415: not JSON in UTF-8. 413: too long. 400: the body did not arrive whole.</exception>
    public static async Task<byte[]> ReadBodyAsync(HttpRequest request, int maxBytes)
    {
        var body = await Requests.BytesAsync(request, maxBytes);
        return body.Length == 0 || IsJson(request) ? body : throw new ApiException(ApiErrors.UnsupportedMediaType);
    }

    /// <summary>The fields of a body, which must be one JSON object.</summary>
    /// <exception cref="ApiException">400 <c>invalid_json</c>.</exception>
    public static JsonFields Parse(byte[] body, bool refusesNull = false)
    {
        ArgumentNullException.ThrowIfNull(body);
        if (body.Length == 0)
        {
            throw Invalid("The body is empty: send a JSON object.");
        }

        if (body.AsSpan().StartsWith("\uFEFF"u8))
        {
            throw Invalid("The body starts with a byte order mark: send UTF-8 without one.");
        }

        if (!Utf8.IsValid(body))
        {
            throw Invalid("The body is not valid UTF-8.");
        }

        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 16 });
        }
        catch (JsonException failure)
        {
            throw Invalid($"The body is not valid JSON (line {failure.LineNumber + 1}, byte {failure.BytePositionInLine + 1}).");
        }

        using (document)
        {
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new JsonFields(document.RootElement.Clone(), refusesNull)
                : throw Invalid("The body must be a JSON object.");
        }
    }

    /// <summary>Without a content type a body is refused as well: guessing is how bodies are misread.</summary>
    private static bool IsJson(HttpRequest request) =>
        MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
        && string.Equals(type.MediaType, "application/json", StringComparison.OrdinalIgnoreCase)
        && (type.CharSet is null || string.Equals(type.CharSet.Trim('"'), "utf-8", StringComparison.OrdinalIgnoreCase))
        && (request.Headers.ContentEncoding.Count == 0 || string.Equals(request.Headers.ContentEncoding, "identity", StringComparison.OrdinalIgnoreCase));

    private static ApiException Invalid(string message) => new(ApiErrors.InvalidJson(message));
}
