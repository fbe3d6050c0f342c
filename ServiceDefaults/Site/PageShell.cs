using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace Xerotier.ServiceDefaults.Site;

/// <summary>What surrounds every public page, whichever service makes it: head, style, header, and the links of the footer. Nothing in it comes from elsewhere.</summary>
public static partial class PageShell
{
    /// <summary>The style sheet of every page.</summary>
    public static string StyleSheet { get; } = Minified(Resource("page.css"));

    /// <summary>The same as a <c>style</c> element.</summary>
    public static string Style { get; } = $"<style>{StyleSheet}</style>";

    /// <summary>What there is to subscribe to.</summary>
    private static readonly (string Title, string Type, string Path)[] Feeds =
    [
        ("History (Atom)", "application/atom+xml", "/status/history.atom"),
        ("History (RSS)", "application/rss+xml", "/status/history.rss"),
        ("Updates (Atom)", "application/atom+xml", "/status/updates.atom"),
        ("Updates (JSON Feed)", "application/feed+json", "/status/updates.json"),
    ];

    /// <summary>The content of <c>head</c>.</summary>
    /// <param name="brand">The deployment's brand.</param>
    /// <param name="head">What is this page's own.</param>
    public static string Head(Brand brand, PageHead head)
    {
        var html = new StringBuilder(Style.Length + 1200);
        html.Append("<meta charset=\"utf-8\"><title>").Append(Html(head.Title)).Append(" – ").Append(Html(brand.Name)).Append("</title>")
            .Append("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\">")
            .Append("<meta name=\"theme-color\" content=\"#fff\" media=\"(prefers-color-scheme:light)\"><meta name=\"theme-color\" content=\"#0c0f12\" media=\"(prefers-color-scheme:dark)\">")
            .Append("<link rel=\"icon\" href=\"").Append(Html(head.Icon)).Append("\"><link rel=\"apple-touch-icon\" href=\"/apple-touch-icon.png\">");
        if (head.Description is { } description)
        {
            Meta("name", "description", description);
        }

        if (head.Path is { } path && brand.PublicUrl is { } address && head.Description is { } sentence)
        {
            html.Append("<link rel=\"canonical\" href=\"").Append(Html(address + path)).Append("\">");
            Meta("property", "og:type", "website");
            Meta("property", "og:site_name", brand.Name);
            Meta("property", "og:title", head.Title);
            Meta("property", "og:description", sentence);
            Meta("property", "og:url", address + path);
            if (head.Image is { } image)
            {
                Meta("property", "og:image", address + image);
                Meta("property", "og:image:width", "1200");
                Meta("property", "og:image:height", "630");
                Meta("name", "twitter:card", "summary_large_image");
            }
        }

        if (head.Description is not null)
        {
            foreach (var (title, type, feed) in Feeds)
            {
                html.Append("<link rel=\"alternate\" type=\"").Append(type).Append("\" title=\"").Append(title).Append("\" href=\"").Append(feed).Append("\">");
            }
        }

        if (!brand.IsIndexed || head.Description is null)
        {
            Meta("name", "robots", "noindex");
        }

        return html.Append(Style).Append(brand.AccentStyle).ToString();

        void Meta(string kind, string name, string content) =>
            html.Append("<meta ").Append(kind).Append("=\"").Append(name).Append("\" content=\"").Append(Html(content)).Append("\">");
    }

    /// <summary>The header: the name or logo, and where else there is to go.</summary>
    public static string Header(Brand brand)
    {
        var html = new StringBuilder("<header><a class=\"name\" href=\"/status\">");
        if (brand.LogoLight is null)
        {
            html.Append(Html(brand.Name));
        }
        else
        {
            html.Append("<picture><source srcset=\"/status/logo-dark\" media=\"screen and (prefers-color-scheme:dark)\"><img src=\"/status/logo-light\" alt=\"").Append(Html(brand.Name)).Append("\"></picture>");
        }

        html.Append("</a><nav aria-label=\"Site\">");
        if (brand.HomeUrl is { } home)
        {
            Link(home, new Uri(home).Host);
        }

        Link("/status/history", "History");
        Link("/docs", "API");
        foreach (var (name, url) in brand.Links)
        {
            Link(url, name);
        }

        if (brand.SupportUrl is { } support)
        {
            Link(support, "Get help");
        }

        html.Append("<details class=\"menu\"><summary>Subscribe</summary><ul role=\"list\">");
        if (brand.OffersEmail)
        {
            html.Append("<li><a href=\"/status/subscribe\">E-mail</a></li>");
        }

        foreach (var (title, _, feed) in Feeds)
        {
            html.Append("<li><a href=\"").Append(feed).Append("\">").Append(title).Append("</a></li>");
        }

        html.Append("<li><a href=\"webcal://").Append(Html(new Uri(brand.Url).Authority)).Append("/status/maintenance.ics\">Maintenance calendar</a></li>")
            .Append("<li>Slack: <code>/feed subscribe ").Append(Html(brand.Url)).Append("/status/updates.atom</code></li><li><a href=\"/docs\">Webhook: with a project key</a></li></ul></details>");
        return html.Append("</nav></header>").ToString();

        void Link(string href, string text) => html.Append("<a href=\"").Append(Html(href)).Append("\">").Append(Html(text)).Append("</a>");
    }

    /// <summary>The text as HTML, in text and in quoted attributes.</summary>
    public static string Html(string text) => WebUtility.HtmlEncode(text);

    /// <summary>A style sheet without comments and needless space.</summary>
    public static string Minified(string css) =>
        CssSpace().Replace(AnySpace().Replace(BlockComment().Replace(css, ""), " "), "$1").Replace(";}", "}", StringComparison.Ordinal).Trim();

    private static string Resource(string name)
    {
        using var reader = new StreamReader(typeof(PageShell).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }

    [GeneratedRegex(@"/\*.*?\*/", RegexOptions.Singleline)]
    private static partial Regex BlockComment();

    [GeneratedRegex(@"\s+")]
    private static partial Regex AnySpace();

    [GeneratedRegex(" ?([{};,>]) ?|(?<=[a-z-]:) ")]
    private static partial Regex CssSpace();
}

/// <summary>What a page has in its head of its own.</summary>
/// <param name="Title">The title, before the brand's name.</param>
/// <param name="Icon">Address of the icon in the browser's tab.</param>
/// <param name="Description">A sentence for search engines and previews; null: the page is not to be found.</param>
/// <param name="Path">Its canonical path.</param>
/// <param name="Image">Path of its preview image, 1200 × 630.</param>
public sealed record PageHead(string Title, string Icon, string? Description = null, string? Path = null, string? Image = null);
