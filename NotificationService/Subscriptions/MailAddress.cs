using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Xerotier.NotificationService.Subscriptions;

/// <summary>E-mail addresses that may subscribe: a local part without quotes, and a name in the DNS.</summary>
internal static partial class MailAddress
{
    /// <summary>The longest address, bytes.</summary>
    public const int Longest = 254;

    private const int LongestLocal = 64;

    private static readonly IdnMapping Idn = new() { UseStd3AsciiRules = true };

    /// <summary>The address with its domain in lower case and ASCII; null: it is none.</summary>
    public static string? Normalise(string text)
    {
        text = text.Trim();
        var at = text.LastIndexOf('@');
        if (at is < 1 or > LongestLocal || Encoding.UTF8.GetByteCount(text) > Longest)
        {
            return null;
        }

        try
        {
            var address = $"{text[..at]}@{Idn.GetAscii(text[(at + 1)..].ToLowerInvariant())}";
            return address.Length <= Longest && Address.IsMatch(address) ? address : null;
        }
        catch (ArgumentException)
        {
            return null; // no name in the DNS
        }
    }

    /// <summary>What makes two addresses one.</summary>
    public static string KeyOf(string address) => address.ToLowerInvariant();

    /// <summary>What the mails of an address are counted for: most servers deliver what stands behind a plus to the same person.</summary>
    public static string CountedFor(string address)
    {
        var (plus, at) = (address.IndexOf('+', StringComparison.Ordinal), address.LastIndexOf('@'));
        return KeyOf(plus > 0 && plus < at ? address[..plus] + address[at..] : address);
    }

    [GeneratedRegex(@"^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Address { get; }
}
