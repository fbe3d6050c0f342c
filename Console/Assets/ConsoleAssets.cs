using System.Security.Cryptography;
using System.Text;
using Xerotier.ServiceDefaults.Site;

namespace Xerotier.OperatorConsole.Assets;

/// <summary>The console's style, which is the status page's and what forms and tables need beside it, and its script. Their names change with them, so a browser keeps them for ever.</summary>
internal static class ConsoleAssets
{
    private static readonly byte[] Style = Encoding.UTF8.GetBytes(PageShell.StyleSheet + PageShell.Minified(Read("console.css")));
    private static readonly byte[] Script = Encoding.UTF8.GetBytes(Read("console.js"));

    /// <summary>Path of the style sheet.</summary>
    public static string StylePath { get; } = $"/console/assets/{NameOf(Style)}.css";

    /// <summary>Path of the script.</summary>
    public static string ScriptPath { get; } = $"/console/assets/{NameOf(Script)}.js";

    public static void MapAssets(this IEndpointRouteBuilder pages)
    {
        // While a new version is rolled out, a page of one replica asks another for what that has not: then this version's is better than none.
        pages.MapGet("assets/{name}.css", (HttpContext http) => Serve(http, StylePath, "text/css; charset=utf-8", Style));
        pages.MapGet("assets/{name}.js", (HttpContext http) => Serve(http, ScriptPath, "text/javascript; charset=utf-8", Script));
    }

    private static IResult Serve(HttpContext http, string path, string type, byte[] bytes)
    {
        http.Response.Headers.CacheControl = http.Request.Path == path ? "public, max-age=31536000, immutable" : "no-store";
        http.Response.Headers.XContentTypeOptions = "nosniff";
        return Results.Bytes(bytes, type);
    }

    private static string NameOf(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 8));

    private static string Read(string name)
    {
        using var reader = new StreamReader(typeof(ConsoleAssets).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
