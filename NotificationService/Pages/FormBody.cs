using System.Text;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.NotificationService.Pages;

/// <summary>What a form sends.</summary>
internal static class FormBody
{
    /// <summary>The most bytes of a body.</summary>
    public const int MostBytes = 8 * 1024;

    /// <summary>The longest boundary of RFC 2046; a reader of parts has room for little more.</summary>
    private const int LongestBoundary = 70;

    /// <summary>The fields of a request's body.</summary>
    /// <param name="request">The request.</param>
    /// <param name="multipart">Whether it may be multipart/form-data, as RFC 8058 lets mail programs unsubscribe.</param>
    /// <exception cref="ApiException">413, 415, or 400: it is no form.</exception>
    public static async Task<Dictionary<string, StringValues>> ReadAsync(HttpRequest request, bool multipart)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type))
        {
            throw new ApiException(ApiErrors.NotAForm);
        }

        var boundary = HeaderUtilities.RemoveQuotes(type.Boundary);
        var isMultipart = multipart && type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase) && boundary.Length is > 0 and <= LongestBoundary;
        if (!isMultipart && !type.MediaType.Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase))
        {
            throw new ApiException(ApiErrors.NotAForm);
        }

        var body = await Requests.BytesAsync(request, MostBytes);
        try
        {
            if (isMultipart)
            {
                return await PartsAsync(body, boundary.ToString());
            }

            using var reader = new FormReader(Encoding.UTF8.GetString(body));
            return reader.ReadForm();
        }
        catch (Exception wrong) when (wrong is InvalidDataException or IOException)
        {
            throw new ApiException(ApiErrors.Invalid("The body is no form."));
        }
    }

    private static async Task<Dictionary<string, StringValues>> PartsAsync(byte[] body, string boundary)
    {
        var fields = new KeyValueAccumulator();
        using var bytes = new MemoryStream(body);
        var parts = new MultipartReader(boundary, bytes);
        while (await parts.ReadNextSectionAsync() is { } part)
        {
            if (part.GetContentDispositionHeader() is { } about && about.IsFormDisposition())
            {
                using var text = new StreamReader(part.Body);
                fields.Append(HeaderUtilities.RemoveQuotes(about.Name).ToString(), await text.ReadToEndAsync());
            }
        }

        return fields.GetResults();
    }
}
