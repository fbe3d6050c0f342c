using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Xerotier.Gateway.Keys;

/// <summary>256 random bits as 43 base64url characters: what a key ends with, and what a session of the console and a link to it are. Only hashes are stored.</summary>
internal static class RandomSecret
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
