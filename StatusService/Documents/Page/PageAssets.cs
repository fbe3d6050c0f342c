using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Components;

namespace Xerotier.StatusService.Documents.Page;

/// <summary>What is the same in every page: the one style, the one script, and the marks of a stale page.</summary>
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

    /// <summary>The whole <c>style</c> element.</summary>
    public static string Style { get; } = $"<style>{Read("page.css")}</style>";

    /// <summary>The whole <c>script</c> element.</summary>
    public static string Script { get; } = $"<script>{Read("page.js")}</script>";

    /// <summary>Reads a resource without its comments and indentation.</summary>
    private static string Read(string name)
    {
        using var stream = typeof(PageAssets).Assembly.GetManifestResourceStream($"Xerotier.StatusService.Documents.Page.{name}")
            ?? throw new InvalidOperationException($"The resource {name} is missing.");
        using var reader = new StreamReader(stream);
        var text = BlockComment().Replace(reader.ReadToEnd(), "");
        return name.EndsWith(".css", StringComparison.Ordinal)
            ? CssSpace().Replace(AnySpace().Replace(text, " "), "$1").Replace(";}", "}", StringComparison.Ordinal).Trim()
            : Indentation().Replace(text, "\n").Trim();
    }

    [GeneratedRegex(@"/\*.*?\*/", RegexOptions.Singleline)]
    private static partial Regex BlockComment();

    [GeneratedRegex(@"\s+")]
    private static partial Regex AnySpace();

    [GeneratedRegex(" ?([{};,>]) ?|(?<=[a-z-]:) ")]
    private static partial Regex CssSpace();

    [GeneratedRegex(@"\s*\n\s*")]
    private static partial Regex Indentation();
}
