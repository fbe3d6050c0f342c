using System.Text;
using Xerotier.Contracts;
using Xerotier.Page.V1;
using Xerotier.StatusService.Board;
using Xerotier.StatusService.Documents.Content;
using Xerotier.StatusService.Documents.Page;
using Xerotier.StatusService.History;
using Xerotier.StatusService.Model;
using Component = Xerotier.StatusService.Model.Component;
using OverallStatus = Xerotier.StatusService.Model.OverallStatus;

namespace Xerotier.Browser.Tests;

/// <summary>Models of the page that tests and screenshots share.</summary>
internal static class Samples
{
    /// <summary>The instant of all samples.</summary>
    public static readonly DateTimeOffset Now = new(2026, 11, 23, 14, 2, 30, TimeSpan.Zero);

    private static readonly DateOnly Today = DateOnly.FromDateTime(Now.UtcDateTime);

    private static readonly string[] Works =
    [
        "Database upgrade to PostgreSQL 17", "Router firmware in us-east", "Certificate renewal", "Storage tier rebalancing", "Kernel updates on inference hosts",
        "Move of the model cache to faster disks", "Network maintenance by our carrier", "Load balancer replacement", "GPU driver rollout", "Backup restore drill",
    ];

    private static readonly string[] Texts =
    [
        "Writes pause for at most two minutes while the primary moves; reads go on from the replicas the whole time.",
        "One router after the other is drained and restarted. Capacity stays above 80 % and requests in flight are finished first.",
        "No interruption is expected. Clients that pin the old intermediate certificate need to trust the new one beforehand.",
        "Uploads of new models may be slower than usual, downloads by running agents are not affected by this work.",
        "",
    ];

    private static readonly string[] Troubles =
    [
        "Elevated errors in us-east", "Slow first tokens on shared agents", "Uploads of models fail", "Requests time out behind one carrier", "Wrong quota on some projects",
    ];

    private static readonly string[] News =
    [
        "We see **more errors than usual** and are looking for the cause. Retries succeed in most cases.",
        "The cause is a router that drops connections after an update of its firmware. We are moving traffic away from it; see [the plan](https://example.com/plan).",
        "The router is out of rotation. Error rates are back to normal, and we are watching them.",
        "All requests have succeeded for an hour. We will publish what we learned.",
    ];

    private static readonly string[] Names = ["Dashboard", "Inference Routing", "Shared Agents", "Model Storage"];

    /// <summary>The page of a level, with a little history and a few windows.</summary>
    public static StatusPageModel Level(OverallStatus level)
    {
        var verdicts = Verdicts(level);
        var components = Names.Select((name, i) => Line(name, verdicts[i], GoodHistory(i, verdicts[i].Status))).ToList();
        var active = level == OverallStatus.Maintenance
            ? [Window(900, "active", Now.AddMinutes(-42), TimeSpan.FromHours(1.5), "warning", ["Model Storage"], "Database upgrade to PostgreSQL 17", Texts[0])]
            : Array.Empty<PageWindow>();
        var scheduled = level is OverallStatus.Operational or OverallStatus.Maintenance
            ? [Window(901, "scheduled", Now.AddDays(2).AddMinutes(-2.5), TimeSpan.FromHours(2.5), "info", ["Inference Routing", "Shared Agents"], "Router firmware in us-east", Texts[1])]
            : Array.Empty<PageWindow>();
        PageWindow[] recent = [.. scheduled, .. active, .. Enumerable.Range(0, 4).Select(Past)];
        var incidents = Incidents(level is OverallStatus.PartialOutage or OverallStatus.MajorOutage ? 1 : 0, 2);
        return new(Now, level, Linked(components, incidents), incidents, new(false, null, active, active.Length, scheduled, scheduled.Length, recent), new(2026, 8, 28, 22, 22, 30, TimeSpan.Zero));
    }

    /// <summary>The page with nothing on it but good news: the day of installation was 20 days ago.</summary>
    public static StatusPageModel Young()
    {
        var days = Days((i, day) => i < 69 ? Before(day) : i == 69 ? Of(day, noData: 51_300, installation: InstallationDay.On) : Of(day));
        return new(Now, OverallStatus.Operational, [.. Names.Select(name => Line(name, Verdict.Operational, days))], IncidentsModel.None, NoWindows, Now.AddDays(-20).AddSeconds(760));
    }

    /// <summary>Ten minutes after the first second.</summary>
    public static StatusPageModel FirstDay()
    {
        var days = Days((i, day) => i < 89 ? Before(day) : Of(day, noData: Total(day) - 600, installation: InstallationDay.On));
        return new(Now, OverallStatus.Operational, [.. Names.Select(name => Line(name, Verdict.Operational, days) with { Since = null })], IncidentsModel.None, NoWindows, Now.AddMinutes(-10));
    }

    /// <summary>Before the first second: nothing observed, windows never known.</summary>
    public static StatusPageModel Unborn() => new(
        Now,
        OverallStatus.Unknown,
        [.. Names.Select(name => Line(name, new(ComponentStatus.Unknown, null), Days((_, day) => Before(day))) with { UptimePercent = null, Since = null })],
        IncidentsModel.None,
        NoWindows with { Unavailable = true });

    /// <summary>The heaviest ordinary page: four components, trouble of all kinds on every second of 90 days, 50 windows, several on and planned, 10 incidents, three of them open.</summary>
    public static StatusPageModel Full(int seed = 7)
    {
        var random = new Random(seed);
        var components = Names.Select((name, n) => Line(name, Verdicts(OverallStatus.Degraded)[n], Days((i, day) => i % 2 == 0 ? Mixed(random, day) : Of(day)))).ToList();
        var active = Enumerable.Range(0, 2).Select(i => Window(800 + i, "active", Now.AddMinutes(-90 - (25 * i)), TimeSpan.FromHours(1 + i), "critical", [Names[i + 1]], Works[i], Texts[i])).ToList();
        var scheduled = Enumerable.Range(0, 3).Select(i => Window(810 + i, "scheduled", Now.AddDays(1 + (3 * i)), TimeSpan.FromHours(1 + i), "info", [Names[i]], Works[i + 3], Texts[i + 1])).ToList();
        PageWindow[] recent = [.. scheduled.AsEnumerable().Reverse(), .. active, .. Enumerable.Range(0, 45).Select(Past)];
        return new(Now, OverallStatus.Maintenance, components, Incidents(3, 7), new(false, null, active, 2, scheduled, 3, recent));
    }

    /// <summary>As many windows on and as many planned as <paramref name="count"/> says, the first running over, each with <paramref name="title"/> and <paramref name="text"/>.</summary>
    public static StatusPageModel Titled(string title, string text, int count = 12)
    {
        var active = Enumerable.Range(0, count).Select(i => Window(700 + i, "active", Now.AddHours(-3), TimeSpan.FromHours(2.75 + i), "critical", [title[..Math.Min(title.Length, 100)], "Model Storage"], title, text)).ToList();
        var scheduled = Enumerable.Range(0, count).Select(i => Window(750 + i, "scheduled", Now.AddHours(30 + i), TimeSpan.FromDays(1.5), "warning", [], title, text)).ToList();
        return new(Now, OverallStatus.Maintenance, Level(OverallStatus.PartialOutage).Components, IncidentsModel.None, new(true, Now.AddSeconds(-19), [.. active.Take(BoardWindows.Noticed)], count, [.. scheduled.Take(BoardWindows.Noticed)], count, [.. active, .. scheduled]));
    }

    /// <summary>A month of detail that ends today.</summary>
    public static HistoryPageModel History()
    {
        var first = new DateOnly(2026, 11, 1);
        var random = new Random(3);
        PageWindow[] windows = [.. Enumerable.Range(0, 6).Select(Past).Where(window => window.StartsAt >= new DateTimeOffset(first, TimeOnly.MinValue, TimeSpan.Zero)).Reverse()];
        var components = Names.Select((_, n) => new ComponentMonth(Components.BuiltIn[n], [.. Enumerable.Range(0, 23).Select(i => HistoryDay(random, first.AddDays(i), n == 1 && i % 5 == 2, Components.BuiltIn[n]))])).ToList();
        var incidents = Incidents(1, 3);
        return new(first, first, new(2026, 8, 27), Now, components, windows, [.. incidents.Open, .. incidents.Past], true);
    }

    /// <summary>The page of an incident that was told late and edited.</summary>
    public static IncidentPageModel IncidentPage()
    {
        var incident = Incident(1, isOpen: false);
        return new(incident with { Updates = [.. incident.Updates.Select((update, i) => i == 1 ? update with { PostedAt = update.At.AddHours(2), EditedAt = update.At.AddHours(3) } : update)] });
    }

    /// <summary>The page as a Gateway serves it after a loss.</summary>
    public static byte[] Lost(PageSnapshot page) => Encoding.UTF8.GetBytes(page.StaleHtml.ToStringUtf8()
        .Replace(StaleMarks.Since, "2026-11-23T14:03:11Z")
        .Replace(StaleMarks.SinceText, "14:03:11 UTC"));

    /// <summary>A window of the samples.</summary>
    public static PageWindow Window(int id, string status, DateTimeOffset start, TimeSpan length, string severity, string[] services, string title, string text) => new()
    {
        Id = $"mw_{id:x}sample",
        Title = title,
        Description = text,
        Severity = Enum.Parse<WindowSeverity>(severity, ignoreCase: true),
        AffectedServices = services,
        StartsAt = start,
        EndsAt = start + length,
        Status = Enum.Parse<WindowStatus>(status, ignoreCase: true),
        ActivatedAt = status is "active" or "completed" ? start : null,
        CompletedAt = status == "completed" ? start + (length * 0.8) : null,
        CancelledAt = status == "cancelled" ? start - TimeSpan.FromHours(3) : null,
        CreatedAt = start,
        UpdatedAt = start,
    };

    private static WindowsModel NoWindows => new(false, null, [], 0, [], 0, []);

    private static IncidentsModel Incidents(int open, int past) => new(
        [.. Enumerable.Range(0, open).Select(i => Incident(i, isOpen: true))], open, [.. Enumerable.Range(0, past).Select(i => Incident(open + i, isOpen: false))], []);

    /// <summary>The components with links to the incidents of their days.</summary>
    private static List<ComponentModel> Linked(IEnumerable<ComponentModel> components, IncidentsModel incidents) =>
    [
        .. components.Select(component => component with
        {
            Incidents = incidents.Open.Concat(incidents.Past).Where(incident => incident.Components[0].Id == component.Component.Id)
                .GroupBy(incident => DateOnly.FromDateTime(incident.StartedAt.UtcDateTime))
                .ToDictionary(day => day.Key, IReadOnlyList<IncidentLink> (day) => [.. day.Select(incident => new IncidentLink(incident.Id, incident.Title))]),
        }),
    ];

    private static PageIncident Incident(int i, bool isOpen)
    {
        var start = isOpen ? Now.AddMinutes(-40 - (25 * i)) : Now.AddDays(-1.3 * (i + 1));
        IncidentStatus[] steps = [IncidentStatus.Investigating, IncidentStatus.Identified, IncidentStatus.Monitoring, IncidentStatus.Resolved];
        var updates = steps[..(isOpen ? 3 : 4)].Select((status, n) => new PageIncidentUpdate
        {
            Id = $"upd_{i:x}sample{n}",
            Status = status,
            Body = News[n],
            Components = [],
            At = start.AddMinutes(11 * n),
            PostedAt = start.AddMinutes((11 * n) + 1),
            EditedAt = null,
        }).ToList();
        return new()
        {
            Id = $"inc_{i:x}sample",
            Title = Troubles[i % Troubles.Length],
            Status = updates[^1].Status,
            Impact = (IncidentImpact)(1 + (i % 3)),
            StartedAt = start,
            ResolvedAt = isOpen ? null : updates[^1].At,
            Components = [new() { Id = Components.BuiltIn[1 + (i % 3)].Id, Name = Names[1 + (i % 3)], Status = isOpen ? DeclaredStatus.Degraded : DeclaredStatus.Operational }],
            Updates = updates,
            UpdatesCount = updates.Count,
            CreatedAt = start,
            UpdatedAt = updates[^1].PostedAt,
        };
    }

    private static PageWindow Past(int i) => Window(
        i,
        i % 7 == 3 ? "cancelled" : "completed",
        Now.AddDays(-2 - (i * 3.37)).AddMinutes(i * 7),
        TimeSpan.FromMinutes(30 + (i * 41 % 200)),
        (i % 5) switch { 1 => "warning", 4 => "critical", _ => "info" },
        i % 4 == 2 ? [] : [.. Names.Skip(1 + (i % 3)).Take(1 + (i % 2))],
        Works[i * 3 % Works.Length],
        Texts[i % Texts.Length]);

    /// <summary>What the product's rules say of a fleet at this level. The Dashboard in outage is a library's call only (product.md section 3).</summary>
    private static Verdict[] Verdicts(OverallStatus level)
    {
        var inputs = level switch
        {
            OverallStatus.Degraded => Fleet(online: 2, stale: 0),
            OverallStatus.PartialOutage => Fleet(online: 2, stale: 7),
            OverallStatus.MajorOutage => Fleet(online: 0, stale: 8).WithProbe(Components.ModelStorage.Key, Rules.ProbeFailing, Now.AddSeconds(25)),
            OverallStatus.Unknown => Fleet(online: 3, stale: 0, heard: Now.AddMinutes(-9)),
            _ => Fleet(online: 3, stale: 0),
        };
        Verdict[] verdicts = [.. BoardState.At(inputs, Now).Shown.Select(shown => shown.Verdict)];
        return level == OverallStatus.MajorOutage ? [new(ComponentStatus.Outage, null), .. verdicts[1..]] : verdicts;

        static BoardInputs Fleet(int online, int stale, DateTimeOffset? heard = null) => BoardInputs.Nothing.WithFleet(new(3, online, 8, stale), heard ?? Now);
    }

    private static ComponentModel Line(string name, Verdict verdict, IReadOnlyList<Day> days)
    {
        var observed = days.Sum(day => (long)day.Operational + day.Degraded + day.Outage);
        var percent = observed == 0 ? (decimal?)null : Math.Floor((1 - ((decimal)days.Sum(day => (long)day.Outage) / observed)) * 100_000) / 1000;
        return new(Components.BuiltIn.Single(c => c.Name == name), verdict.Status, verdict.Reason, verdict.Status == ComponentStatus.Operational ? Now.AddDays(-11) : Now.AddMinutes(-9), percent, days);
    }

    private static List<Day> GoodHistory(int component, ComponentStatus status) => Days((i, day) => (component, i) switch
    {
        (1, 70) => Of(day, outage: 724),
        (1, 31) => Of(day, degraded: 5_400),
        (2, 52) => Of(day, degraded: 1_260, outage: 65),
        (2, 12) => Of(day, noData: 30_000),
        (3, 61 or 20) => Of(day, maintenance: 5_400),
        (_, 8) => Of(day, noData: 86_400),
        (_, 2) => Of(day, noData: 30_000, installation: InstallationDay.On),
        (_, < 2) => Before(day),
        (_, 89) => status switch
        {
            ComponentStatus.Degraded => Of(day, degraded: 540),
            ComponentStatus.Outage => Of(day, outage: 540),
            ComponentStatus.Unknown => Of(day, noData: 540),
            _ => Of(day),
        },
        _ => Of(day),
    });

    private static List<Day> Days(Func<int, DateOnly, Day> of) => [.. Enumerable.Range(0, 90).Select(i => of(i, Today.AddDays(i - 89)))];

    private static Day Before(DateOnly day) => new(day, 0, 0, 0, 0, Total(day), null, InstallationDay.Before);

    private static int Total(DateOnly day) => day == Today ? (int)Now.TimeOfDay.TotalSeconds : 86_400;

    private static Day Of(DateOnly day, int degraded = 0, int outage = 0, int maintenance = 0, int noData = 0, InstallationDay installation = InstallationDay.After)
    {
        var operational = Total(day) - degraded - outage - maintenance - noData;
        var observed = operational + degraded + outage;
        return new(day, operational, degraded, outage, maintenance, noData, observed == 0 ? null : Math.Floor((1 - ((decimal)outage / observed)) * 100_000) / 1000, installation);
    }

    private static Day Mixed(Random random, DateOnly day) => Of(
        day, Mostly(random), Mostly(random), Mostly(random), Mostly(random));

    private static int Mostly(Random random) => random.Next(4) == 0 ? 0 : random.Next(1, 9_000);

    private static ComponentDay HistoryDay(Random random, DateOnly day, bool bad, Component component)
    {
        var midnight = new DateTimeOffset(day, TimeOnly.MinValue, TimeSpan.Zero).ToUnixTimeSeconds();
        var until = Math.Min(midnight + 86_400, Now.ToUnixTimeSeconds());
        var start = midnight + random.Next(30_000);
        var (degraded, outage, maintenance) = bad ? (random.Next(60, 4_000), random.Next(3, 900), 1_800) : default;
        var (down, works) = (start + degraded, start + degraded + outage + 7_000);
        Interval[] runs =
        [
            new(midnight, start, RecordedState.Operational), new(start, down, RecordedState.Degraded), new(down, down + outage, RecordedState.Outage),
            new(down + outage, works, RecordedState.Operational), new(works, works + maintenance, RecordedState.Maintenance), new(works + maintenance, until, RecordedState.Operational),
        ];
        return MonthHistory.Of(component, [Of(day, degraded, outage, maintenance)], runs, midnight - 1, until)!.Days.Single();
    }
}
