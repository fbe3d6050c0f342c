using System.Net;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.NotificationService.Subscriptions;

/// <summary>Which URLs may be told (notifications.md section 21).</summary>
internal static class Targets
{
    /// <summary>The longest URL, characters.</summary>
    public const int Longest = 2000;

    /// <summary>What is wrong with <paramref name="url"/>, which completes the sentence “'target' …”; null: nothing. Names are looked up only when they are connected to.</summary>
    /// <param name="url">What somebody sent.</param>
    /// <param name="allowPrivate">Whether addresses that are not public, and plain http, are allowed.</param>
    public static string? Error(string url, bool allowPrivate)
    {
        var schemes = allowPrivate ? "an http or https" : "an https";
        if (url.Any(c => char.IsWhiteSpace(c) || char.IsControl(c) || c == '\\')
            || !(url.StartsWith("https://", StringComparison.OrdinalIgnoreCase) || (allowPrivate && url.StartsWith("http://", StringComparison.OrdinalIgnoreCase)))
            || !Uri.TryCreate(url, UriKind.Absolute, out var uri)
            || uri is not { Host.Length: > 0, HostNameType: UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6 }
            || HostOf(uri) is not { } host)
        {
            return $"must be {schemes} URL with a host.";
        }

        var authority = url[(url.IndexOf("//", StringComparison.Ordinal) + 2)..].Split('/', '?', '#')[0];
        return authority.Contains('@', StringComparison.Ordinal) ? "must not have a user name or password."
            : url.Contains('#', StringComparison.Ordinal) ? "must not have a fragment."
            : url.Contains('…', StringComparison.Ordinal) ? "must be whole: “…” stands for what is not shown of it."
            : !allowPrivate && IPAddress.TryParse(host, out var address) && !PublicAddress.IsPublic(address) ? "must not be an address that is not public."
            : null;
    }

    /// <summary>The host as it is connected to; null: the name is none that the DNS could have, such as one that is written in two directions.</summary>
    private static string? HostOf(Uri uri)
    {
        try
        {
            return uri.IdnHost;
        }
        catch (UriFormatException)
        {
            return null;
        }
    }
}
