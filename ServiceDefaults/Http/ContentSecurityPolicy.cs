using System.Security.Cryptography;
using System.Text;

namespace Xerotier.ServiceDefaults.Http;

/// <summary>Parts of a <c>Content-Security-Policy</c>.</summary>
public static class ContentSecurityPolicy
{
    /// <summary>The source that allows an inline style or script by its hash.</summary>
    /// <param name="content">What stands between the element's tags.</param>
    public static string Source(string content) => $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(content)))}'";

    /// <summary>The same of a whole element.</summary>
    /// <param name="element">From its first tag to its last.</param>
    public static string SourceOf(string element) => Source(element[(element.IndexOf('>', StringComparison.Ordinal) + 1)..element.LastIndexOf('<')]);
}
