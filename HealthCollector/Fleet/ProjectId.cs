using System.Buffers;

namespace Xerotier.HealthCollector.Fleet;

/// <summary>Ids of projects. They are part of Redis keys, so only well-formed ones may get there.</summary>
internal static class ProjectId
{
    private static readonly SearchValues<char> AlphaNumeric = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");

    /// <summary>True for <c>proj_</c> and 6 to 32 letters and digits.</summary>
    public static bool IsWellFormed(ReadOnlySpan<char> text) =>
        text.StartsWith("proj_") && text.Length is >= 11 and <= 37 && !text[5..].ContainsAnyExcept(AlphaNumeric);
}
