using System.Security.Cryptography;

namespace Xerotier.Gateway;

/// <summary>Ids of what the Gateway owns.</summary>
internal static class Ids
{
    private const string Alphabet = "0123456789abcdefghijklmnopqrstuvwxyz";

    /// <summary><paramref name="prefix"/> and 20 random letters and digits (103 bits).</summary>
    public static string Create(string prefix) => prefix + RandomNumberGenerator.GetString(Alphabet, 20);
}
