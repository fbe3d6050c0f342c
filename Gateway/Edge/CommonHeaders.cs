using Microsoft.Extensions.Primitives;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Edge;

/// <summary>The headers that every response to this request carries, whatever its outcome.</summary>
internal readonly record struct CommonHeaders(StringValues RequestId, StringValues Limit, StringValues Remaining, StringValues Reset, StringValues Connection, bool AllowsAnyOrigin)
{
    /// <summary>Those of <paramref name="response"/>.</summary>
    public static CommonHeaders Of(HttpResponse response)
    {
        var headers = response.Headers;
        return new(headers["X-Request-Id"], headers[RateLimitHeaders.Limit], headers[RateLimitHeaders.Remaining], headers[RateLimitHeaders.Reset], headers.Connection, headers.AccessControlAllowOrigin.Count > 0);
    }

    /// <summary>Sets them again after something has cleared the response.</summary>
    public void SetOn(HttpResponse response)
    {
        var headers = response.Headers;
        headers["X-Request-Id"] = RequestId;
        if (AllowsAnyOrigin)
        {
            CrossOrigin.SetOn(response);
        }

        if (Connection.Count > 0)
        {
            headers.Connection = Connection;
        }

        if (Limit.Count > 0)
        {
            (headers[RateLimitHeaders.Limit], headers[RateLimitHeaders.Remaining], headers[RateLimitHeaders.Reset]) = (Limit, Remaining, Reset);
        }
    }
}
