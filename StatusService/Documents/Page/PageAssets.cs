using Microsoft.AspNetCore.Components;
using Xerotier.StatusService.Documents.Content;

namespace Xerotier.StatusService.Documents.Page;

/// <summary>The one script, the same in every page: <c>page.js</c>, as <c>eng/page-hashes</c> makes it small.</summary>
public static class PageAssets
{
    /// <summary>The time of loss in a stale page.</summary>
    public static MarkupString StaleTime { get; } = new($"<time datetime=\"{StaleMarks.Since}\">{StaleMarks.SinceText}</time>");

    /// <summary>The whole <c>script</c> element.</summary>
    public static string Script { get; } = $"<script>{Read()}</script>";

    private static string Read()
    {
        using var stream = typeof(PageAssets).Assembly.GetManifestResourceStream("Xerotier.StatusService.Documents.Page.page.min.js")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
