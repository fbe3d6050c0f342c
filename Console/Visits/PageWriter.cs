using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Xerotier.ServiceDefaults.Http;
using Xerotier.ServiceDefaults.Site;

namespace Xerotier.OperatorConsole.Visits;

/// <summary>Writes pages of the console, which are nobody's business but the user's.</summary>
public sealed class PageWriter(Brand brand, ILoggerFactory loggers) : IDisposable
{
    private readonly ServiceProvider services = new ServiceCollection()
        .AddSingleton(HtmlEncoder.Create(UnicodeRanges.All)).AddSingleton(brand).BuildServiceProvider();

    private readonly string policy = "default-src 'none'; img-src 'self' data:; connect-src 'self'; script-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; style-src 'self'"
        + (brand.AccentStyle is { } accent ? " " + ContentSecurityPolicy.SourceOf(accent) : "");

    /// <summary>Renders <paramref name="page"/> as the response.</summary>
    public async Task WriteAsync(HttpContext http, Type page, Dictionary<string, object?> parameters, int status)
    {
        http.Response.StatusCode = status; // which the page tells too
        await using var renderer = new HtmlRenderer(services, loggers);
        var html = await renderer.Dispatcher.InvokeAsync(async () =>
        {
            var rendered = await renderer.RenderComponentAsync(page, ParameterView.FromDictionary(parameters));
            await using var text = new StringWriter(CultureInfo.InvariantCulture);
            rendered.WriteHtmlTo(text);
            return Encoding.UTF8.GetBytes(text.ToString());
        });
        var response = http.Response;
        response.ContentType = "text/html; charset=utf-8";
        response.ContentLength = html.Length;
        SetHeaders(response.Headers, Visit.Of(http).IsDemo);
        if (!HttpMethods.IsHead(http.Request.Method))
        {
            await response.Body.WriteAsync(html, http.RequestAborted);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => services.Dispose();

    private void SetHeaders(IHeaderDictionary headers, bool isDemo)
    {
        headers.CacheControl = "no-store";
        headers.ContentSecurityPolicy = isDemo ? $"{policy}; frame-src 'self'" : policy; // a demo shows what visitors see, which allows it there alone
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["X-Robots-Tag"] = "noindex";
    }
}
