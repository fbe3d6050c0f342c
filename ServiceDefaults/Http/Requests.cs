using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace Xerotier.ServiceDefaults.Http;

/// <summary>How requests of the APIs that services answer are read and refused.</summary>
public static class Requests
{
    /// <summary>The methods that read.</summary>
    public static readonly IReadOnlyList<string> Read = ["GET", "HEAD"];

    /// <summary>The bytes of a body with the fields of one object.</summary>
    public static Task<byte[]> BodyAsync(HttpRequest request) => JsonFields.ReadBodyAsync(request, JsonFields.MaxBodyBytes);

    /// <summary>The bytes of a request's body, which may be none, of whatever type.</summary>
    /// <param name="request">The request.</param>
    /// <param name="maxBytes">The most bytes that are taken.</param>
    /// <exception cref="ApiException">413: too long. 400: the body did not arrive whole.</exception>
    public static async Task<byte[]> BytesAsync(HttpRequest request, int maxBytes)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.ContentLength > maxBytes)
        {
            throw new ApiException(ApiErrors.PayloadTooLarge);
        }

        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = maxBytes;
        }

        using var buffer = new MemoryStream();
        try
        {
            await request.Body.CopyToAsync(buffer, request.HttpContext.RequestAborted);
        }
        catch (IOException failure) when (failure is not BadHttpRequestException)
        {
            throw new ApiException(ApiErrors.FromStatus(StatusCodes.Status400BadRequest)); // the server refuses a chunk whose size is not a number so
        }

        return buffer.ToArray();
    }

    /// <summary>Refuses every field: the request needs none, and no body.</summary>
    /// <exception cref="ApiException">400 with every field.</exception>
    public static void RefuseFields(byte[] body)
    {
        ArgumentNullException.ThrowIfNull(body);
        if (body.Length > 0)
        {
            JsonFields.Parse(body).ThrowIfInvalid(_ => "This request takes no fields.");
        }
    }

    /// <summary>
    /// Refuses other methods of a path. The framework's own responses to them have no policy, so the fallback policy would refuse them as forbidden.
    /// </summary>
    public static void Refuse(this IEndpointRouteBuilder routes, string path, string allow) =>
        routes.Map(path, IResult () => throw new ApiException(ApiErrors.MethodNotAllowed(allow)));
}
