using System.Buffers;
using System.Security.Cryptography;

namespace Xerotier.MaintenanceService.Windows;

/// <summary>Ids of windows: <c>mw_</c> and 130 random bits in lower-case base32.</summary>
internal static class WindowId
{
    private const string Prefix = "mw_";
    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz234567";
    private const int Length = 26;

    private static readonly SearchValues<char> Digits = SearchValues.Create(Alphabet);

    public static string New() => Prefix + RandomNumberGenerator.GetString(Alphabet, Length);

    /// <summary>Whether <paramref name="id"/> can be an id at all; what cannot never reaches the database.</summary>
    public static bool IsWellFormed(string id) =>
        id.Length == Prefix.Length + Length
        && id.StartsWith(Prefix, StringComparison.Ordinal)
        && !id.AsSpan(Prefix.Length).ContainsAnyExcept(Digits);
}
