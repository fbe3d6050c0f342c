using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Xerotier.Gateway.Sessions;

/// <summary>The secret of a session: 43 base64url characters of 256 random bits. Only its hash is stored.</summary>
internal static class SessionSecret
{
    /// <summary>Its length.</summary>
    public const int Length = 43;
    private static readonly SearchValues<char> Characters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    /// <summary>A new one.</summary>
    public static string Create() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>Whether <paramref name="secret"/> has the form of one. Anything else is never looked up.</summary>
    public static bool IsWellFormed(ReadOnlySpan<char> secret) => secret.Length == Length && !secret.ContainsAnyExcept(Characters);

    /// <summary>SHA-256 of a well-formed one.</summary>
    public static byte[] Hash(string secret) => SHA256.HashData(Encoding.ASCII.GetBytes(secret));
}
