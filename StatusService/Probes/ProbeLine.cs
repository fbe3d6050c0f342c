using Xerotier.Contracts;
using Xerotier.ServiceDefaults;

namespace Xerotier.StatusService.Probes;

/// <summary>A component that is probed, and what is known of it. Instants count from the start of the <see cref="Prober"/>.</summary>
internal sealed class ProbeLine(string key, ProbeClient client, int failuresBeforeOutage, FailureLog log)
{
    public string Key => key;

    public ProbeClient Client => client;

    public int FailuresBeforeOutage => failuresBeforeOutage;

    public FailureLog Log => log;

    public required ComponentProbe Probe { get; set; }

    public required Findings Findings { get; set; }

    public TimeSpan? CheckedAt { get; set; }

    /// <summary>The row that the findings were taken from, if another replica found them.</summary>
    public DateTimeOffset? AdoptedAt { get; set; }

    public required TimeSpan Due { get; set; }

    /// <summary>Its probe that is under way.</summary>
    public Task? UnderWay { get; set; }

    /// <summary>The store has the findings.</summary>
    public bool Shared { get; set; } = true;

    /// <summary>The board has them.</summary>
    public bool Reported { get; set; }

    /// <summary>From <paramref name="at"/> until its next place in the interval. Each component has a place of its own, by its key, so that they do not all ask at once.</summary>
    public TimeSpan UntilItsPlace(TimeSpan at)
    {
        var interval = TimeSpan.FromSeconds(Probe.IntervalSeconds).Ticks;
        var hash = unchecked(key.Aggregate(17U, (sum, letter) => (sum * 31) + letter) * 2_654_435_769U); // the golden ratio: keys that are alike stand far apart
        var place = (hash >> 22) * interval / 1_024;
        return TimeSpan.FromTicks(interval - ((((at.Ticks - place) % interval) + interval) % interval));
    }
}
