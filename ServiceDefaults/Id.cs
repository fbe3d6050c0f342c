using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace Xerotier.ServiceDefaults;

/// <summary>Ids of every kind of object: a prefix that names the kind, such as <c>mw_</c>, and 20 digits and lower-case letters (103 bits), random as a rule.</summary>
public static class Id
{
    private const string Alphabet = "0123456789abcdefghijklmnopqrstuvwxyz";
    private const int Length = 20;
    private const int MaxLength = 40; // of ids that earlier versions made, or tests choose

    private static readonly SearchValues<char> Characters = SearchValues.Create(Alphabet);

    /// <summary>A new id.</summary>
    public static string New(string prefix) => prefix + RandomNumberGenerator.GetString(Alphabet, Length);

    /// <summary>The id of what <paramref name="name"/> names: always the same one.</summary>
    public static string Of(string prefix, string name) =>
        prefix + string.Concat(SHA256.HashData(Encoding.UTF8.GetBytes(name)).Take(Length).Select(part => Alphabet[part % Alphabet.Length]));

    /// <summary>Whether <paramref name="id"/> can be one of this prefix. What cannot never reaches a store.</summary>
    public static bool IsWellFormed(string prefix, string id)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        ArgumentNullException.ThrowIfNull(id);
        return id.Length > prefix.Length && id.Length <= prefix.Length + MaxLength
            && id.StartsWith(prefix, StringComparison.Ordinal) && !id.AsSpan(prefix.Length).ContainsAnyExcept(Characters);
    }
}
