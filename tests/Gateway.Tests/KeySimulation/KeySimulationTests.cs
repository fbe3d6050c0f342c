using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests.KeySimulation;

/// <summary>
/// Keys in memory against their database, over a network that delays, loses and reorders, on a clock of its own. <c>KEYS_RUNS</c> sets how
/// many runs (100), <c>KEYS_SEED</c> the first seed (0); with <c>CI</c> a few more have seeds from the date. Every difference names its seed.
/// </summary>
public sealed class KeySimulationTests
{
    [Fact]
    public void Every_Gateway_follows_every_change_within_a_second_and_agrees_with_the_database_in_the_end()
    {
        var differences = Seeds.Of("KEYS_SEED", "KEYS_RUNS", 100).AsParallel().SelectMany(KeyWorld.Play).Take(20).ToList();
        Assert.True(differences.Count == 0, string.Join('\n', differences));
    }
}
