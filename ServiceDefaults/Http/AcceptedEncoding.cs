using Microsoft.Extensions.Primitives;

namespace Xerotier.ServiceDefaults.Http;

/// <summary>Reads <c>Accept-Encoding</c> without making anything.</summary>
public static class AcceptedEncoding
{
    /// <summary>The encodings that pages are served in.</summary>
    public enum Kind
    {
        /// <summary>Plain bytes, which everyone takes.</summary>
        Identity,

        /// <summary>gzip.</summary>
        Gzip,

        /// <summary>Brotli, the smallest.</summary>
        Brotli,
    }

    /// <summary>The smallest encoding that the client takes; one with <c>q=0</c> it does not.</summary>
    public static Kind Best(StringValues header)
    {
        var best = Kind.Identity;
        foreach (var line in header)
        {
            var rest = line.AsSpan();
            while (!rest.IsEmpty)
            {
                var comma = rest.IndexOf(',');
                var item = comma < 0 ? rest : rest[..comma];
                rest = comma < 0 ? [] : rest[(comma + 1)..];
                var semicolon = item.IndexOf(';');
                var name = (semicolon < 0 ? item : item[..semicolon]).Trim();
                var kind = name.Equals("br", StringComparison.OrdinalIgnoreCase) ? Kind.Brotli
                    : name.Equals("gzip", StringComparison.OrdinalIgnoreCase) ? Kind.Gzip
                    : Kind.Identity;
                if (kind > best && (semicolon < 0 || !IsZero(item[(semicolon + 1)..].Trim())))
                {
                    best = kind;
                }
            }
        }

        return best;
    }

    private static bool IsZero(ReadOnlySpan<char> parameter) =>
        parameter.StartsWith("q=", StringComparison.OrdinalIgnoreCase) && !parameter[2..].ContainsAnyExcept("0.");
}
