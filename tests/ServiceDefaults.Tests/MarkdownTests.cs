using Xerotier.ServiceDefaults.Site;

namespace Xerotier.ServiceDefaults.Tests;

public sealed class MarkdownTests
{
    public static TheoryData<string> Hostile =>
    [
        new string('>', 20_000) + " word", string.Concat(Enumerable.Repeat("> - ", 3_000)) + "word", string.Concat(Enumerable.Repeat("- ", 5_000)) + "word",
        string.Concat(Enumerable.Range(0, 300).Select(depth => new string(' ', 2 * depth) + "- word\n")), new string('[', 10_000) + "word", string.Concat(Enumerable.Repeat("![", 5_000)) + "word",
        string.Concat(Enumerable.Repeat("*a **b ", 2_000)) + "word", string.Concat(Enumerable.Repeat("[a](", 3_000)) + "word", "word\n" + new string('`', 9_999), string.Concat(Enumerable.Repeat("<a@", 4_000)) + "word",
    ];

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Whatever_is_written_is_shown(string text)
    {
        Assert.Contains("word", Markdown.ToHtml(text), StringComparison.Ordinal);
        Assert.Contains("word", Markdown.ToPlainText(text), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("**bold** and *so* [here](https://example.com/a?b=1&c)", "<p><strong>bold</strong> and <em>so</em> <a href=\"https://example.com/a?b=1&amp;c\" rel=\"nofollow noopener\">here</a></p>", "bold and so here (https://example.com/a?b=1&c)")]
    [InlineData("<b>no</b> [x](javascript:alert(1)) ![i](https://example.com/i.png)", "<p>&lt;b&gt;no&lt;/b&gt; <a rel=\"nofollow noopener\">x</a> <a href=\"https://example.com/i.png\" rel=\"nofollow noopener\">i</a></p>", "<b>no</b> x i (https://example.com/i.png)")]
    [InlineData("# Big\n\n- one\n- two", "<h4>Big</h4>\n<ul>\n<li>one</li>\n<li>two</li>\n</ul>", "Big\n- one\n- two")]
    [InlineData("1. one\n1. two", "<ol>\n<li>one</li>\n<li>two</li>\n</ol>", "1. one\n2. two")]
    [InlineData("3. one\n   - deep\n4. **two**", "<ol start=\"3\">\n<li>one\n<ul>\n<li>deep</li>\n</ul>\n</li>\n<li><strong>two</strong></li>\n</ol>", "3. one\n  - deep\n4. two")]
    public void It_is_safe_HTML_and_plain_text(string text, string html, string plain) => Assert.Equal((html, plain), (Markdown.ToHtml(text), Markdown.ToPlainText(text)));
}
