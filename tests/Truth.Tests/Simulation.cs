using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Xerotier.Contracts;
using Xerotier.Fleet.V1;
using Xerotier.Maintenance.V1;
using Xerotier.ServiceDefaults;
using Xerotier.StatusService.Board;
using Xerotier.StatusService.Documents.Content;
using Xerotier.StatusService.History;
using Xerotier.StatusService.Model;
using Xerotier.StatusService.Tests;
using Xerotier.TestKit;

namespace Xerotier.Truth.Tests;

/// <summary>The product's own clock, inbox, board, rules, track, recorder, SQL and page model, driven through one scenario beside the oracle.</summary>
public sealed class Simulation(HistoryDatabase database, int seed, Mutation mutation = Mutation.None)
{
    private const int PageChecks = 12;

    private readonly World world = new(seed);
    private readonly List<string> differences = [];

    /// <summary>Plays the scenario.</summary>
    /// <returns>What the product says that the oracle does not, at most a handful.</returns>
    public async Task<IReadOnlyList<string>> RunAsync()
    {
        await database.ResetAsync();
        var oracle = new Oracle(world, mutation);
        await database.SetClockAsync(world.Start);
        var replicas = new Replica[world.Replicas];
        for (var r = 0; r < replicas.Length; r++)
        {
            replicas[r] = await Replica.StartAsync(database, world.Start);
        }

        var random = new Random(seed);
        var checkEvery = Math.Max(1, world.Ticks / PageChecks);

        for (long tick = 0; tick < world.Ticks && differences.Count < 5; tick++)
        {
            var now = world.At(tick);
            var happened = world.Next(tick);
            for (var r = 0; r < replicas.Length; r++)
            {
                if (happened[r].Before != SimLife.Dead && happened[r].After == SimLife.Dead)
                {
                    if (happened[r].Graceful)
                    {
                        await replicas[r].Recorder.ReleaseAsync(default);
                    }

                    await database.SetClockAsync(now);
                    replicas[r].Dispose();
                    replicas[r] = await Replica.StartAsync(database, now);
                }

                Live(replicas[r], happened[r], now);
                oracle.Tick(tick, r, happened[r]);
                if (happened[r].Step)
                {
                    await database.SetClockAsync(now);
                    await replicas[r].StepAsync();
                }

                if (happened[r].After == SimLife.Running && happened[r].Ahead == TimeSpan.Zero && (tick % checkEvery == checkEvery - 1 || tick == world.Ticks - 1))
                {
                    CheckPage(oracle, replicas[r], r, tick, random.Next(2) == 0);
                }
            }
        }

        Array.ForEach(replicas, replica => replica.Dispose());
        await CheckHistoryAsync(oracle);
        return differences;
    }

    /// <summary>The messages arrive at this instant, as the feeds would hand them over, and the replica looks at them as its loop would.</summary>
    private void Live(Replica replica, SimEvents happened, DateTimeOffset now)
    {
        replica.Now = now;
        if (happened.Before == SimLife.Running && (happened.After == SimLife.Paused || (happened.After == SimLife.Running && happened.Ahead != replica.Ahead)))
        {
            replica.Look(); // the last that it saw
        }

        replica.Ahead = happened.Ahead;
        if (happened.After != SimLife.Running)
        {
            return;
        }

        if (happened.Before != SimLife.Running)
        {
            replica.Look();
        }

        if (happened.Fleet is { } fleet && Feeds.Read(Message(fleet)) is { } known)
        {
            replica.Inbox.Enqueue(known);
        }

        if (happened.Windows is { } windows)
        {
            var announced = Announcements.From([], happened.Incidents.Select(Notice));
            replica.Inbox.Enqueue((inputs, at) => inputs.WithNotices(BoardWindows.From(Feed(windows)), announced, at));
        }
        else if (happened.WindowsAlive)
        {
            replica.Inbox.Enqueue((inputs, at) => inputs.WithNoticesAlive(at));
        }

        replica.Look();
    }

    private void CheckPage(Oracle oracle, Replica replica, int r, long tick, bool minute)
    {
        var now = world.At(tick);
        var state = replica.Board.Observe(now);
        var statuses = oracle.Statuses(r, tick);
        foreach (var component in Components.BuiltIn)
        {
            string? shown = state.Shown.Where(s => s.Component == component).Select(s => s.Verdict.Status.ToString()).FirstOrDefault();
            Compare($"{component.Name} at {now:u}", statuses[component.Position], shown);
            Compare($"reason of {component.Name} at {now:u}", shown is null or "Operational", state.Shown.All(s => s.Component != component || s.Verdict.Reason is null));
        }

        Compare($"overall at {now:u}", oracle.Overall(r, tick), state.Overall.ToString());

        if (replica.Last.History.FirstRecorded is null || !ReferenceEquals(replica.Read, state.Announced))
        {
            return; // the days that incidents touch have not been read yet
        }

        var second = now.ToUnixTimeSeconds();
        var asOf = DateTimeOffset.FromUnixTimeSeconds(minute ? second - (second % 60) : second);
        var stamp = new ChangeStamp("", asOf.ToUnixTimeSeconds(), new Dictionary<string, StateSince>(), null);
        var page = PageBuilder.Build(state, stamp, replica.Last.History, replica.Track, asOf);
        var installed = oracle.Installed();
        foreach (var line in page.Components)
        {
            var indicator = Components.BuiltIn.Single(c => c.Name == line.Name).Position;
            long up = 0, down = 0;
            Compare($"days of {line.Name}", 90, line.Days.Count);
            foreach (var day in line.Days)
            {
                var right = oracle.Day(r, indicator, day.Date, asOf.ToUnixTimeSeconds());
                Compare($"{line.Name} on {day.Date:yyyy-MM-dd} as of {asOf:u}", right, (day.Operational, day.Degraded, day.Outage, day.Maintenance, day.NoData));
                Compare($"uptime of {line.Name} on {day.Date:yyyy-MM-dd}", Percent(right.Up + right.Slow, right.Down), day.UptimePercent);
                Compare($"installation on {day.Date:yyyy-MM-dd}", day.Date < installed ? "Before" : day.Date == installed ? "On" : "After", day.Installation.ToString());
                up += right.Up + right.Slow;
                down += right.Down;
            }

            Compare($"uptime of {line.Name}", Percent(up, down), line.UptimePercent);
        }
    }

    private async Task CheckHistoryAsync(Oracle oracle)
    {
        var written = new byte[4][];
        for (var i = 0; i < 4; i++)
        {
            written[i] = new byte[Math.Max(oracle.SettledUntil, 0)];
            Array.Fill(written[i], Oracle.NoData);
        }

        foreach (var (component, from, to, state) in await database.IntervalsAsync())
        {
            var indicator = Components.BuiltIn.Single(c => c.Key == component).Position;
            for (var second = from - oracle.FirstSecond; second < to - oracle.FirstSecond && differences.Count < 5; second++)
            {
                if (second < 0 || second >= written[indicator].Length)
                {
                    Compare($"an interval of {component}", "within what was recorded", $"{from} to {to}");
                    break;
                }

                Compare($"author of {component} at {second}", Oracle.NoData, written[indicator][second]); // each second once
                written[indicator][second] = (int)state >= 10 ? (byte)(Oracle.Maintained + ((int)state - 10)) : (int)state == 3 ? (byte)(Oracle.Maintained + 2) : (byte)((int)state * 10);
            }
        }

        for (var indicator = 0; indicator < 4; indicator++)
        {
            for (var second = 0; second < written[indicator].Length && differences.Count < 5; second++)
            {
                Compare($"history of {Components.BuiltIn[indicator].Name} at {world.Start.AddSeconds(second):u}", oracle.Settled(indicator, second), written[indicator][second]);
            }
        }
    }

    /// <summary>1 − down / (up + down) in percent, three decimals, the rest cut off.</summary>
    private static decimal? Percent(long up, long down) => up + down == 0 ? null : decimal.Round((decimal)up / (up + down) * 100m, 3, MidpointRounding.ToZero);

    private void Compare<T>(string what, T right, T said)
    {
        if (!EqualityComparer<T>.Default.Equals(right, said) && differences.Count < 5)
        {
            differences.Add($"seed {seed}: {what}: must be {right}, is {said}");
        }
    }

    private static WatchPlatformHealthResponse Message(SimFleet fleet) => new()
    {
        Store = fleet.Store switch { SimStore.Ready => StoreState.Ready, SimStore.Young => StoreState.Young, _ => StoreState.Unavailable },
        RoutersTotal = fleet.Routers,
        RoutersOnline = fleet.Online,
        SharedAgentsTotal = fleet.Agents,
        SharedAgentsStale = fleet.Stale,
    };

    private static IncidentNotice Notice(SimIncident incident)
    {
        var now = incident.StartedAt.AddDays(100);
        return new()
        {
            Id = $"inc_{incident.Id}",
            Value = new()
            {
                Id = $"inc_{incident.Id}",
                ProjectId = "proj_platform",
                Title = "Something",
                Status = incident.IsResolved ? IncidentStatus.Resolved : IncidentStatus.Investigating,
                Impact = IncidentImpact.Minor,
                ImpactOverride = null,
                StartedAt = incident.StartedAt,
                ResolvedAt = incident.IsResolved ? incident.Updates[^1].At : null,
                Components = [.. incident.Updates.SelectMany(u => u.Says).GroupBy(d => d.Component).Select(d => new IncidentComponent { Id = Components.BuiltIn[d.Key].Id, Name = "", Status = (DeclaredStatus)d.Last().State })],
                Updates = [.. incident.Updates.Select((update, i) => new IncidentUpdate
                {
                    Id = $"upd_{i}",
                    Status = update.Kind == SimUpdateKind.Resolved ? IncidentStatus.Resolved : IncidentStatus.Investigating,
                    Body = "",
                    Components = [.. update.Says.Select(d => new ComponentDeclaration { Id = Components.BuiltIn[d.Component].Id, Status = (DeclaredStatus)d.State })],
                    At = update.At,
                    PostedAt = now.AddSeconds(i),
                    EditedAt = null,
                    CreatedBy = "ops",
                    Notify = false,
                })],
                UpdatesCount = incident.Updates.Length,
                CreatedBy = "ops",
                CreatedAt = now,
                UpdatedAt = now,
                Draft = false,
            },
        };
    }

    private NoticeLists Feed(IReadOnlyList<SimWindow> windows)
    {
        var feed = new NoticeLists();
        foreach (var window in windows)
        {
            var message = new Window
            {
                Value = SampleWindow.Of($"mw_{window.Id}", window.Active ? WindowStatus.Active : WindowStatus.Completed, world.At(window.Start), world.At(window.End))
                    with
                { AffectedServices = [.. window.Names] },
                Platform = window.Platform,
            };
            feed.Recent.Add(message);
            if (window.Active)
            {
                feed.Active.Add(message);
                feed.ActiveTotal++;
                if (window.Platform)
                {
                    feed.PlatformActive.Add(message);
                }
            }
        }

        return feed;
    }

    /// <summary>A process and its clock: the time of day may leap, the monotonic clock is the world's.</summary>
    private sealed class Replica : TimeProvider, IDisposable
    {
        private readonly ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        private readonly DatabaseClock clock;

        private Replica(HistoryDatabase database, DateTimeOffset now)
        {
            Now = now;
            Track = new();
            Board = new(Track.Observe);
            Recorder = new(database.Store(), Track, new());
            Inbox = new(this);
            clock = new(database.Source, this, services.GetRequiredService<IMeterFactory>(), NullLogger<DatabaseClock>.Instance);
        }

        /// <summary>The time as it is.</summary>
        public DateTimeOffset Now { get; set; }

        public TimeSpan Ahead { get; set; }

        public StatusTrack Track { get; }

        public LiveBoard Board { get; }

        public Recorder Recorder { get; }

        public BoardInbox Inbox { get; }

        /// <summary>The announcements of the last turn.</summary>
        public Announcements Read { get; private set; } = Announcements.None;

        public RecorderTurn Last { get; private set; } = RecorderTurn.None;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public static async Task<Replica> StartAsync(HistoryDatabase database, DateTimeOffset now)
        {
            var replica = new Replica(database, now);
            await replica.clock.MeasureAsync(default);
            return replica;
        }

        public override DateTimeOffset GetUtcNow() => Now + Ahead;

        public override long GetTimestamp() => Now.UtcTicks;

        public void Look()
        {
            var now = GetUtcNow();
            if (clock.IsOffAt(now))
            {
                return;
            }

            while (Inbox.TryDequeue(now, out var message))
            {
                Board.Apply(message.At, message.Change);
            }

            Board.Observe(now);
        }

        public async Task StepAsync()
        {
            var now = GetUtcNow();
            if (!clock.IsOffAt(now))
            {
                Read = Board.Inputs.Announced;
                Last = await Recorder.TurnAsync(DateOnly.FromDateTime(now.UtcDateTime), null, null, Read, default);
            }
        }

        public void Dispose()
        {
            clock.Dispose();
            services.Dispose();
        }
    }
}
