using System.Collections.Immutable;
using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.Board;

/// <summary>Counts of the platform's fleet, as a collector reports them.</summary>
/// <param name="Routers">Registered routers.</param>
/// <param name="RoutersOnline">Those that are online.</param>
/// <param name="SharedAgents">Registered shared agents.</param>
/// <param name="SharedAgentsStale">Those that are stale.</param>
/// <param name="RoutersUnheard">Of the routers that are not online, those that the collector could not hear for a while: they may be online by now.</param>
/// <param name="SharedAgentsUnheard">Of the stale shared agents, those that the collector could not hear for a while.</param>
public sealed record FleetCounts(
    int Routers, int RoutersOnline, int SharedAgents, int SharedAgentsStale, int RoutersUnheard = 0, int SharedAgentsUnheard = 0);

/// <summary>What a probe has found, and until when that holds.</summary>
public readonly record struct ProbeResult(Verdict Verdict, DateTimeOffset Until);

/// <summary>All that the board is made of, apart from the clock. Immutable; each message makes the next one.</summary>
public sealed record BoardInputs
{
    /// <summary>How long a feed's last message stays fresh (product.md section 8).</summary>
    public static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(5);

    /// <summary>How long a process that has just started waits for its feeds before it records that it knows nothing.</summary>
    public static readonly TimeSpan StartupGrace = TimeSpan.FromSeconds(4);

    /// <summary>Before the first message.</summary>
    public static BoardInputs Nothing { get; } = new();

    /// <summary>The newest counts that are known; null before the first, and while the collector's store is young.</summary>
    public FleetCounts? Fleet { get; private init; }

    /// <summary>Until when the collector's message that its store is young stays fresh: the first counts will come within seconds.</summary>
    public DateTimeOffset YoungUntil { get; private init; }

    /// <summary>Until when the first windows may still come: what is down may be down for maintenance.</summary>
    public DateTimeOffset WindowsAwaitedUntil { get; init; }

    /// <summary>Whether a shared agent was registered when that was last known.</summary>
    public bool SharedAgentsShown { get; init; }

    /// <summary>Whether this process ever knew the fleet.</summary>
    public bool FleetWasKnown => FleetKnownAt != default;

    /// <summary>When the collector last sent counts, by our clock.</summary>
    public DateTimeOffset FleetKnownAt { get; private init; }

    /// <summary>The newest windows; null before the first.</summary>
    public BoardWindows? Windows { get; private init; }

    /// <summary>The components and incidents.</summary>
    public Announcements Announced { get; private init; } = Announcements.None;

    /// <summary>Whose active windows put the platform under maintenance.</summary>
    public MaintenanceFrom MaintenanceFrom { get; init; }

    /// <summary>Whether an active window puts the platform under maintenance.</summary>
    public bool IsMaintenance => MaintenanceFrom is MaintenanceFrom.Platform ? Windows?.Platform.Count > 0 : Windows?.ActiveTotal > 0;

    /// <summary>What the components' probes have found, by component key; also of Model Storage, if that is probed.</summary>
    public ImmutableDictionary<string, ProbeResult> Probes { get; private init; } = ImmutableDictionary<string, ProbeResult>.Empty;

    /// <summary>When the windows' feed last sent something, by our clock.</summary>
    public DateTimeOffset NoticesHeardAt { get; private init; }

    /// <summary>What the probes found before this process began is still to come.</summary>
    public bool ProbesAwaited { get; init; }

    /// <summary>The collector knows these counts.</summary>
    public BoardInputs WithFleet(FleetCounts counts, DateTimeOffset at) => this with
    {
        Fleet = counts,
        YoungUntil = default,
        FleetKnownAt = at,
        SharedAgentsShown = counts.SharedAgents > 0,
    };

    /// <summary>The collector's store is young: nothing is known, from now on.</summary>
    public BoardInputs WithYoungFleet(DateTimeOffset at) => this with { Fleet = null, YoungUntil = at + FreshFor };

    /// <summary>New windows, components and incidents.</summary>
    public BoardInputs WithNotices(BoardWindows windows, Announcements announced, DateTimeOffset at) => this with { Windows = windows, Announced = announced, NoticesHeardAt = at };

    /// <summary>Nothing has come: what an earlier process heard of are the last known notices. They are not live, whatever its clock said.</summary>
    public BoardInputs WithEarlierNotices(HeardNotices earlier, DateTimeOffset at) => this with
    {
        Windows = earlier.Windows,
        Announced = earlier.Announced,
        NoticesHeardAt = earlier.At <= at ? earlier.At : at - FreshFor,
    };

    /// <summary>The probe of a component has found <paramref name="verdict"/>, which holds until <paramref name="until"/>.</summary>
    public BoardInputs WithProbe(string key, Verdict verdict, DateTimeOffset until) => this with { Probes = Probes.SetItem(key, new(verdict, until)) };

    /// <summary>The same at other instants: the clock was set by <paramref name="by"/>, which makes nothing older or younger.</summary>
    public BoardInputs Moved(TimeSpan by)
    {
        return this with
        {
            YoungUntil = Move(YoungUntil),
            WindowsAwaitedUntil = Move(WindowsAwaitedUntil),
            FleetKnownAt = Move(FleetKnownAt),
            NoticesHeardAt = Move(NoticesHeardAt),
            Probes = Probes.ToImmutableDictionary(p => p.Key, p => p.Value with { Until = Move(p.Value.Until) }),
        };

        DateTimeOffset Move(DateTimeOffset time) => time == default ? time : time + by;
    }

    /// <summary>The windows' feed sent a keepalive: nothing has changed.</summary>
    public BoardInputs WithNoticesAlive(DateTimeOffset at) => Windows is null ? this : this with { NoticesHeardAt = at };
}
