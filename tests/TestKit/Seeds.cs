using System.Globalization;

namespace Xerotier.TestKit;

/// <summary>The seeds of tests that play the same runs every time, and a few new ones every day where a pipeline runs them.</summary>
public static class Seeds
{
    private const int OfToday = 20;

    /// <summary>
    /// As many seeds as <paramref name="countVariable"/> says, from the one that <paramref name="firstVariable"/> names or from 0; and with
    /// <c>CI</c> twenty from the date, which it prints, unless a first one is named.
    /// </summary>
    /// <param name="firstVariable">Environment variable of the first seed.</param>
    /// <param name="countVariable">Environment variable of how many.</param>
    /// <param name="count">How many otherwise.</param>
    public static IReadOnlyList<int> Of(string firstVariable, string countVariable, int count)
    {
        var first = Setting(firstVariable);
        var seeds = Enumerable.Range(first ?? 0, Setting(countVariable) ?? count).ToList();
        if (first is null && Environment.GetEnvironmentVariable("CI") is { Length: > 0 })
        {
            var today = int.Parse(TimeProvider.System.GetUtcNow().ToString("yyyyMMdd", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) * 100; // so that the date can be read in them
            seeds.AddRange(Enumerable.Range(today, OfToday));
            Console.WriteLine($"Seeds of today: {today} to {today + OfToday - 1} ({firstVariable}={today} {countVariable}={OfToday}).");
        }

        return seeds;
    }

    private static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;
}
