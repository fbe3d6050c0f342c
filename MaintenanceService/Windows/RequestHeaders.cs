using System.Security.Cryptography;
using System.Text;
using Microsoft.Net.Http.Headers;
using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService;

/// <summary>A request that its client may send again: the same key and fingerprint get the first answer, another fingerprint is refused.</summary>
/// <param name="Key">The client's own name for the request, unique in its project for <see cref="Kept"/>.</param>
/// <param name="Fingerprint">SHA-256 of method, path and body.</param>
internal sealed record Idempotency(string Key, byte[] Fingerprint)
{
    /// <summary>How long an answer is kept.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromHours(24);

    private const string Header = "Idempotency-Key";

    /// <summary>The request's, if it names a key.</summary>
    /// <exception cref="ApiException">400: the key is not one value of 1 to 255 visible ASCII characters.</exception>
    public static Idempotency? From(HttpRequest request, byte[] body)
    {
        var values = request.Headers[Header];
        if (values.Count == 0)
        {
            return null;
        }

        var key = values.Count == 1 ? values[0] ?? "" : "";
        if (key.Length is 0 or > 255 || key.AsSpan().ContainsAnyExceptInRange(' ', '~'))
        {
            throw new ApiException(ApiErrors.Invalid($"'{Header}' must be one value of 1 to 255 ASCII characters.", Header));
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{request.Method} {request.Path}\n"));
        hash.AppendData(body);
        return new(key, hash.GetHashAndReset());
    }
}

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
