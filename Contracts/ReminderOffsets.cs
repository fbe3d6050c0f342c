using System.Globalization;
using System.Text.RegularExpressions;

namespace Xerotier.Contracts;

/// <summary>How long before a window's start subscribers are reminded of it: <c>-&lt;n&gt;m</c>, <c>-&lt;n&gt;h</c> or <c>-&lt;n&gt;d</c> (notifications.md section 20).</summary>
public static partial class ReminderOffsets
{
    /// <summary>The most offsets of a window.</summary>
    public const int Most = 5;

    /// <summary>What an offset looks like.</summary>
    public const string Form = "^-[1-9][0-9]{0,4}[mhd]$";

    private static readonly TimeSpan Longest = TimeSpan.FromDays(30);

    /// <summary>A day and an hour before.</summary>
    public static IReadOnlyList<string> Default { get; } = ["-24h", "-1h"];

    /// <summary>How long before the start an offset is, from a minute to 30 days; null when <paramref name="text"/> is none.</summary>
    public static TimeSpan? Parse(string text)
    {
        var match = Offset().Match(text);
        if (!match.Success)
        {
            return null;
        }

        var number = int.Parse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);
        var before = match.Groups[2].Value switch
        {
            "m" => TimeSpan.FromMinutes(number),
            "h" => TimeSpan.FromHours(number),
            _ => TimeSpan.FromDays(number),
        };
        return before <= Longest ? before : null;
    }

    [GeneratedRegex(@"\A-([1-9][0-9]{0,4})([mhd])\z", RegexOptions.CultureInvariant)]
    private static partial Regex Offset();
}
