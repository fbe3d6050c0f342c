using Xerotier.TestKit;

namespace Xerotier.MaintenanceService.Tests.WindowSimulation;

/// <summary>
/// The StatusService's view of the windows against their database, over a network that delays, loses and reorders, on a clock of its own.
/// <c>WINDOWS_RUNS</c> sets how many runs (100), <c>WINDOWS_SEED</c> the first seed (0); with <c>CI</c> a few more have
/// seeds from the date. Every difference names its seed.
/// </summary>
public sealed class WindowSimulationTests
{
    [Fact]
    public void The_StatusService_shows_what_the_database_had_within_the_last_second_and_loses_doubles_and_anticipates_nothing()
    {
        var differences = Seeds.Of("WINDOWS_SEED", "WINDOWS_RUNS", 100).AsParallel().SelectMany(WindowWorld.Play).Take(20).ToList();
        Assert.True(differences.Count == 0, string.Join('\n', differences));
    }
}
