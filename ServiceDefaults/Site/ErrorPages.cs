using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.ServiceDefaults.Site;

/// <summary>Marks an endpoint whose errors people see: to a request that prefers <c>text/html</c> they are pages.</summary>
public sealed record ForPeople;

/// <summary>Errors as pages, in the shell of every other page, for requests of the public that prefer <c>text/html</c>.</summary>
public sealed class ErrorPages(Brand brand)
{
    private readonly string policy = Policy(brand, "'none'");
    private readonly string formPolicy = Policy(brand, "'self'");

    private readonly ConcurrentDictionary<(int, string), byte[]> pages = new(); // only of our own constant sentences

    /// <summary>Whether the sender prefers a page: its <c>Accept</c> names <c>text/html</c>, and not JSON as much.</summary>
    public static bool IsPreferred(HttpRequest request)
    {
        var accept = request.Headers.Accept;
        if (accept.Count == 0 || !accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase) || !MediaTypeHeaderValue.TryParseList(accept, out var types))
        {
            return false;
        }

        double html = 0, json = 0;
        foreach (var type in types)
        {
            var quality = type.Quality ?? 1;
            html = type.MediaType.Equals("text/html", StringComparison.OrdinalIgnoreCase) ? quality : html;
            json = type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase) ? quality : json;
        }

        return html > json;
    }

    /// <summary>Writes <paramref name="error"/> as the response, which must not have started.</summary>
    public Task WriteAsync(HttpContext context, ApiError error)
    {
        var response = context.Response;
        var (title, sentence) = Words(error);
        var form = SentForm.IsGivenBackWith(error) ? context.Features.Get<SentForm>() : null;
        var body = form is not null ? Render(title, form, error)
            : sentence == error.Message ? Render(title, sentence)
            : pages.GetOrAdd((error.Status, sentence), _ => Render(title, sentence));
        response.StatusCode = error.Status;
        response.ContentType = "text/html; charset=utf-8";
        response.ContentLength = body.Length;
        var headers = response.Headers;
        headers.CacheControl = "no-store";
        headers.Vary = "Accept";
        headers.ContentSecurityPolicy = form is null ? policy : formPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers["X-Robots-Tag"] = "noindex";
        headers["Referrer-Policy"] = form is null ? "no-referrer" : "same-origin"; // without it a browser says of the form that it comes from nowhere
        if (error.Allow is { Length: > 0 } allow)
        {
            headers.Allow = allow;
        }

        if (error.RetryAfterSeconds is { } seconds)
        {
            headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : response.Body.WriteAsync(body, context.RequestAborted).AsTask();
    }

    private static (string Title, string Sentence) Words(ApiError error) => error.Status switch
    {
        401 => ("Signed out", error.Message),
        403 => ("Not allowed", error.Message),
        404 => ("Page not found", error.Message == ApiErrors.NotFound().Message ? "There is no page at this address." : error.Message),
        405 => ("Method not allowed", "This address does not take requests of this kind."),
        429 when error.Message != ApiErrors.RateLimitExceeded(0).Message => ("Too many requests", error.Message),
        429 => ("Too many requests", "Too many requests came from your network. Wait a moment, then try again."),
        503 or 504 => ("Temporarily unavailable", "This page cannot be shown right now. Try again in a moment."),
        >= 500 => ("Something went wrong", "This page cannot be shown because of an error on our side."),
        _ => ("Bad request", error.Message),
    };

    private static string Policy(Brand brand, string formAction) => $"default-src 'none'; img-src 'self' data:; base-uri 'none'; form-action {formAction}; frame-ancestors 'none'; style-src "
        + string.Join(' ', new[] { PageShell.Style, brand.AccentStyle }.OfType<string>().Select(ContentSecurityPolicy.SourceOf));

    private byte[] Render(string title, string sentence) => Document(title, $"<p>{PageShell.Html(sentence)}</p><p><a href=\"/status\">Current status</a></p>");

    /// <summary>With what was sent, to be sent again by a button: it needs no script, and nothing that was typed is lost.</summary>
    private byte[] Render(string title, SentForm form, ApiError error)
    {
        var html = new StringBuilder("<p>")
            .Append(error.Status == StatusCodes.Status429TooManyRequests ? "Too many requests came from your network, and nothing was done."
                : form.IsPassedOn ? "No answer came. It may have been done all the same: look before you send it again."
                : "This cannot be taken right now, and nothing was done.")
            .Append(" What you entered is kept on this page. Try again in ").Append(error.RetryAfterSeconds is { } seconds ? $"{seconds} s" : "a moment").Append(".</p><form method=\"post\" action=\"")
            .Append(PageShell.Html(form.Path)).Append("\">");
        foreach (var (name, values) in form.Fields)
        {
            foreach (var value in values)
            {
                html.Append("<input type=\"hidden\" name=\"").Append(PageShell.Html(name)).Append("\" value=\"").Append(PageShell.Html(value ?? "")).Append("\">");
            }
        }

        return Document(title, html.Append("<p><button>Send again</button></p></form>").ToString());
    }

    private byte[] Document(string title, string html) => Encoding.UTF8.GetBytes(
        $"<!DOCTYPE html><html lang=\"en\"><head>{PageShell.Head(brand, new(title, "data:,"))}</head><body>{PageShell.Header(brand)}<main><div class=\"message\"><h1>{PageShell.Html(title)}</h1>{html}</div></main></body></html>\n");
}

/// <summary>A form that a page sent, as a feature of its request: a page that says it could not be taken now holds it, to be sent again.</summary>
/// <param name="Path">Where it was sent to, with its query.</param>
/// <param name="Fields">What it may be sent again with.</param>
/// <param name="IsPassedOn">Whether it may have come to who does what it says.</param>
public sealed record SentForm(string Path, IReadOnlyList<KeyValuePair<string, StringValues>> Fields, bool IsPassedOn)
{
    /// <summary>Whether the form may be taken later, as it is.</summary>
    public static bool IsGivenBackWith(ApiError error) => error.Status is StatusCodes.Status429TooManyRequests or >= StatusCodes.Status500InternalServerError;
}
