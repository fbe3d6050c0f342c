using Xerotier.Contracts;

namespace Xerotier.ServiceDefaults.Demo;

/// <summary>
/// The example history of a demo, which is the same for all services: 89 days with three incidents, four windows and a gap. Each service puts
/// its part of it into its own fresh database. Pure: the same seed and day tell the same story to the microsecond, on every replica.
/// </summary>
/// <param name="Seed">The number that the times follow from.</param>
/// <param name="Day">The UTC day before which the story ends; what is planned lies after it.</param>
/// <param name="Measured">What was not operational, by time.</param>
/// <param name="Gap">The time in which nothing was recorded.</param>
/// <param name="Incidents">By time.</param>
/// <param name="Windows">By time.</param>
public sealed record DemoStory(
    int Seed, DateOnly Day, IReadOnlyList<DemoMeasurement> Measured, DemoSpan Gap, IReadOnlyList<DemoIncident> Incidents, IReadOnlyList<DemoWindow> Windows)
{
    /// <summary>How many days the story has.</summary>
    public const int Days = 89;

    /// <summary>Name of the demo project, and of its key.</summary>
    public const string Project = "demo";

    private const string Routing = "inference_routing";
    private const string Agents = "shared_agents";

    /// <summary>When it begins.</summary>
    public DateTimeOffset Begins => Midnight(Day.AddDays(-Days));

    /// <summary>Id of the demo project.</summary>
    public string ProjectId => $"proj_{Project}{Seed:D6}";

    /// <summary>The id of the story's object with this number: the same on every replica.</summary>
    /// <param name="prefix">The kind's, such as <c>mw_</c>.</param>
    /// <param name="number">Its number within its kind.</param>
    public string IdOf(string prefix, int number) => $"{prefix}{Project}{Seed:D6}{number:D2}";

    /// <summary>The story of <paramref name="seed"/> that ends before <paramref name="day"/>.</summary>
    public static DemoStory Of(int seed, DateOnly day)
    {
        var random = new Random(seed);
        var (slow, down, lost) = (At(62, 9, 48), At(34, 14, 2), At(9, 21, 37));
        var (slowEnds, back, downEnds, lostWorse, lostEnds) = (After(slow, 43), After(down, 26), After(down, 44), After(lost, 9), After(lost, 52));
        var (firmware, storage, network, upgrade) = (Midnight(day.AddDays(-71)).AddHours(2), Midnight(day.AddDays(-40)).AddHours(1), Midnight(day.AddDays(-16)).AddHours(22), Midnight(day.AddDays(3)).AddHours(2));
        var gap = At(48, 23, 20);
        var lostRecovers = After(lostWorse, 14);
        return new(
            seed,
            day,
            [
                new(Routing, DeclaredStatus.Degraded, new(slow, slowEnds)),
                new(Routing, DeclaredStatus.Outage, new(down, back)),
                new(Routing, DeclaredStatus.Degraded, new(back, downEnds)),
                new(Agents, DeclaredStatus.Degraded, new(lost, lostWorse)),
                new(Agents, DeclaredStatus.Outage, new(lostWorse, lostRecovers)),
                new(Agents, DeclaredStatus.Degraded, new(lostRecovers, lostEnds)),
            ],
            new(gap, gap.AddHours(25)),
            [
                new("Slow responses in eu-west",
                [
                    Said(slow, 6, IncidentStatus.Investigating, "Requests through eu-west take several seconds longer than usual. We are looking into it.", Routing, DeclaredStatus.Degraded),
                    Said(slow.AddMinutes(19), 1, IncidentStatus.Identified, "One of the three routers dropped out of rotation after a configuration change, and the others carry its load. We are rolling the change back."),
                    Said(slowEnds, 2, IncidentStatus.Resolved, "The change is rolled back and all routers are online. Response times are back to normal.", Routing, DeclaredStatus.Operational),
                ]),
                new("Inference requests fail in all regions",
                [
                    Said(down, 3, IncidentStatus.Investigating, "Inference requests fail in all regions. We are investigating with priority.", Routing, DeclaredStatus.Outage),
                    Said(down.AddMinutes(14), 1, IncidentStatus.Identified, "An expired certificate keeps the routers from connecting to each other. A new one is being issued."),
                    Said(back, 2, IncidentStatus.Monitoring, "The new certificate is in place and most requests succeed. Some are still slow while the routers fill their caches.", Routing, DeclaredStatus.Degraded),
                    Said(downEnds, 4, IncidentStatus.Resolved, "All routers are online and response times are normal.", Routing, DeclaredStatus.Operational),
                    Said(downEnds.AddHours(26), 1, IncidentStatus.Postmortem, "**What happened:** the certificate that routers use among themselves expired, because its renewal had been failing for a week without an alert.\n\n**What we changed:** renewal is monitored, and an alert is raised 14 days before anything expires."),
                ]),
                new("Shared agents are not responding",
                [
                    Said(lost, 5, IncidentStatus.Investigating, "More than half of the shared agents are not responding. Requests to shared endpoints may wait or fail.", Agents, DeclaredStatus.Degraded),
                    Said(lostWorse, 2, IncidentStatus.Identified, "A failed network switch has cut off most shared agents. Endpoints that run on private agents are not affected.", Agents, DeclaredStatus.Outage),
                    Said(lostRecovers, 1, IncidentStatus.Monitoring, "Traffic goes around the failed switch and agents are coming back.", Agents, DeclaredStatus.Degraded),
                    Said(lostEnds, 3, IncidentStatus.Resolved, "All shared agents respond again.", Agents, DeclaredStatus.Operational),
                ]),
            ],
            [
                new("Router firmware update", "Routers are updated one after the other. Requests may be slower than usual.", WindowSeverity.Warning, "Inference Routing", Routing, new(firmware, firmware.AddMinutes(50))),
                new("Move of the model store", "Models are moved to new disks. New models cannot be uploaded meanwhile.", WindowSeverity.Warning, "Model Storage", "model_storage", new(storage, storage.AddMinutes(75))),
                new("Network maintenance", "A switch is replaced. We expect no interruption.", WindowSeverity.Info, "Shared Agents", Agents, new(network, network.AddMinutes(40))),
                new("Database upgrade", "The database behind model storage gets a new version. Uploads are read-only for a few minutes.", WindowSeverity.Warning, "Model Storage", "model_storage", new(upgrade, upgrade.AddHours(1))),
            ]);

        DateTimeOffset At(int daysAgo, int hour, int minute) => Midnight(day.AddDays(-daysAgo)).AddHours(hour).AddMinutes(minute).AddSeconds(random.Next(600));
        DateTimeOffset After(DateTimeOffset time, int minutes) => time.AddMinutes(minutes).AddSeconds(random.Next(120));
    }

    private static DemoUpdate Said(DateTimeOffset at, int minutesLater, IncidentStatus status, string body) => new(at, at.AddMinutes(minutesLater), status, body, []);

    private static DemoUpdate Said(DateTimeOffset at, int minutesLater, IncidentStatus status, string body, string component, DeclaredStatus declared) =>
        new(at, at.AddMinutes(minutesLater), status, body, [new() { Id = $"cmp_{component}", Status = declared }]);

    private static DateTimeOffset Midnight(DateOnly day) => new(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);
}

/// <summary>A stretch of time, whole seconds.</summary>
public readonly record struct DemoSpan(DateTimeOffset From, DateTimeOffset To);

/// <summary>A component that was measured as degraded or out.</summary>
/// <param name="ComponentKey">The component's key.</param>
/// <param name="Status">As what.</param>
/// <param name="Span">When.</param>
public sealed record DemoMeasurement(string ComponentKey, DeclaredStatus Status, DemoSpan Span);

/// <summary>An incident; it began with its first update.</summary>
public sealed record DemoIncident(string Title, IReadOnlyList<DemoUpdate> Updates);

/// <summary>An update of an incident.</summary>
/// <param name="At">When what it says was so.</param>
/// <param name="PostedAt">When it was posted.</param>
/// <param name="Status">The incident's status from then on.</param>
/// <param name="Body">What it says.</param>
/// <param name="Components">What it declares.</param>
public sealed record DemoUpdate(DateTimeOffset At, DateTimeOffset PostedAt, IncidentStatus Status, string Body, IReadOnlyList<ComponentDeclaration> Components);

/// <summary>A window of one component, carried out as it was planned; one that lies ahead begins and ends by itself.</summary>
public sealed record DemoWindow(string Title, string Description, WindowSeverity Severity, string Service, string ComponentKey, DemoSpan Span)
{
    /// <summary>When it was planned.</summary>
    public DateTimeOffset PlannedAt => Span.From.AddDays(-6);
}
