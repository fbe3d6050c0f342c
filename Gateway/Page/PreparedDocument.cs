using System.IO.Compression;
using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Primitives;
using Xerotier.Page.V1;
using Xerotier.ServiceDefaults.Http;
using Xerotier.ServiceDefaults.Site;

namespace Xerotier.Gateway.Page;

/// <summary>
/// A document with everything that its responses need, made in advance: its bytes in three encodings, an entity tag for each, the headers.
/// Serving it allocates nothing of its own.
/// </summary>
internal sealed partial class PreparedDocument
{
    private const string HtmlType = "text/html; charset=utf-8";
    private const string DataPolicy = "default-src 'none'; frame-ancestors 'none'";
    private static readonly string[] Scripts = [.. Listed("script")];
    private static readonly string[] Styles = [.. Listed("style")];
    private static readonly StringValues CacheControl = "public, max-age=1, must-revalidate";
    private static readonly StringValues Vary = "Accept-Encoding";
    private static readonly StringValues NoSniff = "nosniff";
    private static readonly StringValues Deny = "DENY";
    private static readonly StringValues NoReferrer = "no-referrer";
    private readonly StringValues contentType;
    private readonly StringValues policy;
    private readonly Representation identity;
    private readonly Representation gzip;
    private readonly Representation brotli;

    private readonly bool isFramed; // others may show it in a frame, as its policy says
    private readonly StringValues robots;

    private PreparedDocument(string contentType, string policy, ReadOnlyMemory<byte> identity, ReadOnlyMemory<byte> gzip, ReadOnlyMemory<byte> brotli, string etag)
    {
        (this.contentType, this.policy) = (contentType, policy);
        var tag = etag.Trim('"');
        this.identity = new(identity, default, $"\"{tag}\"");
        this.gzip = new(gzip, "gzip", $"\"{tag}-gz\"");
        this.brotli = new(brotli, "br", $"\"{tag}-br\"");
    }

    private PreparedDocument(Brand brand, PublicDocument document, ReadOnlyMemory<byte> identity, ReadOnlyMemory<byte> gzip, ReadOnlyMemory<byte> brotli, string etag)
        : this(document.ContentType, document.ContentType.StartsWith("text/html", StringComparison.Ordinal) ? PagePolicy(brand) : DataPolicy, identity, gzip, brotli, etag)
    {
        if (document.Path == "/status/embed")
        {
            (isFramed, policy) = (true, PagePolicy(brand).Replace("frame-ancestors 'none'", "frame-ancestors " + brand.FrameAncestors, StringComparison.Ordinal));
        }

        // They belong to the pages that show them.
        robots = document.Path == "/status/embed" || document.Path.StartsWith("/status/badge", StringComparison.Ordinal) ? "noindex" : default(StringValues);
    }

    /// <summary>A page of the StatusService with its encodings. Whatever it holds, it runs only what the list of our own styles and scripts has, and the brand's accent.</summary>
    public static PreparedDocument StatusPage(Brand brand, ReadOnlyMemory<byte> identity, ReadOnlyMemory<byte> gzip, ReadOnlyMemory<byte> brotli, string etag) =>
        new(HtmlType, PagePolicy(brand), identity, gzip, brotli, etag);

    /// <summary>A page of the StatusService; makes its encodings.</summary>
    public static PreparedDocument StatusPage(Brand brand, byte[] identity) => StatusPage(brand, identity, Gzip(identity), Brotli(identity), ETag(identity));

    /// <summary>Data with its encodings.</summary>
    public static PreparedDocument Json(ReadOnlyMemory<byte> identity, ReadOnlyMemory<byte> gzip, ReadOnlyMemory<byte> brotli, string etag) =>
        new("application/json; charset=utf-8", DataPolicy, identity, gzip, brotli, etag);

    /// <summary>Another document of the StatusService, as it is live.</summary>
    /// <exception cref="InvalidDataException">It is not whole.</exception>
    public static PreparedDocument Other(Brand brand, PublicDocument document) => document.Path.Length > 0 && IsWhole(document.Live)
        ? new(brand, document, document.Live.Identity.Memory, document.Live.Gzip.Memory, document.Live.Brotli.Memory, document.Live.Etag)
        : throw new InvalidDataException($"The document {document.Path} is not whole.");

    /// <summary>The same with other bytes; makes their encodings.</summary>
    public static PreparedDocument Other(Brand brand, PublicDocument document, byte[] identity) => new(brand, document, identity, Gzip(identity), Brotli(identity), ETag(identity));

    /// <summary>Whether a document of the StatusService has all of its encodings.</summary>
    public static bool IsWhole(Document? document) => document is { Identity.Length: > 0, Gzip.Length: > 0, Brotli.Length: > 0, Etag.Length: > 0 };

    /// <summary>A page of the Gateway's own, which runs the styles and scripts that it holds; makes its encodings.</summary>
    public static PreparedDocument Html(byte[] identity) => new(HtmlType, PolicyOf(identity), identity, Gzip(identity), Brotli(identity), ETag(identity));

    /// <summary>Data; makes its encodings.</summary>
    public static PreparedDocument Json(byte[] identity) => Json(identity, Gzip(identity), Brotli(identity), ETag(identity));

    /// <summary>A script for other sites; makes its encodings.</summary>
    public static PreparedDocument Script(byte[] identity) => new("text/javascript; charset=utf-8", DataPolicy, identity, Gzip(identity), Brotli(identity), ETag(identity));

    /// <summary>Responds to GET and HEAD; with 304 if the client already has the document.</summary>
    public Task ServeAsync(HttpContext context)
    {
        var request = context.Request.Headers;
        var response = context.Response;
        var headers = response.Headers;
        var chosen = AcceptedEncoding.Best(request.AcceptEncoding) switch
        {
            AcceptedEncoding.Kind.Brotli => brotli,
            AcceptedEncoding.Kind.Gzip => gzip,
            _ => identity,
        };
        headers.ETag = chosen.Tag;
        headers.CacheControl = CacheControl;
        headers.Vary = Vary;
        headers.ContentSecurityPolicy = policy;
        headers.XContentTypeOptions = NoSniff;
        if (!isFramed)
        {
            headers.XFrameOptions = Deny;
        }

        if (robots.Count > 0)
        {
            headers["X-Robots-Tag"] = robots;
        }

        headers["Referrer-Policy"] = NoReferrer;
        if (request.IfNoneMatch == chosen.Tag || EntityTags.IfNoneMatch(context.Request, chosen.Tag.ToString())) // the first: what a browser sends
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        headers.ContentType = contentType;
        headers.ContentLength = chosen.Body.Length;
        if (chosen.Encoding.Count > 0)
        {
            headers.ContentEncoding = chosen.Encoding;
        }

        if (HttpMethods.IsHead(context.Request.Method))
        {
            return Task.CompletedTask;
        }

        // Without RequestAborted, which allocates: the server ends a write by itself when the client closes its connection.
        var writing = response.BodyWriter.WriteAsync(chosen.Body, CancellationToken.None);
        if (writing.IsCompletedSuccessfully)
        {
            writing.GetAwaiter().GetResult();
            return Task.CompletedTask;
        }

        return CompleteAsync(context, writing);
    }

    private static async Task CompleteAsync(HttpContext context, ValueTask<FlushResult> writing)
    {
        await writing;
        context.RequestAborted.ThrowIfCancellationRequested();
    }

    private static string PagePolicy(Brand brand) => Policy(Scripts, brand.AccentStyle is { } accent ? [.. Styles, ContentSecurityPolicy.SourceOf(accent)] : Styles);

    /// <summary>Allows only the inline styles and scripts of the page itself, by their hashes.</summary>
    private static string PolicyOf(ReadOnlyMemory<byte> html)
    {
        var text = Encoding.UTF8.GetString(html.Span);
        return Policy(Hashes("script"), Hashes("style"));

        IEnumerable<string> Hashes(string element) => InlineElement().Matches(text).Where(match => match.Groups["element"].Value == element)
            .Select(match => ContentSecurityPolicy.Source(match.Groups["content"].Value));
    }

    private static string Policy(IEnumerable<string> scripts, IEnumerable<string> styles)
    {
        return "default-src 'none'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
            + $"; script-src {Sources(scripts)}; style-src {Sources(styles)}";

        static string Sources(IEnumerable<string> hashes) => string.Join(' ', hashes.Distinct().DefaultIfEmpty("'none'"));
    }

    /// <summary>The hashes of <c>Page/hashes.txt</c>, which a test of the StatusService holds equal to what its page has.</summary>
    private static List<string> Listed(string element)
    {
        using var reader = new StreamReader(typeof(PreparedDocument).Assembly.GetManifestResourceStream("hashes.txt")!);
        return [.. reader.ReadToEnd().Split('\n').Where(line => line.StartsWith(element + " ", StringComparison.Ordinal)).Select(line => line[(element.Length + 1)..].Trim())];
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var buffer = new MemoryStream();
        using (var gzip = new GZipStream(buffer, CompressionLevel.Optimal))
        {
            gzip.Write(bytes);
        }

        return buffer.ToArray();
    }

    private static byte[] Brotli(byte[] bytes)
    {
        var buffer = new byte[BrotliEncoder.GetMaxCompressedLength(bytes.Length)];
        return BrotliEncoder.TryCompress(bytes, buffer, out var length, quality: 6, window: 22)
            ? buffer[..length]
            : throw new InvalidOperationException("Brotli did not fit its own bound.");
    }

    private static string ETag(byte[] bytes) => $"\"{Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 12))}\"";

    [GeneratedRegex("<(?<element>style|script)(\\s[^>]*)?>(?<content>.*?)</\\k<element>>", RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex InlineElement();

    private sealed record Representation(ReadOnlyMemory<byte> Body, StringValues Encoding, StringValues Tag);
}
