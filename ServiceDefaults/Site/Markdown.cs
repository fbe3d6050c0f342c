using System.Globalization;
using Ganss.Xss;
using Markdig;
using Markdig.Renderers;
using Markdig.Renderers.Html;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace Xerotier.ServiceDefaults.Site;

/// <summary>What operators write of incidents, CommonMark without HTML and images, as HTML that is safe in our pages (incidents.md section 11).</summary>
public static class Markdown
{
    private const int MostKept = 2_000;
    private const int HeadingLevel = 4; // below the headings of every page that shows it

    private static readonly HashSet<string> Schemes = new(StringComparer.OrdinalIgnoreCase) { "http", "https", "mailto" };
    private static readonly MarkdownPipeline Pipeline = new MarkdownPipelineBuilder().DisableHtml().Build();
    private static readonly HtmlSanitizer Sanitizer = NewSanitizer();
    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, string> Html = new(StringComparer.Ordinal);
    private static readonly Dictionary<string, string> Plain = new(StringComparer.Ordinal);

    /// <summary>The HTML of <paramref name="text"/>.</summary>
    public static string ToHtml(string text) => Kept(Html, text, text => Render(text, MakeHtml, tooDeep => $"<p>{PageShell.Html(tooDeep).ReplaceLineEndings("<br>\n")}</p>"));

    /// <summary>The same as plain text, with each link's address after its text, <c>text (https://…)</c>, and the marks of lists.</summary>
    public static string ToPlainText(string text) => Kept(Plain, text, text => Render(text, MakePlainText, tooDeep => tooDeep));

    /// <summary>What <paramref name="render"/> makes of <paramref name="text"/>, or <paramref name="asWritten"/> of what is nested more deeply than it or the library goes, as a hundred quotes in one another are: both throw an <see cref="ArgumentException"/> then.</summary>
    public static string Render(string text, Func<MarkdownDocument, string> render, Func<string, string> asWritten)
    {
        ArgumentNullException.ThrowIfNull(render);
        ArgumentNullException.ThrowIfNull(asWritten);
        try
        {
            return render(Markdig.Markdown.Parse(text, Pipeline));
        }
        catch (ArgumentException)
        {
            return asWritten(text);
        }
    }

    /// <summary>An address that people may be led to; null: it is none.</summary>
    public static Uri? AddressOf(string? url) => Uri.TryCreate(url, UriKind.Absolute, out var address) && Schemes.Contains(address.Scheme) ? address : null;

    /// <summary>What is made of texts is kept: documents are made every minute, and their texts hardly change.</summary>
    private static string Kept(Dictionary<string, string> made, string text, Func<string, string> make)
    {
        lock (Gate)
        {
            if (!made.TryGetValue(text, out var known))
            {
                if (made.Count >= MostKept)
                {
                    made.Clear();
                }

                made[text] = known = make(text);
            }

            return known;
        }
    }

    private static string MakePlainText(MarkdownDocument document)
    {
        foreach (var link in document.Descendants<LinkInline>().ToList())
        {
            link.IsImage = false;
            if (AddressOf(link.Url) is not null)
            {
                link.InsertAfter(new LiteralInline($" ({link.Url})"));
            }
        }

        foreach (var item in document.Descendants<ListItemBlock>().ToList())
        {
            if (item is [LeafBlock { Inline.FirstChild: { } text }, ..] && item.Parent is ListBlock list)
            {
                var first = int.TryParse(list.OrderedStart, CultureInfo.InvariantCulture, out var number) ? number : 1;
                var mark = list.IsOrdered ? string.Create(CultureInfo.InvariantCulture, $"{first + list.IndexOf(item)}{list.OrderedDelimiter}") : "-"; // as HTML counts them
                text.InsertBefore(new LiteralInline($"{new string(' ', 2 * DepthOf(list))}{mark} "));
            }
        }

        using var plain = new StringWriter();
        var renderer = new HtmlRenderer(plain) { EnableHtmlForBlock = false, EnableHtmlForInline = false, EnableHtmlEscape = false };
        Pipeline.Setup(renderer);
        renderer.Render(document);
        return plain.ToString().Trim();
    }

    /// <summary>In how many other lists a list is.</summary>
    private static int DepthOf(ListBlock list)
    {
        var depth = 0;
        for (var block = list.Parent; block is not null; block = block.Parent)
        {
            depth += block is ListBlock ? 1 : 0;
        }

        return depth;
    }

    private static string MakeHtml(MarkdownDocument document)
    {
        foreach (var heading in document.Descendants<HeadingBlock>())
        {
            heading.Level = HeadingLevel;
        }

        foreach (var link in document.Descendants<LinkInline>())
        {
            link.IsImage = false; // its text is all that is shown of it
            link.GetAttributes().AddPropertyIfNotExist("rel", "nofollow noopener");
        }

        foreach (var link in document.Descendants<AutolinkInline>())
        {
            link.GetAttributes().AddPropertyIfNotExist("rel", "nofollow noopener");
        }

        using var html = new StringWriter();
        var renderer = new HtmlRenderer(html);
        Pipeline.Setup(renderer);
        renderer.Render(document);
        return Sanitizer.Sanitize(html.ToString()).Trim();
    }

    /// <summary>The second wall: whatever a parser of Markdown may let through, only these elements, attributes and schemes leave.</summary>
    private static HtmlSanitizer NewSanitizer()
    {
        var sanitizer = new HtmlSanitizer(new HtmlSanitizerOptions
        {
            AllowedTags = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { "p", "br", "hr", "strong", "em", "code", "pre", "blockquote", "ul", "ol", "li", "a", "h4" },
            AllowedAttributes = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { "href", "rel", "start" },
            AllowedSchemes = Schemes,
            UriAttributes = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { "href" },
        });
        sanitizer.KeepChildNodes = true;
        return sanitizer;
    }
}
