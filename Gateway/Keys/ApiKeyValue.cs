using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace Xerotier.Gateway.Keys;

/// <summary>The written form of a key: <c>xero_&lt;slug&gt;_&lt;43 base64url characters of 256 random bits&gt;</c>.</summary>
internal static class ApiKeyValue
{
    /// <summary>The longest value: a slug has up to 40 characters.</summary>
    public const int MaxLength = 5 + 40 + 1 + SecretLength;

    private const string Prefix = "xero_";
    private const int SecretLength = RandomSecret.Length;
    private static readonly SearchValues<char> SlugCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

    /// <summary>A new value for a key of the project with <paramref name="slug"/>, or of <c>platform</c>.</summary>
    public static string Create(string slug) => $"{Prefix}{slug}_{RandomSecret.Create()}";

    /// <summary>Whether <paramref name="value"/> has the form of a key. Anything else is never looked up.</summary>
    public static bool IsWellFormed(ReadOnlySpan<char> value)
    {
        if (value.Length <= Prefix.Length + 1 + SecretLength || value.Length > MaxLength || !value.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return false;
        }

        var slug = value[Prefix.Length..^(SecretLength + 1)];
        return !slug.ContainsAnyExcept(SlugCharacters) && value[^(SecretLength + 1)] == '_' && RandomSecret.IsWellFormed(value[^SecretLength..]);
    }

    /// <summary>Whether <paramref name="value"/> has the form of a platform key.</summary>
    public static bool IsPlatform(string value) => IsWellFormed(value) && value.StartsWith("xero_platform_", StringComparison.Ordinal);

    /// <summary>SHA-256 of a well-formed value: the only form that is stored.</summary>
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
