using System.Buffers;
using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Keys;

/// <summary>One value of an API key as the database holds it (product.md section 2, API keys): everything a request is judged by.</summary>
/// <param name="Hash">SHA-256 of the value.</param>
/// <param name="Id">The key's id, <c>key_…</c>.</param>
/// <param name="ProjectId">The key's project, or <see cref="Caller.Platform"/>.</param>
/// <param name="PlatformProject">The project is one that the platform's own operators use.</param>
/// <param name="Name">The key's name.</param>
/// <param name="Scopes">What it may do.</param>
/// <param name="ExpiresAt">When the key ends.</param>
/// <param name="ValueExpiresAt">When this value ends, because the key was rotated.</param>
/// <param name="RevokedAt">When the key was revoked.</param>
/// <param name="AllowedIps">Networks it may be used from; empty: any.</param>
/// <param name="ChangedBy">The database transaction that wrote this. It has its number from under the key's lock, so of two versions the higher one is newer.</param>
internal sealed record ApiKey(
    byte[] Hash,
    string Id,
    string ProjectId,
    bool PlatformProject,
    string Name,
    IReadOnlyList<string> Scopes,
    DateTimeOffset? ExpiresAt,
    DateTimeOffset? ValueExpiresAt,
    DateTimeOffset? RevokedAt,
    IReadOnlyList<IPNetwork> AllowedIps,
    ulong ChangedBy)
{
    /// <summary>Whether it is a platform key.</summary>
    public bool IsPlatform => ProjectId == Caller.Platform;

    /// <summary>Why the key is no longer good at <paramref name="now"/>; null while it is.</summary>
    public ApiError? Fault(DateTimeOffset now) =>
        RevokedAt is not null ? ApiErrors.RevokedApiKey
        : ExpiresAt <= now || ValueExpiresAt <= now ? ApiErrors.ExpiredApiKey
        : null;

    /// <summary>Whether the key may be used from <paramref name="address"/>.</summary>
    public bool Allows(IPAddress address)
    {
        if (AllowedIps.Count == 0)
        {
            return true;
        }

        foreach (var network in AllowedIps)
        {
            if (network.Contains(address))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>The written form of a key: <c>xero_&lt;slug&gt;_&lt;43 base64url characters of 256 random bits&gt;</c>.</summary>
internal static class ApiKeyValue
{
    /// <summary>The longest value: a slug has up to 40 characters.</summary>
    public const int MaxLength = 5 + 40 + 1 + SecretLength;

    private const string Prefix = "xero_";
    private const int SecretLength = 43;
    private static readonly SearchValues<char> SlugCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");
    private static readonly SearchValues<char> SecretCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    /// <summary>A new value for a key of the project with <paramref name="slug"/>, or of <c>platform</c>.</summary>
    public static string Create(string slug) => $"{Prefix}{slug}_{Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32))}";

    /// <summary>Whether <paramref name="value"/> looks like a key at all; what does not is never looked up.</summary>
    public static bool IsWellFormed(ReadOnlySpan<char> value)
    {
        if (value.Length <= Prefix.Length + 1 + SecretLength || value.Length > MaxLength || !value.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return false;
        }

        var slug = value[Prefix.Length..^(SecretLength + 1)];
        return !slug.ContainsAnyExcept(SlugCharacters) && value[^(SecretLength + 1)] == '_' && !value[^SecretLength..].ContainsAnyExcept(SecretCharacters);
    }

    /// <summary>Whether <paramref name="value"/> has the form of a platform key.</summary>
    public static bool IsPlatform(string value) => IsWellFormed(value) && value.StartsWith("xero_platform_", StringComparison.Ordinal);

    /// <summary>SHA-256 of a well-formed value: all that is ever stored of it.</summary>
    public static void Hash(ReadOnlySpan<char> value, Span<byte> hash)
    {
        Span<byte> bytes = stackalloc byte[MaxLength];
        SHA256.HashData(bytes[..Encoding.ASCII.GetBytes(value, bytes)], hash);
    }

    /// <summary>SHA-256 of a well-formed value.</summary>
    public static byte[] Hash(string value)
    {
        var hash = new byte[SHA256.HashSizeInBytes];
        Hash(value, hash);
        return hash;
    }
}
