using System.Text;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;
using Xerotier.ServiceDefaults.Site;

namespace Xerotier.NotificationService.Sending;

/// <summary>
/// Operators' Markdown as Slack's mrkdwn, which has other marks (<c>*strong*</c>, <c>_emphasis_</c>, <c>&lt;address|text&gt;</c>) and neither
/// headings nor lists.
/// </summary>
internal static class SlackMarkdown
{
    private const int Deepest = 100; // marks in one another

    /// <summary>Renders <paramref name="markdown"/> in at most <paramref name="most"/> characters: the blocks that fit, and of the rest the plain text until it ends with an ellipsis.</summary>
    public static string Render(string markdown, int most)
    {
        var clean = SlackText.Visible(markdown, tabs: true).Trim();
        return Markdown.Render(clean, document => Render(document, clean, most), tooDeep => SlackText.Escape(tooDeep, most));
    }

    private static string Render(MarkdownDocument document, string source, int most)
    {
        var text = new StringBuilder();
        foreach (var block in document)
        {
            var (between, rendered) = (text.Length > 0 ? "\n\n" : "", Render(block));
            if (text.Length + between.Length + rendered.Length > most)
            {
                var rest = Markdown.ToPlainText(source[block.Span.Start..]);
                return most - text.Length > 10 ? text.Append(between).Append(SlackText.Escape(rest, most - text.Length)).ToString() : text.Append('…').ToString();
            }

            text.Append(rendered.Length > 0 ? between : "").Append(rendered);
        }

        return text.ToString();
    }

    private static string Render(Block block) => block switch
    {
        HeadingBlock heading => $"*{Render(heading.Inline).Trim('*')}*",
        LeafBlock { Inline: { } inlines } => Render(inlines),
        CodeBlock code => $"```\n{SlackText.Escape(code.Lines.ToString())}\n```",
        ThematicBreakBlock => "———",
        ListBlock list => Render(list),
        QuoteBlock quote => "> " + Indented(Blocks(quote, "\n\n"), "> "),
        ContainerBlock other => Blocks(other, "\n\n"),
        _ => "",
    };

    private static string Render(ListBlock list)
    {
        var number = int.TryParse(list.OrderedStart, out var start) ? start : 1;
        return string.Join('\n', list.OfType<ListItemBlock>().Select(item => (list.IsOrdered ? $"{number++}. " : "• ") + Indented(Blocks(item, "\n"), "   ")));
    }

    private static string Render(ContainerInline? inlines, int depth = 0) => depth > Deepest ? throw new ArgumentException("The marks are nested too deeply.", nameof(inlines)) : string.Concat((inlines ?? Enumerable.Empty<Inline>()).Select(inline => inline switch
    {
        LiteralInline literal => SlackText.Escape(literal.Content.ToString()),
        HtmlEntityInline entity => SlackText.Escape(SlackText.Visible(entity.Transcoded.ToString())),
        EmphasisInline { DelimiterCount: > 1 } strong => $"*{Render(strong, depth + 1)}*",
        EmphasisInline emphasis => $"_{Render(emphasis, depth + 1)}_",
        CodeInline code => $"`{SlackText.Escape(code.Content)}`",
        LinkInline { IsImage: false } link when Address(link.Url) is { } address => Render(link, depth + 1) is { Length: > 0 } label ? $"<{address}|{label}>" : $"<{address}>",
        AutolinkInline link when Address(link.IsEmail ? $"mailto:{link.Url}" : link.Url) is { } address => $"<{address}|{SlackText.Escape(link.Url)}>",
        LineBreakInline => "\n",
        ContainerInline other => Render(other, depth + 1), // of a link that leads nowhere, and of an image, the text is all that is shown
        _ => "",
    }));

    private static string Blocks(ContainerBlock blocks, string between) => string.Join(between, blocks.Select(Render).Where(rendered => rendered.Length > 0));

    private static string Indented(string text, string by) => text.Replace("\n", "\n" + by, StringComparison.Ordinal);

    /// <summary>An address that people may be led to, as Slack takes it; null: it is none.</summary>
    private static string? Address(string? url) =>
        Markdown.AddressOf(url) is { } address ? SlackText.Escape(address.AbsoluteUri).Replace("|", "%7C", StringComparison.Ordinal) : null;
}
