using System.Text;
using Xerotier.NotificationService.Mail;
using Xerotier.ServiceDefaults.Http;
using Xerotier.ServiceDefaults.Site;
using static Xerotier.ServiceDefaults.Site.PageShell;

namespace Xerotier.NotificationService.Pages;

/// <summary>A page that is nobody else's business.</summary>
internal sealed class PrivatePage(int status, byte[] body, string policy) : IResult
{
    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = status;
        response.ContentType = "text/html; charset=utf-8";
        response.ContentLength = body.Length;
        var headers = response.Headers;
        headers.CacheControl = "no-store";
        headers.ContentSecurityPolicy = policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["X-Robots-Tag"] = "noindex";
        return HttpMethods.IsHead(httpContext.Request.Method) ? Task.CompletedTask : response.Body.WriteAsync(body, httpContext.RequestAborted).AsTask();
    }
}

/// <summary>The pages of those who are told by e-mail. They work without a script.</summary>
internal sealed class SubscriberPages(Brand brand)
{
    private static readonly string FormStyle = $"<style>{Minified("""
        form { margin: 24px 0 16px; }
        fieldset { margin-top: 16px; border: 0; }
        legend, label.of { display: block; font-weight: 600; }
        .choice { display: flex; gap: 8px; align-items: baseline; padding: 4px 0; }
        input[type=email] { width: 100%; max-width: 420px; min-height: 40px; margin-top: 4px; padding: 8px 12px; border: 1px solid var(--unknown); border-radius: 8px; background: var(--bg); color: var(--text); font: inherit; }
        input[type=checkbox] { accent-color: var(--accent); }
        main button { min-height: 40px; margin-top: 16px; padding: 8px 16px; border: 1px solid var(--unknown); border-radius: 8px; color: var(--text); font-weight: 600; text-decoration: none; }
        main .do button { border-color: var(--accent); background: var(--accent); color: var(--bg); }
        .message ul { margin-top: 8px; padding-inline-start: 20px; list-style: disc; }
        """)}</style>";

    private readonly string policy = "default-src 'none'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; style-src "
        + string.Join(' ', new[] { Style, brand.AccentStyle, FormStyle }.OfType<string>().Select(ContentSecurityPolicy.SourceOf));

    /// <summary>The form.</summary>
    /// <param name="offered">The services that there are to choose from.</param>
    public IResult Form(IReadOnlyList<Component> offered) => Page(200, "Subscribe by e-mail", $"""
        <p>{Html(brand.Name)} writes when an incident begins, changes or ends, and about planned maintenance.</p>
        <form method="post" action="/status/subscribe">
        <label class="of" for="email">E-mail address</label>
        <input id="email" name="email" type="email" autocomplete="email" required maxlength="254">
        {Choice(offered, [])}
        <p class="do"><button>Subscribe</button></p>
        </form>
        <p>A mail with a link comes first; nothing else is sent before you confirm there. Every mail has a link that ends it.</p>
        """);

    /// <summary>What there is where no e-mail is sent.</summary>
    public IResult NoMail() => Page(200, "Subscribe", $"""
        <p>{Html(brand.Name)} sends no e-mail. There are other ways to hear of incidents and maintenance:</p>
        <ul><li>Feeds: <a href="/status/updates.atom">every update (Atom)</a>, <a href="/status/history.atom">history (Atom)</a>, <a href="/status/history.rss">history (RSS)</a></li>
        <li><a href="/status/maintenance.ics">Maintenance calendar</a></li>
        <li>Webhooks and Slack, with a project key: <a href="/docs">the API</a></li></ul>
        """);

    /// <summary>What everybody reads who has sent an address, whatever comes of it.</summary>
    public IResult Taken() => Page(202, "Check your e-mail", $"""
        <p>If the address can be subscribed, a mail from {Html(brand.Name)} is on its way to it. Open its link and confirm there: nothing else is sent before.</p>
        <p>An address gets at most three such mails an hour. If none arrives, look among what your provider takes for spam; or <a href="/status/subscribe">try again</a>: the address may have been mistyped.</p>
        """);

    /// <summary>What a link leads to that is not, or no longer, one.</summary>
    public IResult Unknown() => Page(404, "This link is not valid", """
        <p>A link that confirms a subscription lives for 24 hours, one that ends it as long as the subscription.</p>
        <p>If you have unsubscribed, it is done: nothing more is sent to you. Otherwise you can <a href="/status/subscribe">subscribe again</a>.</p>
        """);

    /// <summary>What a link leads to.</summary>
    /// <param name="link">The link.</param>
    /// <param name="offered">The services that there are to choose from.</param>
    /// <param name="done">What has just been done, in a sentence; null: nothing.</param>
    public IResult Subscription(MailLink link, IReadOnlyList<Component> offered, string? done = null)
    {
        var subscription = link.Subscription;
        var told = $"<p{(done is null ? "" : " role=\"status\"")}>{(done is null ? "" : $"<b>{Html(done)}</b> ")}";
        var end = Button("unsubscribe", subscription.State == SubscriptionState.Unconfirmed ? "Do not subscribe" : "Unsubscribe");
        return subscription.State switch
        {
            SubscriptionState.Unconfirmed when link.Confirms => Page(200, "Confirm your subscription", $"""
                {told}News of {Html(brand.Name)} will be sent to <b>{Html(subscription.Address)}</b> once you confirm it here.</p>
                {About(subscription, offered)}
                {Button("confirm", "Confirm", "do")}
                {end}
                """),
            SubscriptionState.Unconfirmed => Page(200, "Not confirmed yet", $"""
                {told}Nothing is sent to <b>{Html(subscription.Address)}</b> before it is confirmed. Open the link of the newest mail that asks for it, or <a href="/status/subscribe">ask for another one</a>.</p>
                {end}
                """),
            SubscriptionState.Disabled => Page(200, "Your subscription is off", $"""
                {told}Nothing is sent to <b>{Html(subscription.Address)}</b>.{(subscription.DisabledReason is { } why ? $" {Html(why)}" : "")}</p>
                {end}
                """),
            _ => Page(200, "Your subscription", $"""
                {told}News of {Html(brand.Name)} is sent to <b>{Html(subscription.Address)}</b>.</p>
                {(offered.Count == 0 ? "<p>The services cannot be listed right now. Try again in a moment to choose others.</p>" : $"""<form method="post"><input type="hidden" name="action" value="update">{Choice(offered, subscription.Components)}<p class="do"><button>Save</button></p></form>""")}
                {end}
                """),
        };
    }

    /// <summary>What is read by who has unsubscribed.</summary>
    public IResult Unsubscribed(string address) => Page(200, "You are unsubscribed", $"""
        <p role="status">Nothing more is sent to <b>{Html(address)}</b>.</p>
        <p>It was a mistake? <a href="/status/subscribe">Subscribe again</a>.</p>
        """);

    /// <summary>A form with one button.</summary>
    private static string Button(string action, string text, string kind = "") =>
        $"""<form method="post"><input type="hidden" name="action" value="{action}"><p{(kind.Length == 0 ? "" : $" class=\"{kind}\"")}><button>{text}</button></p></form>""";

    private static string Choice(IReadOnlyList<Component> offered, IReadOnlyList<string> chosen)
    {
        if (offered.Count == 0)
        {
            return "";
        }

        var html = new StringBuilder("<fieldset aria-describedby=\"all\"><legend>Services</legend><p id=\"all\">Choose none to hear of all.</p>");
        foreach (var component in offered)
        {
            html.Append("<label class=\"choice\"><input type=\"checkbox\" name=\"components\" value=\"").Append(Html(component.Id)).Append(chosen.Contains(component.Id) ? "\" checked> " : "\"> ").Append(Html(component.Name)).Append("</label>");
        }

        return html.Append("</fieldset>").ToString();
    }

    private static string About(Subscription subscription, IReadOnlyList<Component> offered)
    {
        var names = offered.Where(component => subscription.Components.Contains(component.Id)).Select(component => Html(component.Name)).ToList();
        return subscription.Components.Count == 0 ? "<p>It is about all services.</p>" : names.Count > 0 ? $"<p>It is about {string.Join(", ", names)}.</p>" : "";
    }

    private PrivatePage Page(int status, string title, string content) => new(
        status,
        Encoding.UTF8.GetBytes(
            $"<!DOCTYPE html><html lang=\"en\"><head>{Head(brand, new(title, "data:,"))}{FormStyle}</head><body>{Header(brand)}"
            + $"<main><div class=\"message\"><h1>{Html(title)}</h1>{content}<p><a href=\"/status\">Current status</a></p></div></main></body></html>\n"),
        policy);
}
