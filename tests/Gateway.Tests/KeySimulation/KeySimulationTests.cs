using System.Globalization;

namespace Xerotier.Gateway.Tests.KeySimulation;

/// <summary>
/// Keys in memory against their database, over a network that delays, loses and reorders, on a clock of its own. <c>KEYS_RUNS</c> sets how
/// many runs (200), <c>KEYS_SEED</c> the first seed (0); with <c>CI</c> a few more have seeds from the date. Every difference names its seed.
/// </summary>
public sealed class KeySimulationTests(ITestOutputHelper output)
{
    [Fact]
    public void Every_Gateway_follows_every_change_within_a_second_and_agrees_with_the_database_in_the_end()
    {
        var seeds = Enumerable.Range(Setting("KEYS_SEED", 0), Setting("KEYS_RUNS", 200)).ToList();
        if (Environment.GetEnvironmentVariable("CI") is { Length: > 0 })
        {
            var today = int.Parse(TimeProvider.System.GetUtcNow().ToString("yyyyMMdd", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) * 10;
            seeds.AddRange(Enumerable.Range(today, 10));
            output.WriteLine($"Seeds of today: {today} to {today + 9}.");
        }

        var differences = seeds.AsParallel().SelectMany(KeyWorld.Play).Take(20).ToList();
        Assert.True(differences.Count == 0, string.Join('\n', differences));
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
