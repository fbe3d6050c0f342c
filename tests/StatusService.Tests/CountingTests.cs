using Xerotier.Contracts;
using Xerotier.StatusService.History;
using Xerotier.StatusService.Model;
using Component = Xerotier.StatusService.Model.Component;

namespace Xerotier.StatusService.Tests;

/// <summary>How measurements, windows and incidents count together, against a count second by second.</summary>
public sealed class CountingTests
{
    private const long Midnight = 1_793_664_000; // 3 Nov 2026
    private const int Length = 86_400;
    private static readonly DateTimeOffset Start = DateTimeOffset.FromUnixTimeSeconds(Midnight);
    private static readonly Component Declared = new("cmp_batch", "Batch API", 10) { StartDate = new(2026, 11, 3) };

    [Fact]
    public void An_incident_declares_from_the_floor_of_its_start_to_the_ceiling_of_its_end()
    {
        var incident = Incident(
            Update(1.2, 1, IncidentStatus.Investigating, DeclaredStatus.Degraded),
            Update(4.5, 2, IncidentStatus.Identified, DeclaredStatus.Outage),
            Update(9.1, 3, IncidentStatus.Resolved));
        Assert.Equal(
            [new("cmp_batch", Midnight + 1, Midnight + 5, RecordedState.Degraded), new("cmp_batch", Midnight + 4, Midnight + 10, RecordedState.Outage)],
            Declarations.Of(incident));
        Assert.Equal(
            [new(Midnight + 1, Midnight + 4, RecordedState.Degraded), new(Midnight + 4, Midnight + 10, RecordedState.Outage)],
            Declarations.Merge(Declarations.Of(incident)));
    }

    [Fact]
    public void What_is_declared_follows_the_instants_and_not_the_order_of_posting()
    {
        var backdated = Incident(
            Update(10, 1, IncidentStatus.Investigating, DeclaredStatus.Degraded),
            Update(20, 2, IncidentStatus.Monitoring, DeclaredStatus.Operational),
            Update(5, 3, IncidentStatus.Monitoring, DeclaredStatus.Outage), // posted last, and speaks of before
            Update(10, 4, IncidentStatus.Monitoring, DeclaredStatus.Outage)); // of one instant the one that was posted last
        Assert.Equal([new(Midnight + 5, Midnight + 20, RecordedState.Outage)], Declarations.Merge(Declarations.Of(backdated)));
    }

    [Fact]
    public void Reopening_declares_only_what_it_names_again()
    {
        var reopened = Incident(
            Update(1, 1, IncidentStatus.Investigating, DeclaredStatus.Outage),
            Update(3, 2, IncidentStatus.Resolved),
            Update(5, 3, IncidentStatus.Investigating),
            Update(7, 4, IncidentStatus.Identified, DeclaredStatus.Degraded));
        Assert.Equal(
            [new("cmp_batch", Midnight + 1, Midnight + 3, RecordedState.Outage), new("cmp_batch", Midnight + 7, Declarations.Open, RecordedState.Degraded)],
            Declarations.Of(reopened));
    }

    [Theory]
    [InlineData(RecordedState.Operational, RecordedState.NoData, RecordedState.Operational)]
    [InlineData(RecordedState.Operational, RecordedState.Degraded, RecordedState.Degraded)]
    [InlineData(RecordedState.Outage, RecordedState.Degraded, RecordedState.Outage)] // never better than what is measured
    [InlineData(RecordedState.NoData, RecordedState.Degraded, RecordedState.Degraded)]
    [InlineData(RecordedState.NoData, RecordedState.NoData, RecordedState.NoData)]
    [InlineData(RecordedState.Maintenance, RecordedState.NoData, RecordedState.Maintenance)]
    [InlineData(RecordedState.Maintenance, RecordedState.Outage, RecordedState.Outage)]
    [InlineData(RecordedState.MaintenanceOverOutage, RecordedState.NoData, RecordedState.Maintenance)]
    [InlineData(RecordedState.MaintenanceOverOutage, RecordedState.Degraded, RecordedState.Outage)] // a window hides nothing that an incident speaks of
    [InlineData(RecordedState.MaintenanceOverOperational, RecordedState.Degraded, RecordedState.Degraded)]
    [InlineData(RecordedState.MaintenanceOverDegraded, RecordedState.NoData, RecordedState.Maintenance)]
    public void A_second_counts_by_the_table(RecordedState held, RecordedState declared, RecordedState counted)
    {
        IReadOnlyList<Interval> says = declared is RecordedState.NoData ? [] : [new(Midnight, Midnight + 1, declared)];
        var count = Counting.Count(Components.InferenceRouting, held is RecordedState.NoData ? [] : [new(Midnight, Midnight + 1, held)], says, Midnight, Midnight + 1);
        Assert.Equal(counted is RecordedState.NoData ? [] : [new Interval(Midnight, Midnight + 1, counted)], count);
    }

    [Fact]
    public void A_declared_component_is_operational_from_its_start_date_on_but_for_windows_incidents_and_times_with_a_probe()
    {
        var component = Declared with { Probed = [new(Midnight + 100, Midnight + 200)], ArchivedAt = Start.AddSeconds(1000) };
        var count = Counting.Count(
            component,
            [new(Midnight + 50, Midnight + 60, RecordedState.Maintenance), new(Midnight + 100, Midnight + 150, RecordedState.Outage)],
            [new(Midnight + 55, Midnight + 58, RecordedState.Degraded)],
            Midnight - 10,
            Midnight + 2000);
        Assert.Equal(
            [
                new(Midnight, Midnight + 50, RecordedState.Operational),
                new(Midnight + 50, Midnight + 55, RecordedState.Maintenance),
                new(Midnight + 55, Midnight + 58, RecordedState.Degraded),
                new(Midnight + 58, Midnight + 60, RecordedState.Maintenance),
                new(Midnight + 60, Midnight + 100, RecordedState.Operational),
                new(Midnight + 100, Midnight + 150, RecordedState.Outage),
                new(Midnight + 200, Midnight + 1000, RecordedState.Operational),
            ],
            count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Days_are_what_their_seconds_are(int seed)
    {
        var random = new Random(seed);
        var today = new DateOnly(2026, 11, 6);
        var until = Midnight + (3 * Length) + 7_000; // three closed days and a part of the fourth
        for (var round = 0; round < 4; round++)
        {
            var component = round % 2 == 0
                ? Components.InferenceRouting
                : Declared with { StartDate = new(2026, 11, 2 + random.Next(3)), Probed = Spans(random, until), ArchivedAt = random.Next(3) == 0 ? DateTimeOffset.FromUnixTimeSeconds(Midnight + random.Next(4 * Length)) : null };
            var recorded = Random(random, until);
            var incidents = Enumerable.Range(0, random.Next(4)).Select(_ => RandomIncident(random, component.Id, until)).ToList();
            var inTheirOrder = incidents.Select(i => i with { Updates = [.. i.Updates.OrderBy(u => u.At).ThenBy(u => u.PostedAt)] }).ToList();
            var declared = Declarations.Merge(incidents.SelectMany(Declarations.Of));

            var history = Snapshot(component, recorded, declared, until);
            var days = history.DaysOf(component, declared, new(2026, 11, 3), DateTimeOffset.FromUnixTimeSeconds(until), new StatusTrack());

            for (var day = 0; day < 4; day++)
            {
                var counts = new Dictionary<RecordedState, int>();
                for (var second = Midnight + (day * Length); second < Math.Min(Midnight + ((day + 1) * Length), until); second++)
                {
                    var state = Naive(component, recorded, inTheirOrder, second);
                    counts[state] = counts.GetValueOrDefault(state) + 1;
                }

                Assert.Equal(today.AddDays(day - 3), days[day].Date);
                Assert.Equal(
                    (Of(RecordedState.Operational), Of(RecordedState.Degraded), Of(RecordedState.Outage), Of(RecordedState.Maintenance), Of(RecordedState.NoData)),
                    (days[day].Operational, days[day].Degraded, days[day].Outage, days[day].Maintenance, days[day].NoData));

                int Of(RecordedState state) => counts.GetValueOrDefault(state);
            }
        }
    }

    /// <summary>The specification, second by second.</summary>
    private static RecordedState Naive(Component component, IReadOnlyList<Interval> recorded, IReadOnlyList<PageIncident> incidents, long second)
    {
        var held = recorded.FirstOrDefault(i => i.From <= second && second < i.To, new(0, 0, RecordedState.NoData)).State;
        var window = held.Counted() is RecordedState.Maintenance;
        var measured = held.Measured();
        var midnight = new DateTimeOffset(component.StartDate.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero).ToUnixTimeSeconds();
        if (!component.IsBuiltIn && measured is RecordedState.NoData && second >= midnight && (component.ArchivedAt is not { } archived || second < archived.ToUnixTimeSeconds())
            && !component.Probed.Any(p => p.From <= second && (p.To is not { } to || second < to)))
        {
            measured = RecordedState.Operational;
        }

        var declared = RecordedState.Operational;
        foreach (var incident in incidents)
        {
            // Any part of a second is the second: its beginning, and every instant in it that something is said of.
            var begin = DateTimeOffset.FromUnixTimeSeconds(second);
            foreach (var at in incident.Updates.Select(u => u.At).Where(at => at > begin && at < begin.AddSeconds(1)).Prepend(begin))
            {
                var says = DeclaredStatus.Operational;
                foreach (var update in incident.Updates.TakeWhile(u => u.At <= at))
                {
                    says = update.Status is IncidentStatus.Resolved ? DeclaredStatus.Operational
                        : update.Components is [{ } named] ? named.Status : says;
                }

                var state = says is DeclaredStatus.Outage ? RecordedState.Outage : says is DeclaredStatus.Degraded ? RecordedState.Degraded : RecordedState.Operational;
                declared = state > declared ? state : declared;
            }
        }

        return declared is not RecordedState.Operational ? (measured is RecordedState.Outage ? RecordedState.Outage : declared) : window ? RecordedState.Maintenance : measured;
    }

    /// <summary>What the database holds: sums of closed days as they count without incidents, details of those that are asked for, intervals of today.</summary>
    private static HistorySnapshot Snapshot(Component component, List<Interval> recorded, IReadOnlyList<Interval> declared, long until)
    {
        var sums = new Dictionary<DayOfComponent, DaySeconds>();
        var byDay = recorded.SelectMany(interval => interval.ByDay()).GroupBy(i => i.From / Length).ToDictionary(day => day.Key, day => day.ToList());
        foreach (var (day, intervals) in byDay.Where(day => (day.Key + 1) * Length <= until))
        {
            sums[new(component.Key, DateOf(day))] = intervals.Aggregate(default(DaySeconds), (sum, i) => sum.With(i with { State = i.State.Counted() }));
        }

        var history = new HistorySnapshot(1, until, Midnight, sums, new Dictionary<string, IReadOnlyList<Interval>> { [component.Key] = byDay.GetValueOrDefault(until / Length, []) });
        return history with
        {
            Details = history.DaysInDetail(component, declared, new(2026, 11, 3))
                .ToDictionary(day => day, IReadOnlyList<Interval> (day) => byDay.GetValueOrDefault(new DateTimeOffset(day.Date.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero).ToUnixTimeSeconds() / Length, [])),
        };

        static DateOnly DateOf(long day) => DateOnly.FromDateTime(DateTimeOffset.FromUnixTimeSeconds(day * Length).UtcDateTime);
    }

    private static List<Interval> Random(Random random, long until)
    {
        var intervals = new List<Interval>();
        for (var at = Midnight + random.Next(5_000); at < until;)
        {
            var to = Math.Min(until, at + 1 + random.Next(30_000));
            RecordedState[] states = [RecordedState.Operational, RecordedState.Operational, RecordedState.Degraded, RecordedState.Outage, RecordedState.Maintenance, RecordedState.MaintenanceOverOperational, RecordedState.MaintenanceOverDegraded, RecordedState.MaintenanceOverOutage];
            if (random.Next(5) > 0)
            {
                intervals.Add(new(at, to, states[random.Next(states.Length)]));
            }

            at = to;
        }

        return intervals;
    }

    private static List<ProbedSpan> Spans(Random random, long until)
    {
        var spans = new List<ProbedSpan>();
        for (var at = Midnight + random.Next(2 * Length); at < until && spans.Count < 3; at += random.Next(Length))
        {
            var to = at + random.Next(Length);
            spans.Add(new(at, to < until ? to : null));
            at = to;
        }

        return spans;
    }

    private static PageIncident RandomIncident(Random random, string component, long until)
    {
        var length = (until - Midnight) * 10;
        var updates = new List<PageIncidentUpdate>();
        var posted = 0;
        var last = random.NextInt64(length);
        updates.Add(Of(last / 10.0, IncidentStatus.Investigating, (DeclaredStatus)random.Next(3)));
        for (var i = random.Next(6); i > 0; i--)
        {
            var at = last + random.NextInt64(Math.Max(1, Math.Min(length - last, 200_000)));
            if (random.Next(4) == 0)
            {
                updates.Add(Of(at / 10.0, IncidentStatus.Resolved, null));
                last = at;
            }
            else
            {
                updates.Add(Of(at / 10.0, IncidentStatus.Monitoring, random.Next(3) == 0 ? null : (DeclaredStatus)random.Next(3)));
            }
        }

        return Incident([.. updates]);

        PageIncidentUpdate Of(double at, IncidentStatus status, DeclaredStatus? says) => Update(at, posted++, status, says, component);
    }

    private static PageIncident Incident(params PageIncidentUpdate[] updates) => new()
    {
        Id = "inc_one",
        Title = "One",
        Status = updates[^1].Status,
        Impact = IncidentImpact.Minor,
        StartedAt = updates.Min(u => u.At),
        ResolvedAt = null,
        Components = [],
        Updates = updates,
        UpdatesCount = updates.Length,
        CreatedAt = updates.Min(u => u.At),
        UpdatedAt = updates.Min(u => u.At),
    };

    private static PageIncidentUpdate Update(double at, int posted, IncidentStatus status, DeclaredStatus? says = null, string component = "cmp_batch") => new()
    {
        Id = $"upd_{posted}",
        Status = status,
        Body = "",
        Components = says is { } declared ? [new() { Id = component, Status = declared }] : [],
        At = Start.AddMilliseconds(at * 1000),
        PostedAt = Start.AddDays(10).AddSeconds(posted),
        EditedAt = null,
    };
}
