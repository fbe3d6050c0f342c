using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Xerotier.ServiceDefaults.Http;

/// <summary><c>If-Match</c> and <c>If-None-Match</c> (RFC 9110, section 13).</summary>
public static class EntityTags
{
    /// <summary>Whether the client already has the representation of <paramref name="etag"/> (with its quotes), so that 304 is the response. Weak tags match as strong ones do.</summary>
    public static bool IfNoneMatch(HttpRequest request, string etag)
    {
        ArgumentNullException.ThrowIfNull(request);
        var header = request.Headers.IfNoneMatch;
        return header.Count > 0
            && EntityTagHeaderValue.TryParseList([.. header.OfType<string>()], out var tags)
            && EntityTagHeaderValue.Parse(etag) is var current
            && tags.Any(tag => tag.Equals(EntityTagHeaderValue.Any) || tag.Compare(current, useStrongComparison: false));
    }

    /// <summary>Refuses a change by a client that has read another version than <paramref name="etag"/>. Weak tags never match.</summary>
    /// <exception cref="ApiException">412, or 400 for a header that cannot be read.</exception>
    public static void CheckIfMatch(HttpRequest request, string etag)
    {
        ArgumentNullException.ThrowIfNull(request);
        var header = request.Headers.IfMatch;
        if (header.Count == 0)
        {
            return;
        }

        if (!EntityTagHeaderValue.TryParseStrictList([.. header.OfType<string>()], out var tags))
        {
            throw new ApiException(ApiErrors.Invalid("'If-Match' must be * or a list of entity tags in quotes.", "If-Match"));
        }

        var current = new EntityTagHeaderValue(etag);
        if (!tags.Any(tag => tag.Equals(EntityTagHeaderValue.Any) || tag.Compare(current, useStrongComparison: true)))
        {
            throw new ApiException(ApiErrors.PreconditionFailed);
        }
    }
}
