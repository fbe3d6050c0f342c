using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Components;

namespace Xerotier.StatusService.Documents.Page;

/// <summary>What is the same in every page: the one script, and the marks of a stale page.</summary>
public static partial class PageAssets
{
    /// <summary>The text that a Gateway replaces by the time of loss, RFC 3339 (page.proto).</summary>
    public const string StaleSinceMark = "@@stale_since@@";

    /// <summary>The same as bytes.</summary>
    internal static ReadOnlySpan<byte> StaleSinceMarkUtf8 => "@@stale_since@@"u8;

    /// <summary>The text that a Gateway replaces by the time of loss, <c>HH:mm:ss UTC</c> or with its date (page.proto).</summary>
    public const string StaleSinceTextMark = "@@stale_since_text@@";

    /// <summary>The time of loss in a stale page.</summary>
    public static MarkupString StaleTime { get; } = new($"<time datetime=\"{StaleSinceMark}\">{StaleSinceTextMark}</time>");

    /// <summary>The whole <c>script</c> element.</summary>
    public static string Script { get; } = $"<script>{Read()}</script>";

    /// <summary>Reads the script without its comments and indentation.</summary>
    private static string Read()
    {
        using var stream = typeof(PageAssets).Assembly.GetManifestResourceStream("Xerotier.StatusService.Documents.Page.page.js")!;
        using var reader = new StreamReader(stream);
        return Indentation().Replace(BlockComment().Replace(reader.ReadToEnd(), ""), "\n").Trim();
    }

    [GeneratedRegex(@"/\*.*?\*/", RegexOptions.Singleline)]
    private static partial Regex BlockComment();

    [GeneratedRegex(@"\s*\n\s*")]
    private static partial Regex Indentation();
}
