using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Xerotier.ServiceDefaults.Http;

/// <summary>How requests of the APIs that services answer are read and refused.</summary>
public static class Requests
{
    /// <summary>The methods that read.</summary>
    public static readonly IReadOnlyList<string> Read = ["GET", "HEAD"];

    /// <summary>The bytes of a body with the fields of one object.</summary>
    public static Task<byte[]> BodyAsync(HttpRequest request) => JsonFields.ReadBodyAsync(request, JsonFields.MaxBodyBytes);

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
