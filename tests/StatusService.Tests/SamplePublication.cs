using System.Text;
using Xerotier.Contracts;
using Xerotier.StatusService.Board;
using Xerotier.StatusService.Documents.Content;
using Xerotier.StatusService.Model;
using Component = Xerotier.StatusService.Model.Component;

namespace Xerotier.StatusService.Tests;

/// <summary>What the tests of public documents make them of.</summary>
internal static class SamplePublication
{
    /// <summary>Text that each format has to keep from being more than text.</summary>
    public const string Hostile = "a]]>b<script>alert(1)</script>&amp;\"'\u0000\u0001\u001b[2J\u0085\ufffe\uffff\ud800 \udc00|x|\u202e`*_[y](javascript:z)";

    public static readonly DateTimeOffset Now = BoardTests.Start;
    public static readonly DateTimeOffset Began = Now.AddDays(-100);
    public static readonly Site Here = new("0197a3c2d1e47f0b9a6c5d4e3f2a1b0c", "Xerotier Status", "https://status.example.com");

    /// <summary>A publication; whatever is not given is fine and quiet.</summary>
    public static Publication Of(
        IReadOnlyList<PageIncident>? incidents = null, IReadOnlyList<PageWindow>? windows = null, IReadOnlyList<ComponentModel>? components = null,
        string[]? underMaintenance = null, DateTimeOffset? at = null, IReadOnlyList<CalendarWindow>? calendar = null, Site? site = null, bool unavailable = false)
    {
        components ??= [.. Components.BuiltIn.Select(component => Line(component))];
        windows ??= [];
        var announced = new Announcements([.. components.Select(line => line.Component)], [.. (incidents ?? []).OrderByDescending(incident => incident.StartedAt)]);
        List<PageWindow> active = [.. windows.Where(window => window.Status is WindowStatus.Active)];
        List<PageWindow> scheduled = [.. windows.Where(window => window.Status is WindowStatus.Scheduled)];
        var past = announced.Incidents.Where(incident => incident.ResolvedAt is not null).ToList();
        return new(
            new(
                at ?? Now,
                Rules.Overall([.. components.Select(line => line.Status)], active.Count > 0),
                components,
                new(announced.Open, announced.Open.Count, past, []),
                new(unavailable, unavailable ? Now.AddMinutes(-5) : null, active, active.Count, scheduled, scheduled.Count, windows),
                Began),
            announced,
            (underMaintenance ?? []).ToHashSet(),
            calendar ?? [.. windows.Select(window => new CalendarWindow(window, 1))],
            site ?? Here);
    }

    /// <summary>A line of the page.</summary>
    public static ComponentModel Line(Component component, ComponentStatus status = ComponentStatus.Operational, string? reason = null) =>
        new(component, status, reason, Now.AddMinutes(-9), 100m, [new(DateOnly.FromDateTime(Now.UtcDateTime), 50_000, 0, 0, 0, 0, 100m, InstallationDay.After)]);

    /// <summary>A component of an operator's own.</summary>
    public static Component Component(string id, string name, string? group = null) => new(id, name, 5)
    {
        Group = group,
        Description = "What it is.",
        CreatedAt = Now.AddDays(-50),
        UpdatedAt = Now.AddDays(-40),
        StartDate = new(2026, 9, 14),
    };

    /// <summary>An incident of these updates, oldest first, a minute apart; its last update is of <paramref name="status"/>.</summary>
    public static PageIncident Incident(string id, IncidentStatus status, params string[] bodies) => new()
    {
        Id = id,
        Title = "Routing is slow",
        Status = status,
        Impact = IncidentImpact.Minor,
        StartedAt = Now.AddHours(-2),
        ResolvedAt = status is IncidentStatus.Resolved or IncidentStatus.Postmortem ? Now.AddHours(-1) : null,
        Components = [new() { Id = "cmp_inference_routing", Name = "Inference Routing", Status = DeclaredStatus.Degraded }],
        Updates = [.. bodies.Select((body, i) => new PageIncidentUpdate
        {
            Id = $"upd_{id}_{i}",
            Status = i == bodies.Length - 1 ? status : IncidentStatus.Investigating,
            Body = body,
            Components = i == 0 ? [new() { Id = "cmp_inference_routing", Status = DeclaredStatus.Degraded }] : [],
            At = Now.AddHours(-2).AddMinutes(i),
            PostedAt = Now.AddHours(-2).AddMinutes(i).AddSeconds(7),
            EditedAt = null,
        })],
        UpdatesCount = bodies.Length,
        CreatedAt = Now.AddHours(-2).AddSeconds(7),
        UpdatedAt = Now.AddHours(-2).AddMinutes(bodies.Length - 1).AddSeconds(7),
    };

    /// <summary>A window of an hour that starts so many hours from now.</summary>
    public static PageWindow Window(string id, WindowStatus status, double hours) => new()
    {
        Id = id,
        Title = "Database upgrade",
        Description = "Writes pause briefly.",
        Severity = WindowSeverity.Warning,
        AffectedServices = ["Model Storage"],
        StartsAt = Now.AddHours(hours),
        EndsAt = Now.AddHours(hours + 1),
        Status = status,
        ActivatedAt = status is WindowStatus.Active or WindowStatus.Completed ? Now.AddHours(hours) : null,
        CompletedAt = status is WindowStatus.Completed ? Now.AddHours(hours + 1) : null,
        CancelledAt = status is WindowStatus.Cancelled ? Now.AddHours(hours - 1) : null,
        CreatedAt = Now.AddHours(hours - 24),
        UpdatedAt = Now.AddHours(hours - 20),
    };

    /// <summary>The document at <paramref name="path"/>.</summary>
    public static MadeDocument At(this IEnumerable<MadeDocument> documents, string path) => documents.Single(document => document.Path == path);

    /// <summary>The document as text.</summary>
    public static string Text(this MadeDocument document) => Encoding.UTF8.GetString(document.Live);

    /// <summary>Its stale variant as text, as long as the Gateway writes the time of an earlier day into it.</summary>
    public static string StaleText(this MadeDocument document) => Encoding.UTF8.GetString(document.Stale!)
        .Replace(StaleMarks.SinceText, "31 Dec 2026, 23:59:50 UTC", StringComparison.Ordinal)
        .Replace(StaleMarks.SinceMilliseconds, "2026-12-31T23:59:50.000Z", StringComparison.Ordinal);
}
