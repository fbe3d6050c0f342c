using System.Buffers;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Xerotier.ServiceDefaults.Site;

/// <summary>How an operator's public pages present themselves. Section <c>Page</c>; the Gateway, the StatusService and the NotificationService have the same.</summary>
public sealed class BrandOptions
{
    /// <summary>The name of the page, 1 to 60 characters.</summary>
    public string Name { get; set; } = "Xerotier Status";

    /// <summary>File of the logo on light ground, SVG or PNG of at most 16 KiB. Default: none, the name as text.</summary>
    public string? LogoLight { get; set; }

    /// <summary>File of the logo on dark ground, SVG or PNG of at most 16 KiB. Default: the one on light ground.</summary>
    public string? LogoDark { get; set; }

    /// <summary>Colour of links and focus, <c>#rrggbb</c>, with a contrast of at least 4.5:1 on white. On dark ground it is lightened.</summary>
    public string Accent { get; set; } = Brand.DefaultAccent;

    /// <summary>Where the product's own site is. Default: no link.</summary>
    public string? HomeUrl { get; set; }

    /// <summary>Where visitors get help: http(s) or mailto. Default: no link.</summary>
    public string? SupportUrl { get; set; }

    /// <summary>Further links of the header, at most 5.</summary>
    public IList<BrandLink> Links { get; set; } = [];

    /// <summary>A line of text in the footer, at most 200 characters. Default: none.</summary>
    public string? Footer { get; set; }

    /// <summary>The address under which the public reaches the Gateway, such as <c>https://status.example.com</c>; canonical links and previews need it. Default: none.</summary>
    public string? PublicUrl { get; set; }

    /// <summary>The Gateway's port on this machine, 1 to 65535: while there is no public address, the links of feeds lead there.</summary>
    public int Port { get; set; } = 8080;

    /// <summary>Origins whose pages may show <c>/status/embed</c> in a frame, such as <c>https://example.com</c>; <c>*</c>: all. Default: none.</summary>
    public IList<string> EmbedOrigins { get; set; } = [];

    /// <summary>Whether the pages offer to subscribe by e-mail, which needs the NotificationService's section <c>Smtp</c>. Default: no.</summary>
    public bool OffersEmail { get; set; }

    /// <summary><c>none</c> asks search engines to leave the pages out. Default: none is asked.</summary>
    public string? Robots { get; set; }
}

/// <summary>A link of the header.</summary>
public sealed class BrandLink
{
    /// <summary>Its text, 1 to 30 characters.</summary>
    public string Name { get; set; } = "";

    /// <summary>Its http(s) address.</summary>
    public string Url { get; set; } = "";
}

/// <summary>A logo as it is served.</summary>
/// <param name="Type">Its media type.</param>
/// <param name="Bytes">The file.</param>
public sealed record Logo(string Type, byte[] Bytes);

/// <summary>The checked brand: what every public page of this deployment has in common.</summary>
public sealed class Brand
{
    /// <summary>The accent of <c>page.css</c>.</summary>
    public const string DefaultAccent = "#3451d1";

    private const int MaxLogoBytes = 16 * 1024;
    private const string DarkGround = "#0c0f12"; // as in page.css
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdefABCDEF");

    /// <summary>Checks <paramref name="options"/> and reads the logos.</summary>
    /// <exception cref="OptionsValidationException">Something is wrong; says all that is.</exception>
    public Brand(BrandOptions options)
    {
        var wrong = new List<string>();
        Name = Text("Name", options.Name, 1, 60) ?? "";
        Footer = Text("Footer", options.Footer, 0, 200);
        HomeUrl = Address("HomeUrl", options.HomeUrl, "http", "https");
        SupportUrl = Address("SupportUrl", options.SupportUrl, "http", "https", "mailto");
        PublicUrl = Address("PublicUrl", options.PublicUrl, "http", "https")?.TrimEnd('/');
        Check(options.Port is >= 1 and <= 65535, "Page:Port must be from 1 to 65535.");
        Url = PublicUrl ?? $"http://localhost:{options.Port}";
        Check(options.Links.Count <= 5, "Page:Links must have at most 5 links.");
        Links = [.. options.Links.Select((link, i) => (Text($"Links:{i}:Name", link.Name, 1, 30) ?? "", Address($"Links:{i}:Url", link.Url.Length == 0 ? "-" : link.Url, "http", "https") ?? ""))];
        Check(options.Robots is null or "" or "none", "Page:Robots must be 'none' or not set.");
        Check(options.EmbedOrigins.Count <= 20 && options.EmbedOrigins.All(IsOrigin), "Page:EmbedOrigins must be at most 20 origins such as https://example.com, 'self' or '*'.");
        FrameAncestors = options.EmbedOrigins.Count == 0 ? "'none'" : string.Join(' ', options.EmbedOrigins);
        IsIndexed = options.Robots is null or "";
        OffersEmail = options.OffersEmail;
        LogoLight = Read("LogoLight", options.LogoLight);
        LogoDark = Read("LogoDark", options.LogoDark) ?? LogoLight;
        Check(LogoLight is not null || LogoDark is null, "Page:LogoDark needs Page:LogoLight.");
        AccentStyle = Accent(options.Accent);
        if (wrong.Count > 0)
        {
            throw new OptionsValidationException("Page", typeof(BrandOptions), wrong);
        }

        void Check(bool right, string sentence)
        {
            if (!right)
            {
                wrong.Add(sentence);
            }
        }

        string? Text(string setting, string? value, int least, int most)
        {
            Check((value?.Length ?? 0) >= least && (value?.Length ?? 0) <= most && value?.Any(char.IsControl) != true, $"Page:{setting} must have {(least == 0 ? "at most" : "1 to")} {most} characters, without control characters.");
            return value is "" ? null : value;
        }

        string? Address(string setting, string? value, params string[] schemes)
        {
            if (value is null or "")
            {
                return null;
            }

            Check(Uri.TryCreate(value, UriKind.Absolute, out var address) && schemes.Contains(address.Scheme), $"Page:{setting} must be an absolute address ({string.Join(", ", schemes)}).");
            return value;
        }

        Logo? Read(string setting, string? file)
        {
            if (file is null or "")
            {
                return null;
            }

            try
            {
                using var stream = File.OpenRead(file);
                Check(stream.Length <= MaxLogoBytes, $"Page:{setting} must be a file of at most 16 KiB.");
                var bytes = new byte[Math.Min(stream.Length, MaxLogoBytes)];
                stream.ReadExactly(bytes);
                var type = bytes.AsSpan().StartsWith<byte>([0x89, 0x50, 0x4E, 0x47]) ? "image/png"
                    : Encoding.UTF8.GetString(bytes).Contains("<svg", StringComparison.Ordinal) ? "image/svg+xml" : "";
                Check(type.Length > 0, $"Page:{setting} must be an SVG or a PNG.");
                return new(type, bytes);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                wrong.Add($"Page:{setting} cannot be read: {failure.Message}");
                return null;
            }
        }

        string? Accent(string colour)
        {
            if (!IsColour(colour))
            {
                wrong.Add("Page:Accent must be a colour as #rrggbb.");
                return null;
            }

            var contrast = Contrast(colour, "#ffffff");
            Check(contrast >= 4.5, string.Create(CultureInfo.InvariantCulture, $"Page:Accent {colour} has a contrast of {Math.Floor(contrast * 10) / 10:0.0}:1 on white; choose a darker colour: text needs 4.5:1."));
            return string.Equals(colour, DefaultAccent, StringComparison.OrdinalIgnoreCase) ? null
                : $"<style>:root{{--accent:{colour}}}@media screen and (prefers-color-scheme:dark){{:root{{--accent:{Lightened(colour)}}}}}</style>";
        }
    }

    /// <summary>The brand of a deployment without settings.</summary>
    public static Brand Default { get; } = new(new());

    /// <summary>The page's name.</summary>
    public string Name { get; }

    /// <summary>The logo on light ground.</summary>
    public Logo? LogoLight { get; }

    /// <summary>The logo on dark ground.</summary>
    public Logo? LogoDark { get; }

    /// <summary>The <c>style</c> element of an accent of the operator's own; null: the default one.</summary>
    public string? AccentStyle { get; }

    /// <summary>The product's own site.</summary>
    public string? HomeUrl { get; }

    /// <summary>Where visitors get help.</summary>
    public string? SupportUrl { get; }

    /// <summary>Further links of the header.</summary>
    public IReadOnlyList<(string Name, string Url)> Links { get; }

    /// <summary>A line in the footer.</summary>
    public string? Footer { get; }

    /// <summary>The public address, without a slash at its end.</summary>
    public string? PublicUrl { get; }

    /// <summary>Where links that are read elsewhere lead, without a slash at its end: the public address or, without one, this machine's.</summary>
    public string Url { get; }

    /// <summary>Who may show <c>/status/embed</c> in a frame, as <c>frame-ancestors</c> says it.</summary>
    public string FrameAncestors { get; }

    /// <summary>Whether the pages offer to subscribe by e-mail.</summary>
    public bool OffersEmail { get; }

    /// <summary>Whether search engines may list the pages.</summary>
    public bool IsIndexed { get; }

    /// <summary>Contrast of two colours <c>#rrggbb</c> after WCAG 2.2, 1 to 21.</summary>
    public static double Contrast(string one, string other)
    {
        var (a, b) = (Luminance(one), Luminance(other));
        return (Math.Max(a, b) + 0.05) / (Math.Min(a, b) + 0.05);

        static double Luminance(string colour)
        {
            var parts = Convert.FromHexString(colour.AsSpan(1)).Select(part => part / 255.0)
                .Select(part => part <= 0.04045 ? part / 12.92 : Math.Pow((part + 0.055) / 1.055, 2.4)).ToArray();
            return (0.2126 * parts[0]) + (0.7152 * parts[1]) + (0.0722 * parts[2]);
        }
    }

    private static bool IsOrigin(string text) =>
        text is "*" or "'self'" || (Uri.TryCreate(text, UriKind.Absolute, out var origin) && origin.Scheme is "http" or "https" && origin.GetLeftPart(UriPartial.Authority) == text && !text.AsSpan().ContainsAny(";, '\""));

    private static bool IsColour(string text) => text.Length == 7 && text[0] == '#' && text.AsSpan(1).IndexOfAnyExcept(HexDigits) < 0;

    /// <summary>The same hue for dark ground: mixed with white until it is read well there.</summary>
    private static string Lightened(string colour)
    {
        var parts = Convert.FromHexString(colour.AsSpan(1));
        for (var white = 0; ; white++)
        {
            var mixed = "#" + Convert.ToHexStringLower([.. parts.Select(part => (byte)(part + ((255 - part) * white / 20)))]);
            if (white == 20 || Contrast(mixed, DarkGround) >= 7)
            {
                return mixed;
            }
        }
    }
}

/// <summary>Registration of <see cref="Brand"/>.</summary>
public static class BrandExtensions
{
    /// <summary>Adds the brand, checked at start, and its error pages.</summary>
    public static void AddBrand(this IServiceCollection services)
    {
        services.AddSingleton<IValidateOptions<BrandOptions>, Validation>();
        services.AddOptions<BrandOptions>().BindConfiguration("Page").ValidateOnStart();
        services.AddSingleton(provider => new Brand(provider.GetRequiredService<IOptions<BrandOptions>>().Value));
        services.AddSingleton<ErrorPages>();
    }

    private sealed class Validation : IValidateOptions<BrandOptions>
    {
        public ValidateOptionsResult Validate(string? name, BrandOptions options)
        {
            try
            {
                _ = new Brand(options);
                return ValidateOptionsResult.Success;
            }
            catch (OptionsValidationException wrong)
            {
                return ValidateOptionsResult.Fail(wrong.Failures);
            }
        }
    }
}
