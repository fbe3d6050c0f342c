using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Xerotier.ServiceDefaults.Site;
using Xerotier.StatusService.Documents.Page;
using Xerotier.StatusService.Publishing;

namespace Xerotier.Browser.Tests;

/// <summary>Serves rendered samples with the Gateway's headers, and counts what is asked of it.</summary>
public sealed partial class PageServer : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, byte[]> pages = new();
    private readonly ConcurrentDictionary<string, int> limits = new();
    private readonly ConcurrentQueue<string> requests = new();
    private readonly WebApplication app;

    private PageServer(WebApplication app) => this.app = app;

    /// <summary>Where it listens, without a slash at its end.</summary>
    public string Address => app.Urls.First();

    /// <summary>The paths asked for so far that begin with <paramref name="path"/>.</summary>
    public int Requests(string path) => requests.Count(asked => asked.StartsWith(path, StringComparison.Ordinal));

    /// <summary>Paths asked for that no test put there.</summary>
    public IEnumerable<string> Unknown => requests.Where(asked => !pages.ContainsKey(asked));

    public static async Task<PageServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = new PageServer(builder.Build());
        server.app.MapGet("/{**path}", server.Serve);
        await server.app.StartAsync();
        return server;
    }

    /// <summary>Puts a page at a path, or changes it, and returns its address.</summary>
    public string Show(string path, byte[] html)
    {
        pages[path] = html;
        return Address + path;
    }

    /// <summary>Takes a page away: it answers 503 from now on.</summary>
    public void Lose(string path) => pages[path] = [];

    /// <summary>Answers 429 from now on.</summary>
    public void Limit(string path, int seconds)
    {
        pages[path] = [];
        limits[path] = seconds;
    }

    /// <summary>The policy that comes with a page: a month of the history has its own, the Gateway derives the status page's from its style and script.</summary>
    public static string Policy(byte[] html) => html.AsSpan().IndexOf("<main class=\"history\""u8) >= 0
        ? PublicResponse.Policy(Brand.Default)
        : $"default-src 'none'; style-src '{Hash(PageShell.Style)}'; script-src '{Hash(PageAssets.Script)}'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public async ValueTask DisposeAsync() => await app.DisposeAsync();

    private async Task Serve(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        requests.Enqueue(path);
        if (!pages.TryGetValue(path, out var html) || html.Length == 0)
        {
            context.Response.StatusCode = html is null ? 404 : limits.ContainsKey(path) ? 429 : 503;
            if (limits.TryGetValue(path, out var seconds)) context.Response.Headers.RetryAfter = $"{seconds}";
            return;
        }

        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.Headers.ContentSecurityPolicy = Policy(html);
        context.Response.Headers.CacheControl = "public, max-age=1, must-revalidate";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        await context.Response.Body.WriteAsync(html, context.RequestAborted);
    }

    private static string Hash(string element) =>
        "sha256-" + Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Content().Match(element).Groups[1].Value)));

    [GeneratedRegex("^<[a-z]+>(.*)</[a-z]+>$", RegexOptions.Singleline)]
    private static partial Regex Content();
}
