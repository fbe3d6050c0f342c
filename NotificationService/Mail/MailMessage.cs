using System.Text;
using System.Text.Encodings.Web;
using MimeKit;
using Xerotier.NotificationService.Messages;
using Xerotier.ServiceDefaults.Site;

namespace Xerotier.NotificationService.Mail;

/// <summary>A message to one address.</summary>
/// <param name="Id">Its ID, the same in every attempt.</param>
/// <param name="SubscriptionId">Whose it is.</param>
/// <param name="To">The address.</param>
/// <param name="Thread">The incident, window or series that it tells of: messages of one are a thread; null: it is by itself.</param>
/// <param name="Content">What it says.</param>
/// <param name="Confirms">Whether its link confirms the subscription, or manages it.</param>
internal sealed record Letter(string Id, string SubscriptionId, string To, string? Thread, MessageContent Content, bool Confirms = false);

/// <summary>A message as e-mail (notifications.md section 21): text and HTML, threads, and the way out.</summary>
internal static class MailMessage
{
    private static readonly HtmlEncoder Html = HtmlEncoder.Default;

    /// <summary>What the owner of an address is asked when somebody has entered it; or told, where it is subscribed already.</summary>
    public static Letter Asking(string id, string subscriptionId, string to, bool isConfirmed, Brand brand) => new(id, subscriptionId, to, null, isConfirmed
        ? new(
            $"You are subscribed to {brand.Name}",
            $"Somebody, most likely you, has asked that the news of {brand.Name} be sent to this address. It is subscribed already: nothing has changed.",
            [])
        : new(
            $"Confirm your subscription to {brand.Name}",
            $"Somebody, most likely you, has asked that the news of {brand.Name} be sent to this address. Nothing is sent before you confirm it: open the link within 24 hours and press the button there.\n\nIf it was not you, do nothing, and this was all.",
            []), Confirms: !isConfirmed);

    /// <summary>Makes it.</summary>
    /// <param name="letter">What it says to whom.</param>
    /// <param name="to">The address of <paramref name="letter"/>.</param>
    /// <param name="from">Whom it is from.</param>
    /// <param name="brand">The page that it comes from.</param>
    /// <param name="token">What its link carries.</param>
    /// <param name="now">When it is sent.</param>
    public static MimeMessage Create(Letter letter, MailboxAddress to, MailboxAddress from, Brand brand, string token, DateTimeOffset now)
    {
        var link = $"{brand.Url}/status/subscriptions/{token}";
        var does = letter.Confirms ? "Confirm" : "Choose services or unsubscribe";
        var message = new MimeMessage
        {
            Subject = Line(letter.Content.Headline),
            Date = now,
            MessageId = $"{letter.Id}@{from.Domain}",
            Body = new MultipartAlternative
            {
                new TextPart("plain") { Text = TextOf(letter.Content, brand, does, link) },
                new TextPart("html") { Text = HtmlOf(letter.Content, brand, does, link) },
            },
        };
        if (letter.Thread is { } of)
        {
            message.InReplyTo = $"{of}@{from.Domain}"; // no message has this ID, yet readers see that those which refer to it belong together
            message.References.Add(message.InReplyTo);
        }

        message.From.Add(from.Name is null or "" ? new MailboxAddress(brand.Name, from.Address) : from);
        message.To.Add(to);
        message.Headers.Add(HeaderId.ListId, $"<status.{from.Domain}>");
        message.Headers.Add("Auto-Submitted", "auto-generated");
        message.Headers.Add(HeaderId.ListUnsubscribe, $"<{link}>");
        if (link.StartsWith("https://", StringComparison.OrdinalIgnoreCase)) // RFC 8058 asks for it
        {
            message.Headers.Add("List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
        }

        message.Prepare(EncodingConstraint.SevenBit);
        return message;
    }

    private static string TextOf(MessageContent content, Brand brand, string does, string link)
    {
        var text = new StringBuilder().Append(Line(content.Headline)).Append("\n\n");
        if (content.Body.Length > 0)
        {
            text.Append(Lines(content.IsMarkdown ? Markdown.ToPlainText(content.Body) : content.Body)).Append("\n\n");
        }

        foreach (var detail in content.Details.Where(detail => detail.Length > 0))
        {
            text.Append(Line(detail)).Append('\n');
        }

        return text.Append($"\n{does}: {link}\n{brand.Name}: {brand.Url}/status\n").ToString();
    }

    private static string HtmlOf(MessageContent content, Brand brand, string does, string link)
    {
        var html = new StringBuilder("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>").Append(Html.Encode(Line(content.Headline)))
            .Append("</title></head>\n<body style=\"font-family:sans-serif;line-height:1.5\">\n<h1 style=\"font-size:1.25em\">").Append(Html.Encode(Line(content.Headline))).Append("</h1>\n");
        if (content.IsMarkdown)
        {
            html.Append(Markdown.ToHtml(content.Body)).Append('\n');
        }
        else if (content.Body.Length > 0)
        {
            html.Append("<p>").AppendJoin("<br>\n", Lines(content.Body).Split('\n').Select(Html.Encode)).Append("</p>\n");
        }

        var details = content.Details.Where(detail => detail.Length > 0).Select(detail => $"<li>{Html.Encode(Line(detail))}</li>\n").ToList();
        if (details.Count > 0)
        {
            html.Append("<ul>\n").AppendJoin("", details).Append("</ul>\n");
        }

        return html.Append($"<p><a href=\"{Html.Encode(link)}\">{does}</a> · <a href=\"{Html.Encode(brand.Url)}/status\">{Html.Encode(brand.Name)}</a></p>\n</body></html>\n").ToString();
    }

    /// <summary>Text without control characters but line breaks: what people write must start no header.</summary>
    private static string Lines(string text) => string.Concat(text.ReplaceLineEndings("\n").Select(c => char.IsControl(c) && c != '\n' ? ' ' : c)).Trim();

    private static string Line(string text) => Lines(text.ReplaceLineEndings(" "));
}
