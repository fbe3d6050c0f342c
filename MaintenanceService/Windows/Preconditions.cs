using Microsoft.Net.Http.Headers;
using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Windows;

/// <summary><c>If-Match</c> and <c>If-None-Match</c> (RFC 9110, section 13).</summary>
internal static class Preconditions
{
    /// <summary>Refuses a change of <paramref name="window"/> whose client has read another version of it. Weak tags never match.</summary>
    /// <exception cref="ApiException">412, or 400 for a header that cannot be read.</exception>
    public static void CheckIfMatch(HttpRequest request, MaintenanceWindow window)
    {
        var header = request.Headers.IfMatch;
        if (header.Count == 0)
        {
            return;
        }

        if (!EntityTagHeaderValue.TryParseStrictList([.. header.OfType<string>()], out var tags))
        {
            throw new ApiException(ApiErrors.Invalid("'If-Match' must be * or a list of entity tags in quotes.", "If-Match"));
        }

        var current = new EntityTagHeaderValue(window.ETag);
        if (!tags.Any(tag => tag.Equals(EntityTagHeaderValue.Any) || tag.Compare(current, useStrongComparison: true)))
        {
            throw new ApiException(ApiErrors.PreconditionFailed);
        }
    }

    /// <summary>Whether the client already has this version of <paramref name="window"/>.</summary>
    public static bool HasCurrent(HttpRequest request, MaintenanceWindow window) =>
        EntityTagHeaderValue.TryParseList([.. request.Headers.IfNoneMatch.OfType<string>()], out var tags)
        && tags.Any(tag => tag.Equals(EntityTagHeaderValue.Any) || tag.Compare(new EntityTagHeaderValue(window.ETag), useStrongComparison: false));
}
