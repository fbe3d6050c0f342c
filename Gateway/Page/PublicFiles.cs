using System.Security.Cryptography;
using System.Text;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;
using Xerotier.ServiceDefaults.Site;

namespace Xerotier.Gateway.Page;

/// <summary>The small files around the status page, in memory: icons, previews, the operator's logos, and what search engines read.</summary>
internal sealed class PublicFiles
{
    private static readonly string[] Levels = ["operational", "degraded", "unknown", "partial_outage", "major_outage", "maintenance"];
    private readonly Dictionary<string, PublicFile> previews = Levels.ToDictionary(level => level + ".png", level => new PublicFile("image/png", Resource($"og/{level}.png")));
    private readonly PublicFile icon = new("image/png", Resource("og/icon.png"));
    private readonly PreparedDocument embedScript = PreparedDocument.Script(Resource("embed.js"));
    private readonly PublicFile robots;
    private readonly PublicFile? logoLight;
    private readonly PublicFile? logoDark;

    public PublicFiles(Brand brand)
    {
        robots = new("text/plain; charset=utf-8", Encoding.ASCII.GetBytes(
            brand.IsIndexed ? "User-agent: *\nDisallow: /console\nDisallow: /status/subscribe\nDisallow: /status/subscriptions\n" : "User-agent: *\nDisallow: /\n"));
        (logoLight, logoDark) = (Of(brand.LogoLight), Of(brand.LogoDark));

        static PublicFile? Of(Logo? logo) => logo is null ? null : new(logo.Type, logo.Bytes);
    }

    /// <summary>Serves <c>/favicon.ico</c> and <c>/apple-touch-icon.png</c>.</summary>
    public Task ServeIconAsync(Call call) => icon.ServeAsync(call.Http);

    /// <summary>Serves <c>/status/embed.js</c>.</summary>
    public Task ServeEmbedScriptAsync(Call call) => embedScript.ServeAsync(call.Http);

    /// <summary>Serves <c>/robots.txt</c>.</summary>
    public Task ServeRobotsAsync(Call call) => robots.ServeAsync(call.Http);

    /// <summary>Serves <c>/status/og/{level}.png</c>.</summary>
    /// <exception cref="ApiException">404: there is no such level.</exception>
    public Task ServePreviewAsync(Call call) => Existing(previews.GetValueOrDefault(call.Id!)).ServeAsync(call.Http);

    /// <summary>Serves <c>/status/logo-light</c>.</summary>
    /// <exception cref="ApiException">404: there is no logo.</exception>
    public Task ServeLogoLightAsync(Call call) => Existing(logoLight).ServeAsync(call.Http);

    /// <summary>Serves <c>/status/logo-dark</c>.</summary>
    /// <exception cref="ApiException">404: there is no logo.</exception>
    public Task ServeLogoDarkAsync(Call call) => Existing(logoDark).ServeAsync(call.Http);

    private static PublicFile Existing(PublicFile? file) => file ?? throw new ApiException(ApiErrors.NotFound());

    private static byte[] Resource(string name)
    {
        using var stream = typeof(PublicFiles).Assembly.GetManifestResourceStream(name)!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>A file with its entity tag. An SVG that somebody opens by itself runs nothing.</summary>
    private sealed class PublicFile(string type, byte[] bytes)
    {
        private readonly string tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 12))}\"";

        public Task ServeAsync(HttpContext context)
        {
            var response = context.Response;
            var headers = response.Headers;
            headers.ETag = tag;
            headers.CacheControl = "public, max-age=3600";
            headers.XContentTypeOptions = "nosniff";
            headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
            if (EntityTags.IfNoneMatch(context.Request, tag))
            {
                response.StatusCode = StatusCodes.Status304NotModified;
                return Task.CompletedTask;
            }

            response.ContentType = type;
            response.ContentLength = bytes.Length;
            return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : response.Body.WriteAsync(bytes, context.RequestAborted).AsTask();
        }
    }
}
