namespace Xerotier.Truth.Tests;

/// <summary>A rule that the oracle is told to get wrong, to show that a difference between it and the product is found.</summary>
public enum Mutation
{
    None,
    ExactlyThreeQuartersIsAnOutage,
    ExactlyHalfIsDegraded,
    OneRouterIsEnough,
    HiddenAgentsCount,
    ASecondTakesItsLastState,
    WindowsLastForever,
    WindowsOfEveryProjectCount,
    NamesAreCaseSensitive,
    MaintenanceIsDown,
    SilenceIsBelievedForSixSeconds,
    UnknownIsUp,
    TheLeaseLastsForever,
    ASuccessorForgetsWhatItSaw,
    PausedTimeCounts,
    NobodyWaitsForTheWindows,
    AWrongClockRecords,
    WhatIsHeardWithAWrongClockIsLost,
    AWindowHidesWhatPeopleSay,
    PeopleMayMakeItBetter,
    UpdatesCountInTheOrderOfPosting,
    ResolvingEndsNothing,
    ReopeningBringsBackWhatWasSaid,
    APartOfASecondIsNothing,
    WhatPeopleSayIsNotShown,
    AWindowForgetsWhatWasMeasured,
}

/// <summary>
/// What must be true, written from the specification without the product's code and as naively as possible: an array with one
/// entry per second and indicator for what each replica saw, and one for what is settled.
/// </summary>
public sealed class Oracle
{
    public const byte Unseen = 255;

    // As the specification ranks what a second held, from best to worst; in maintenance the last digit is what was measured beneath it.
    public const byte Up = 0;
    public const byte Slow = 10;
    public const byte NoData = 20;
    public const byte Maintained = 30;
    public const byte Down = 40;

    private readonly World world;
    private readonly Mutation mutation;
    private readonly View[] views;
    private readonly byte[][] settled;
    private readonly long firstSecond;
    private readonly int seconds;
    private int settledUntil = -1; // index; -1: nothing yet
    private int holder = -1;
    private double leaseUntil = double.NegativeInfinity;
    private int incarnations;

    public Oracle(World world, Mutation mutation)
    {
        (this.world, this.mutation) = (world, mutation);
        firstSecond = world.Start.ToUnixTimeSeconds();
        seconds = (int)(world.Ticks / world.TicksPerSecond) + 2;
        settled = NewLines();
        views = [.. Enumerable.Range(0, world.Replicas).Select(_ => new View(NewLines(), incarnations++))];
    }

    public int SettledUntil => settledUntil;

    public long FirstSecond => firstSecond;

    public byte Settled(int indicator, int second) => settled[indicator][second] is var state && state == Unseen ? NoData : state;

    /// <summary>One instant passes; afterwards replica <paramref name="r"/> is as it will be until the next one.</summary>
    public void Tick(long tick, int r, SimEvents happened)
    {
        var view = views[r];
        var now = tick / world.TicksPerSecond;
        if (happened.Before != SimLife.Dead && happened.After == SimLife.Dead)
        {
            if (happened.Graceful && holder == view.Incarnation)
            {
                (holder, leaseUntil) = (-1, double.NegativeInfinity);
            }

            view = views[r] = new(NewLines(), incarnations++) { Off = happened.Ahead != TimeSpan.Zero };
        }

        var (wasOff, off) = (view.Off, happened.Ahead != TimeSpan.Zero); // every leap is of more than two seconds
        view.Off = off;
        view.Blind |= off && happened.After != SimLife.Dead;
        if (happened.After != SimLife.Dead && happened.Before == SimLife.Running && !wasOff && (off || happened.After == SimLife.Paused))
        {
            view.Looked = tick; // the last that it saw
        }

        // It starts when it first looks with a right clock. One that is paused right then has started all the same: its first seconds pass
        // while it is paused. One whose clock was wrong until it was paused has not.
        if (((happened.After == SimLife.Running && !off) || view.Looked == tick) && view.Waiting.Count == 0)
        {
            view.Born ??= now;
        }

        if (off && happened.After == SimLife.Running)
        {
            // It says nothing, and what it hears waits.
            if (happened.Fleet is { Store: not SimStore.Unavailable } || happened.Windows is not null || happened.WindowsAlive)
            {
                view.Waiting.Add((tick, happened));
            }

            if (happened.Step && mutation == Mutation.AWrongClockRecords)
            {
                Step(view, now);
            }

            return;
        }

        if (happened.After != SimLife.Running)
        {
            if (mutation == Mutation.PausedTimeCounts && happened.After == SimLife.Paused)
            {
                See(view, tick);
            }

            return;
        }

        if (view.Blind)
        {
            CatchUp(view, tick);
        }

        Hear(view, happened, now);
        See(view, tick);
        view.Looked = tick;
        if (happened.Step)
        {
            Step(view, now);
        }
    }

    /// <summary>The status of each indicator on replica <paramref name="r"/>'s page; null for a hidden one.</summary>
    public string?[] Statuses(int r, long tick) => [.. Enumerable.Range(0, 4).Select(i => ShownOf(views[r], i, tick / world.TicksPerSecond))];

    public string Overall(int r, long tick)
    {
        var shown = Statuses(r, tick).OfType<string>().ToList();
        return views[r].Windows.Count > 0 ? "Maintenance"
            : shown.TrueForAll(s => s == "Outage") ? "MajorOutage"
            : shown.Contains("Outage") ? "PartialOutage"
            : shown.Contains("Unknown") ? "Unknown"
            : shown.Contains("Degraded") ? "Degraded"
            : "Operational";
    }

    /// <summary>What replica <paramref name="r"/>'s page must say of a UTC day as of <paramref name="asOf"/>: seconds up, slow, down, in maintenance, without data.</summary>
    public (int Up, int Slow, int Down, int Maintained, int NoData) Day(int r, int indicator, DateOnly day, long asOf)
    {
        var counts = new int[5];
        var midnight = new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero).ToUnixTimeSeconds();
        var end = Math.Min(midnight + 86_400, asOf);
        var said = SaidOn(views[r], indicator, midnight, end);
        var begin = said is not null ? midnight : Math.Min(Math.Max(midnight, firstSecond), end);
        counts[NoData / 10] += (int)(begin - midnight); // before the scenario nothing was ever recorded
        for (var second = begin; second < end; second++)
        {
            counts[Count(On(r, indicator, second), said?[second - midnight] ?? Up) / 10]++;
        }

        return (counts[Up / 10], counts[Slow / 10], counts[Down / 10], counts[Maintained / 10], counts[NoData / 10]);
    }

    /// <summary>What a second counts as: what people say is not made better by a window, nor what is measured by people.</summary>
    private byte Count(byte held, byte said)
    {
        var maintained = held is >= Maintained and < Down;
        var measured = !maintained ? held : mutation == Mutation.AWindowForgetsWhatWasMeasured ? NoData : (byte)((held - Maintained) * 10);
        return said == Up || (maintained && mutation == Mutation.AWindowHidesWhatPeopleSay) ? (maintained ? Maintained : held)
            : measured == Down && mutation != Mutation.PeopleMayMakeItBetter ? Down : said;
    }

    /// <summary>What incidents say of each second of [from, to); null: nothing at all.</summary>
    private byte[]? SaidOn(View view, int indicator, long from, long to)
    {
        byte[]? said = null;
        foreach (var incident in view.Incidents)
        {
            var instants = incident.Updates.Select((u, i) => (u.At, Posted: i)).OrderBy(u => mutation == Mutation.UpdatesCountInTheOrderOfPosting ? 0 : u.At.UtcTicks).ThenBy(u => u.Posted).ToList();
            var (says, before) = (Up, Up);
            for (var i = 0; i < instants.Count; i++)
            {
                var update = incident.Updates[instants[i].Posted];
                if (update.Kind == SimUpdateKind.Resolved)
                {
                    (before, says) = (says, mutation == Mutation.ResolvingEndsNothing ? says : Up);
                }
                else
                {
                    says = update.Kind == SimUpdateKind.Reopened && mutation == Mutation.ReopeningBringsBackWhatWasSaid ? before : says;
                    foreach (var declared in update.Says.Where(d => d.Component == indicator))
                    {
                        says = declared.State == 2 ? Down : declared.State == 1 ? Slow : Up;
                    }
                }

                // It holds until the next one, and every second of which it has a part.
                var begin = instants[i].At.ToUnixTimeSeconds();
                var end = i + 1 == instants.Count ? long.MaxValue : CeilingOf(instants[i + 1].At);
                if (says == Up || (i + 1 < instants.Count && instants[i + 1].At <= instants[i].At))
                {
                    continue;
                }

                for (var second = Math.Max(begin, from); second < Math.Min(end, to); second++)
                {
                    said ??= new byte[86_400];
                    said[second - from] = Math.Max(said[second - from], says);
                }
            }
        }

        return said;
    }

    private long CeilingOf(DateTimeOffset at) => at.ToUnixTimeSeconds() + (at.Ticks % TimeSpan.TicksPerSecond == 0 || mutation == Mutation.APartOfASecondIsNothing ? 0 : 1);

    public DateOnly? Installed()
    {
        for (var second = 0; second < settledUntil; second++)
        {
            if (settled.Any(line => line[second] is not (NoData or Unseen)))
            {
                return DateOnly.FromDateTime(DateTimeOffset.FromUnixTimeSeconds(firstSecond + second).UtcDateTime);
            }
        }

        return null;
    }

    private static void Hear(View view, SimEvents happened, double now)
    {
        if (happened.Fleet is { } told)
        {
            switch (told.Store)
            {
                case SimStore.Ready:
                    (view.Known, view.KnownAt, view.AgentsShown) = (told, now, told.Agents > 0);
                    break;
                case SimStore.Young:
                    view.Known = null;
                    break;
            }
        }

        if (happened.Windows is { } windows)
        {
            view.Windows = [.. windows.Where(w => w.Active)];
            view.HeardWindows = true;
            view.Incidents = happened.Incidents;
        }
    }

    /// <summary>The clock is right again: what waited is heard as of when it came. What lies between two instants is seen if they are not more than two seconds apart.</summary>
    private void CatchUp(View view, long tick)
    {
        foreach (var (at, happened) in view.Waiting.Append((tick, null)))
        {
            for (var seen = view.Looked ?? at; at - view.Looked <= 2 * world.TicksPerSecond && seen < at && mutation != Mutation.WhatIsHeardWithAWrongClockIsLost; seen++)
            {
                See(view, seen);
            }

            view.Born ??= at / world.TicksPerSecond;
            view.Looked = at;
            if (happened is not null)
            {
                Hear(view, happened, at / world.TicksPerSecond);
            }
        }

        view.Waiting.Clear();
        view.Blind = false;
    }

    private byte On(int r, int indicator, long second)
    {
        var index = second - firstSecond;
        if (index < 0 || index >= seconds)
        {
            return NoData;
        }

        // What was settled when the replica last looked, and beyond that what it saw itself.
        var state = index < views[r].ReadUntil ? settled[indicator][index] : views[r].Seen[indicator][index];
        return state == Unseen ? NoData : state;
    }

    /// <summary>The replica holds its states from this tick to the next.</summary>
    private void See(View view, long tick)
    {
        var from = tick / world.TicksPerSecond;
        var offset = (world.Start.UtcTicks % TimeSpan.TicksPerSecond) / (double)TimeSpan.TicksPerSecond;
        var to = (tick + 1) / world.TicksPerSecond;
        for (var second = (int)Math.Floor(from + offset); second < to + offset; second++)
        {
            for (var indicator = 0; indicator < 4; indicator++)
            {
                // On the coarsest grid a tick is two seconds, and a silence may have lasted long enough in between.
                var state = HistoryOf(view, indicator, Math.Max(from, second - offset), tick);
                ref var seen = ref view.Seen[indicator][second];
                if (seen == Unseen || state > seen || mutation == Mutation.ASecondTakesItsLastState)
                {
                    seen = state;
                }
            }
        }
    }

    private void Step(View view, double now)
    {
        if (holder != view.Incarnation && now <= leaseUntil && holder != -1)
        {
            view.ReadUntil = Math.Max(settledUntil, 0);
            return;
        }

        if (holder != view.Incarnation && holder != -1 && mutation == Mutation.TheLeaseLastsForever)
        {
            view.ReadUntil = Math.Max(settledUntil, 0);
            return;
        }

        if (holder != view.Incarnation && mutation == Mutation.ASuccessorForgetsWhatItSaw && holder != -1)
        {
            settledUntil = Math.Max(settledUntil, (int)now);
        }

        (holder, leaseUntil) = (view.Incarnation, now + 2);
        var complete = (int)Math.Floor(now);
        for (var second = Math.Max(settledUntil, 0); second < complete; second++)
        {
            for (var indicator = 0; indicator < 4; indicator++)
            {
                settled[indicator][second] = view.Seen[indicator][second];
            }
        }

        settledUntil = Math.Max(settledUntil, complete);
        view.ReadUntil = settledUntil;
    }

    private byte HistoryOf(View view, int indicator, double now, long tick)
    {
        if (indicator == 2 && !view.AgentsShown && mutation != Mutation.HiddenAgentsCount)
        {
            return NoData;
        }

        foreach (var window in view.Windows)
        {
            if ((window.Platform || mutation == Mutation.WindowsOfEveryProjectCount) && IsOf(window, indicator) && window.Start <= tick && (tick < window.End || mutation == Mutation.WindowsLastForever))
            {
                return mutation == Mutation.MaintenanceIsDown ? Down : (byte)(Maintained + (MeasuredOf(view, indicator, now) / 10));
            }
        }

        // In its first four seconds a process may not have heard yet that what is down is in maintenance.
        var mayBeMaintained = !view.HeardWindows && now - view.Born < 4 && mutation != Mutation.NobodyWaitsForTheWindows;
        return MeasuredOf(view, indicator, now) is var measured && mayBeMaintained && measured != Up ? NoData : measured;
    }

    private bool IsOf(SimWindow window, int indicator)
    {
        var comparison = mutation == Mutation.NamesAreCaseSensitive ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;
        return window.Names.Length == 0 || window.Names.Any(name => string.Equals(name, Names[indicator], comparison));
    }

    private byte MeasuredOf(View view, int indicator, double now) => StatusOf(view, indicator, now) switch
    {
        "Operational" => Up,
        "Degraded" => Slow,
        "Outage" => Down,
        _ => mutation == Mutation.UnknownIsUp ? Up : NoData,
    };

    /// <summary>The worse of what is measured and what people say; what is not measured is shown while an open incident names it.</summary>
    private string? ShownOf(View view, int indicator, double now)
    {
        var measured = StatusOf(view, indicator, now);
        var named = view.Incidents.Any(i => !i.IsResolved && i.Updates.Any(u => u.Says.Any(d => d.Component == indicator)));
        var second = (long)Math.Floor(now) + firstSecond;
        var said = mutation == Mutation.WhatPeopleSayIsNotShown ? Up : SaidOn(view, indicator, second, second + 1)?[0] ?? Up;
        string[] order = ["Operational", "Degraded", "Unknown", "Outage"];
        var says = said == Down ? "Outage" : said == Slow ? "Degraded" : named ? "Operational" : null;
        return measured is null ? says : says is null || Array.IndexOf(order, measured) >= Array.IndexOf(order, says) ? measured : says;
    }

    private static readonly string[] Names = ["Dashboard", "Inference Routing", "Shared Agents", "Model Storage"];

    private string? StatusOf(View view, int indicator, double now)
    {
        if (indicator is 0 or 3)
        {
            return "Operational";
        }

        if (indicator == 2 && !view.AgentsShown)
        {
            return null;
        }

        if (view.Known is not { } fleet || now - view.KnownAt >= (mutation == Mutation.SilenceIsBelievedForSixSeconds ? 6 : 5))
        {
            return "Unknown";
        }

        if (indicator == 1)
        {
            return fleet.Online == 0 ? "Outage" : fleet.Online == fleet.Routers || mutation == Mutation.OneRouterIsEnough ? "Operational" : "Degraded";
        }

        var share = (decimal)fleet.Stale / fleet.Agents;
        return share > 0.75m || (share == 0.75m && mutation == Mutation.ExactlyThreeQuartersIsAnOutage) ? "Outage"
            : share > 0.5m || (share == 0.5m && mutation == Mutation.ExactlyHalfIsDegraded) ? "Degraded"
            : "Operational";
    }

    private byte[][] NewLines() => [.. Enumerable.Range(0, 4).Select(_ =>
    {
        var line = new byte[seconds];
        Array.Fill(line, Unseen);
        return line;
    })];

    private sealed class View(byte[][] seen, int incarnation)
    {
        public byte[][] Seen => seen;

        public int Incarnation => incarnation;

        public SimFleet? Known { get; set; }

        public double KnownAt { get; set; }

        public double? Born { get; set; }

        public bool Off { get; set; }

        /// <summary>Its clock was off since its last look.</summary>
        public bool Blind { get; set; }

        /// <summary>The tick of its last look.</summary>
        public long? Looked { get; set; }

        public List<(long Tick, SimEvents? Happened)> Waiting { get; } = [];

        public bool HeardWindows { get; set; }

        public bool AgentsShown { get; set; }

        public List<SimWindow> Windows { get; set; } = [];

        public IReadOnlyList<SimIncident> Incidents { get; set; } = [];

        public int ReadUntil { get; set; }
    }
}
