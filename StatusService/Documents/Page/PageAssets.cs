using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Components;
using Xerotier.StatusService.Documents.Content;

namespace Xerotier.StatusService.Documents.Page;

/// <summary>The one script, the same in every page.</summary>
public static partial class PageAssets
{
    /// <summary>The time of loss in a stale page.</summary>
    public static MarkupString StaleTime { get; } = new($"<time datetime=\"{StaleMarks.Since}\">{StaleMarks.SinceText}</time>");

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
