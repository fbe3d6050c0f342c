using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http.Features;
using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Windows;

/// <summary>Reads a request's body as one strict JSON object.</summary>
internal static class JsonBody
{
    /// <summary>Twice what the longest valid window takes when each of its characters is escaped.</summary>
    public const int MaxBytes = 256 * 1024;

    /// <summary>The body's bytes, which may be none.</summary>
    /// <exception cref="ApiException">415 for anything but JSON in UTF-8, 413 beyond <see cref="MaxBytes"/>.</exception>
    public static async Task<byte[]> ReadAsync(HttpRequest request)
    {
        if (request.ContentLength > MaxBytes)
        {
            throw new ApiException(ApiErrors.PayloadTooLarge);
        }

        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = MaxBytes;
        }

        using var buffer = new MemoryStream();
        await request.Body.CopyToAsync(buffer, request.HttpContext.RequestAborted);
        if (buffer.Length > 0 && !IsJson(request))
        {
            throw new ApiException(ApiErrors.UnsupportedMediaType);
        }

        return buffer.ToArray();
    }

    /// <summary>Parses <paramref name="body"/>, which must be an object.</summary>
    /// <exception cref="ApiException">400 <c>invalid_json</c>.</exception>
    public static JsonDocument Parse(byte[] body)
    {
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

        if (document.RootElement.ValueKind != JsonValueKind.Object)
        {
            document.Dispose();
            throw Invalid("The body must be a JSON object.");
        }

        return document;
    }

    /// <summary>The string that <paramref name="read"/> gets; null when it holds half of a surrogate pair, which is no text.</summary>
    public static string? Text(Func<string?> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException)
        {
            return null; // the reader's way to say that an escape is half of a pair
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
