namespace Xerotier.Truth.Tests;

/// <summary>A window as the scenario has it; times in ticks of the scenario's grid.</summary>
public sealed record SimWindow(int Id, bool Platform, bool Active, long Start, long End, string[] Names);

/// <summary>An incident as the scenario has it, with its updates in the order of posting.</summary>
public sealed record SimIncident(int Id, DateTimeOffset StartedAt, SimUpdate[] Updates)
{
    public bool IsResolved => Updates[^1].Kind == SimUpdateKind.Resolved;
}

/// <summary>An update, the instant that it speaks of, and the components that it names.</summary>
public sealed record SimUpdate(SimUpdateKind Kind, DateTimeOffset At, SimDeclaration[] Says);

/// <summary>0: operational, 1: degraded, 2: outage.</summary>
public readonly record struct SimDeclaration(int Component, int State);

public enum SimUpdateKind
{
    Ongoing,
    Resolved,
    Reopened,
}

/// <summary>What a collector says.</summary>
public sealed record SimFleet(SimStore Store, int Routers, int Online, int Agents, int Stale);

public enum SimStore
{
    Ready,
    Young,
    Unavailable,
}

public enum SimLife
{
    Running,
    Paused,
    Dead,
}

/// <summary>What happens to one replica at one instant, in this order; from then on its clock is ahead.</summary>
public sealed record SimEvents(SimLife Before, SimLife After, bool Graceful, SimFleet? Fleet, bool WindowsAlive, IReadOnlyList<SimWindow>? Windows, bool Step)
{
    /// <summary>How far its clock is ahead of the time, which the database's clock has; behind it when negative.</summary>
    public TimeSpan Ahead { get; init; }

    /// <summary>The incidents as they are; they are told together with the windows.</summary>
    public IReadOnlyList<SimIncident> Incidents { get; init; } = [];
}

/// <summary>
/// A world that changes at random on a grid of instants: fleets that come, go, fall silent and flap, windows of all kinds, collectors,
/// stores and replicas that fail and return, clocks that leap and come back. It knows neither the product's rules nor the oracle's.
/// </summary>
public sealed class World
{
    private static readonly string[] Names = ["Dashboard", "Inference Routing", "Shared Agents", "Model Storage", "inference routing", "MODEL STORAGE", "shared AGENTS", "Something Else"];

    private static readonly TimeSpan[] Leaps = [.. ((TimeSpan[])[TimeSpan.FromSeconds(5), TimeSpan.FromHours(1), TimeSpan.FromDays(400)]).SelectMany(leap => new[] { leap, -leap })];

    private readonly Random random;
    private readonly Random leaps; // of their own, so that a scenario's other events stay what they were
    private readonly Random people;
    private readonly double eventsPerTick;
    private readonly List<SimWindow> windows = [];
    private readonly List<SimIncident> incidents = [];
    private SimWindow[] told = [];
    private SimIncident[] announced = [];
    private readonly Replica[] replicas;
    private readonly long stepEvery;
    private SimFleet fleet = new(SimStore.Ready, 3, 3, 8, 0);
    private bool collectorUp = true;
    private bool maintenanceUp = true;
    private bool databaseUp = true;
    private long youngUntil;
    private int nextId;

    public World(int seed)
    {
        random = new(seed);
        leaps = new(seed + 1_000_000_007);
        people = new(seed + 1_500_000_001);
        Seed = seed;
        var kind = seed % 100;
        (TicksPerSecond, var seconds) = kind switch
        {
            0 => (0.5, 89 * 86_400L), // across the whole 90 days
            < 4 => (1.0, random.NextInt64(86_400, 4 * 86_400)),
            < 55 => (1.0, random.NextInt64(3_600, 6 * 3_600)),
            _ => (4.0, random.NextInt64(60, 20 * 60)),
        };
        Ticks = (long)(seconds * TicksPerSecond);
        replicas = [.. Enumerable.Range(0, kind == 0 ? 1 : random.Next(1, 3)).Select(_ => new Replica())];
        eventsPerTick = random.Next(10, kind == 0 ? 2_000 : 200) / (double)Ticks;
        stepEvery = Math.Max(1, Ticks / random.Next(15, 60));

        // Somewhere near a turn of the day, often.
        var midnight = new DateTimeOffset(2026, random.Next(1, 13), random.Next(1, 29), 0, 0, 0, TimeSpan.Zero);
        Start = midnight.AddSeconds(random.Next(3) == 0 ? random.Next(86_400) : -random.NextInt64(0, Math.Min(seconds, 86_400)));
    }

    public int Seed { get; }

    public DateTimeOffset Start { get; }

    /// <summary>4: quarters of a second; 1: seconds; 0.5: every other second, for the longest scenarios.</summary>
    public double TicksPerSecond { get; }

    public long Ticks { get; }

    public int Replicas => replicas.Length;

    public DateTimeOffset At(long tick) => Start.AddSeconds(tick / TicksPerSecond);

    /// <summary>What happens at <paramref name="tick"/>, replica by replica.</summary>
    public IReadOnlyList<SimEvents> Next(long tick)
    {
        var (fleetBefore, collectorBefore, maintenanceBefore) = (fleet, collectorUp, maintenanceUp);
        var windowsChanged = false;
        if (random.NextDouble() < eventsPerTick)
        {
            windowsChanged = Happen(tick);
        }

        if (people.NextDouble() < eventsPerTick / 3)
        {
            Announce(At(tick));
            windowsChanged = true; // they come by the same feed
        }

        if (fleet.Store == SimStore.Young && tick >= youngUntil)
        {
            fleet = fleet with { Store = SimStore.Ready };
        }

        if (windowsChanged)
        {
            (told, announced) = ([.. windows], [.. incidents]);
        }

        var beat = tick % Math.Max(1, (long)TicksPerSecond) == 0;
        var happened = new SimEvents[replicas.Length];
        for (var r = 0; r < happened.Length; r++)
        {
            var ahead = replicas[r].Leap(leaps, eventsPerTick / 4, TicksPerSecond);
            happened[r] = replicas[r].Next(
                random,
                eventsPerTick / 4,
                TicksPerSecond,
                tell: collectorUp && (beat || !collectorBefore || fleet != fleetBefore) ? fleet : null,
                alive: maintenanceUp && beat,
                feed: maintenanceUp && (windowsChanged || !maintenanceBefore) ? told : null,
                all: maintenanceUp ? told : null,
                step: databaseUp && (tick % stepEvery == 0 || random.NextDouble() < eventsPerTick / 4),
                stepOnNews: databaseUp) with
            { Ahead = ahead, Incidents = announced };
        }

        return happened;
    }

    /// <returns>Whether the windows changed.</returns>
    private bool Happen(long tick)
    {
        switch (random.Next(16))
        {
            case 0 or 1: // some routers come or go
                var routers = random.Next(0, 6);
                fleet = fleet with { Routers = routers, Online = random.Next(0, routers + 1) };
                return false;
            case 2 or 3 or 4: // routers flap
                fleet = fleet with { Online = random.Next(0, fleet.Routers + 1) };
                return false;
            case 5 or 6 or 7: // agents fall silent or speak again, often at a threshold
                fleet = fleet with { Stale = random.Next(3) == 0 ? fleet.Agents * random.Next(0, 5) / 4 : random.Next(0, fleet.Agents + 1) };
                return false;
            case 8: // agents come or go
                var agents = random.Next(4) == 0 ? 0 : random.Next(1, 13);
                fleet = fleet with { Agents = agents, Stale = random.Next(0, agents + 1) };
                return false;
            case 9:
                collectorUp = !collectorUp;
                return false;
            case 10:
                fleet = fleet with { Store = fleet.Store == SimStore.Ready ? SimStore.Unavailable : SimStore.Ready };
                return false;
            case 11:
                fleet = fleet with { Store = SimStore.Young };
                youngUntil = tick + random.Next(1, 60);
                return false;
            case 12:
                maintenanceUp = !maintenanceUp;
                return false;
            case 13:
                databaseUp = !databaseUp;
                return false;
            case 14 when windows.Count > 0: // a window ends, or moves
                var index = random.Next(windows.Count);
                if (random.Next(2) == 0)
                {
                    windows.RemoveAt(index);
                }
                else
                {
                    windows[index] = windows[index] with { Active = !windows[index].Active };
                }

                return true;
            default:
                var start = tick + random.NextInt64(-50, 200);
                windows.Add(new(nextId++, random.Next(3) > 0, random.Next(4) > 0, start, start + random.NextInt64(1, 2 + (Ticks / 8)), Pick()));
                if (windows.Count > 4)
                {
                    windows.RemoveAt(0);
                }

                return true;
        }
    }

    /// <summary>People open, update, resolve, reopen and edit incidents, and speak of what was before as often as of now.</summary>
    private void Announce(DateTimeOffset now)
    {
        if (incidents.Count == 0 || (incidents.Count < 5 && people.Next(4) == 0))
        {
            var started = now - Before(people.Next(2) == 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(people.NextDouble() * (people.Next(4) == 0 ? 3 * 86_400 : Ticks / TicksPerSecond / 2)));
            incidents.Add(new(nextId++, started, [new(SimUpdateKind.Ongoing, started, Declare())]));
            return;
        }

        var index = people.Next(incidents.Count);
        var incident = incidents[index];
        var newest = incident.Updates.Max(u => u.At);
        switch (people.Next(6))
        {
            case 0 when !incident.IsResolved:
                Post(new(SimUpdateKind.Resolved, Between(newest), people.Next(3) == 0 ? [new(people.Next(4), 0)] : []));
                break;
            case 1 when incident.IsResolved:
                Post(new(SimUpdateKind.Reopened, Between(newest), Declare()));
                break;
            case 2 or 3 when !incident.IsResolved: // of now, or of any time since it began
                Post(new(SimUpdateKind.Ongoing, Between(people.Next(2) == 0 ? now : incident.StartedAt), Declare()));
                break;
            case 4: // an edit that keeps the order of what resolves and reopens
                var edited = people.Next(incident.Updates.Length);
                var other = incident.Updates[edited] with { At = Between(incident.StartedAt), Says = incident.Updates[edited].Kind == SimUpdateKind.Resolved ? [] : Declare() };
                SimUpdate[] updates = [.. incident.Updates];
                updates[edited] = other;
                if (Enumerable.Range(0, updates.Length).All(i => updates[i].Kind == SimUpdateKind.Ongoing || updates.Take(i).All(u => u.At <= updates[i].At)))
                {
                    incidents[index] = incident with { Updates = updates };
                }

                break;
            case 5 when incidents.Count > 3: // it grew old
                incidents.RemoveAt(index);
                break;
        }

        void Post(SimUpdate update) => incidents[index] = incident with { Updates = [.. incident.Updates, update] };

        DateTimeOffset Between(DateTimeOffset from) => now - Before((now - from) * people.NextDouble());

        static TimeSpan Before(TimeSpan time) => TimeSpan.FromMilliseconds(Math.Floor(time.TotalMilliseconds));

        SimDeclaration[] Declare() => [.. Enumerable.Range(0, 4).OrderBy(_ => people.Next()).Take(people.Next(3)).Select(c => new SimDeclaration(c, people.Next(3)))];
    }

    private string[] Pick() => random.Next(3) == 0 ? [] : [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Names[random.Next(Names.Length)]).Distinct()];

    private sealed class Replica
    {
        private SimLife life = SimLife.Running;
        private long minimum;
        private bool needsFeed = true;
        private TimeSpan ahead;
        private long leapt;

        /// <summary>Its clock leaps at times, and is right again after one to ten seconds.</summary>
        public TimeSpan Leap(Random random, double chance, double ticksPerSecond)
        {
            if (leapt > 0)
            {
                leapt--;
                ahead = leapt == 0 ? TimeSpan.Zero : ahead;
            }
            else if (random.NextDouble() < chance)
            {
                ahead = Leaps[random.Next(Leaps.Length)];
                leapt = Math.Max(1, (long)Math.Round((1 + (9 * random.NextDouble())) * ticksPerSecond));
            }

            return ahead;
        }

        public SimEvents Next(Random random, double chance, double ticksPerSecond, SimFleet? tell, bool alive, IReadOnlyList<SimWindow>? feed, IReadOnlyList<SimWindow>? all, bool step, bool stepOnNews)
        {
            var before = life;
            var graceful = false;
            minimum--;
            if (random.NextDouble() < (life == SimLife.Running ? chance : chance * 8) && minimum <= 0)
            {
                // A pause is always longer than a blink: what is shorter counts as watched.
                life = life != SimLife.Running ? SimLife.Running : random.Next(2) == 0 ? SimLife.Paused : SimLife.Dead;
                graceful = random.Next(3) == 0;
                minimum = (long)(3 * ticksPerSecond) + 1;
            }

            if (life != SimLife.Running)
            {
                needsFeed = true;
                return new(before, life, graceful, null, false, null, false);
            }

            var windows = needsFeed ? all : feed;
            needsFeed &= windows is null;
            return new(before, life, graceful, tell, alive && !needsFeed, windows, step || (stepOnNews && windows is not null));
        }
    }
}
