using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Xerotier.ServiceDefaults.Site;
using Xerotier.Contracts;
using Xerotier.StatusService.Documents.Content;
using Xerotier.StatusService.Model;
using Component = Xerotier.StatusService.Model.Component;
using OverallStatus = Xerotier.StatusService.Model.OverallStatus;

namespace Xerotier.StatusService.Documents.Statuspage;

/// <summary>The documents of <c>/api/v2</c>, in the shape of Atlassian Statuspage (surfaces.md section 14).</summary>
public static class StatuspageApi
{
    private const int Frame = 2_000; // more than the bytes of a page and a status
    private const int Planned = 120; // more than those of what maintenance has beyond an incident
    private const string Operational = "operational";
    private const string Degraded = "degraded_performance";
    private const string Outage = "major_outage";
    private const string UnderMaintenance = "under_maintenance";

    /// <summary>All documents.</summary>
    public static IEnumerable<MadeDocument> Make(Publication publication)
    {
        var status = StatusOf(publication.Page);
        var components = new ComponentList(publication);
        List<StatuspageIncident> recent = [.. Newest(publication.Announced.Incidents).Take(Bounds.Entries).Select(incident => ToIncident(incident, publication, components))];
        List<StatuspageIncident> open = [.. Newest(publication.Announced.Open).Select(incident => ToIncident(incident, publication, components))];
        List<StatuspageMaintenance> windows = [.. Windows(publication.Page.Windows).Select(window => ToMaintenance(window, publication, components))];

        var room = Bounds.Document - JsonSerializer.SerializeToUtf8Bytes(components.All, ContractsJson.Wire.IReadOnlyListStatuspageComponent).Length - Frame;
        var summarised = Fit(open, ref room);
        var ahead = Fit(windows.Where(maintenance => maintenance.Status != "completed"), ref room);
        var incidents = Fit(recent);
        var unresolved = Fit(open);
        var maintenances = Fit(windows.Take(Bounds.Entries));
        var upcoming = Fit(windows.Where(maintenance => maintenance.Status == "scheduled"));
        var active = Fit(windows.Where(maintenance => maintenance.Status == "in_progress"));

        return
        [
            Of("summary", page => new StatuspageSummary { Page = page, Components = components.All, Incidents = summarised, ScheduledMaintenances = ahead, Status = status }, ContractsJson.Wire.StatuspageSummary),
            Of("status", page => new StatuspageStatusDocument { Page = page, Status = status }, ContractsJson.Wire.StatuspageStatusDocument),
            Of("components", page => new StatuspageComponents { Page = page, Components = components.All }, ContractsJson.Wire.StatuspageComponents),
            Of("incidents", page => new StatuspageIncidents { Page = page, Incidents = incidents }, ContractsJson.Wire.StatuspageIncidents),
            Of("incidents/unresolved", page => new StatuspageIncidents { Page = page, Incidents = unresolved }, ContractsJson.Wire.StatuspageIncidents),
            Of("scheduled-maintenances", page => new StatuspageMaintenances { Page = page, ScheduledMaintenances = maintenances }, ContractsJson.Wire.StatuspageMaintenances),
            Of("scheduled-maintenances/upcoming", page => new StatuspageMaintenances { Page = page, ScheduledMaintenances = upcoming }, ContractsJson.Wire.StatuspageMaintenances),
            Of("scheduled-maintenances/active", page => new StatuspageMaintenances { Page = page, ScheduledMaintenances = active }, ContractsJson.Wire.StatuspageMaintenances),
        ];

        MadeDocument Of<T>(string name, Func<StatuspagePage, T> make, JsonTypeInfo<T> type) => new(
            $"/api/v2/{name}.json",
            "application/json; charset=utf-8",
            JsonSerializer.SerializeToUtf8Bytes(make(ToPage(publication, null)), type),
            JsonSerializer.SerializeToUtf8Bytes(make(ToPage(publication, StaleMarks.SinceMilliseconds)), type));
    }

    private static IEnumerable<PageIncident> Newest(IEnumerable<PageIncident> incidents) => incidents.OrderByDescending(incident => incident.CreatedAt);

    /// <summary>The windows that the page shows, without cancelled ones, latest start first.</summary>
    private static IEnumerable<PageWindow> Windows(WindowsModel windows) => windows.All
        .Where(window => window.Status != WindowStatus.Cancelled)
        .OrderByDescending(window => window.StartsAt).ThenBy(window => window.Id, StringComparer.Ordinal);

    /// <summary>The first of <paramref name="newestFirst"/>, as many as a document of their own may hold.</summary>
    private static List<T> Fit<T>(IEnumerable<T> newestFirst)
        where T : StatuspageIncident
    {
        var room = Bounds.Document - Frame;
        return Fit(newestFirst, ref room);
    }

    /// <summary>The first of <paramref name="newestFirst"/>, as many as there is room for, each with its newest updates; its link leads to the others.</summary>
    private static List<T> Fit<T>(IEnumerable<T> newestFirst, ref int room)
        where T : StatuspageIncident
    {
        var fitting = new List<T>();
        foreach (var each in newestFirst)
        {
            StatuspageIncident empty = each;
            empty = empty with { IncidentUpdates = [] };
            var size = JsonSerializer.SerializeToUtf8Bytes(empty, ContractsJson.Wire.StatuspageIncident).Length + Planned;
            if (size > room)
            {
                break;
            }

            var updates = new List<StatuspageUpdate>();
            foreach (var update in each.IncidentUpdates)
            {
                var longer = size + JsonSerializer.SerializeToUtf8Bytes(update, ContractsJson.Wire.StatuspageUpdate).Length + 1;
                if (update.Body.Length == 0 || longer > Math.Min(Bounds.Entry, room))
                {
                    break; // its text is not known here, or there is no room for it
                }

                updates.Add(update);
                size = longer;
            }

            fitting.Add((T)(empty with { IncidentUpdates = updates }));
            room -= size;
        }

        return fitting;
    }

    private static StatuspagePage ToPage(Publication publication, string? staleSince) => new()
    {
        Id = publication.Site.Id,
        Name = publication.Site.Name,
        Url = publication.Site.Url,
        UpdatedAt = publication.ChangedAt,
        XerotierStaleSince = staleSince,
    };

    private static StatuspageStatus StatusOf(StatusPageModel page)
    {
        var statuses = page.Components.Select(component => component.Status).ToList();
        var level = Rules.Overall(statuses, maintenance: false);
        return new()
        {
            Indicator = level switch
            {
                OverallStatus.MajorOutage => "critical",
                OverallStatus.PartialOutage => "major",
                OverallStatus.Operational => "none",
                _ => "minor",
            },
            Description = Wording.Label(level is OverallStatus.Operational ? page.Overall : level), // a window hides nothing that is wrong
        };
    }

    private static StatuspageIncident ToIncident(PageIncident incident, Publication publication, ComponentList components)
    {
        var before = new Dictionary<string, string>(StringComparer.Ordinal);
        var updates = new List<StatuspageUpdate>();
        foreach (var update in incident.Updates)
        {
            List<StatuspageAffectedComponent> affected =
            [
                .. update.Components.Select(declared => new StatuspageAffectedComponent
                {
                    Code = declared.Id,
                    Name = components.NameOf(declared.Id) ?? incident.Components.FirstOrDefault(named => named.Id == declared.Id)?.Name ?? declared.Id,
                    OldStatus = before.GetValueOrDefault(declared.Id, Operational),
                    NewStatus = before[declared.Id] = ToWord(declared.Status),
                }),
            ];
            updates.Add(new()
            {
                Id = update.Id,
                IncidentId = incident.Id,
                Status = ToWord(update.Status),
                Body = Markdown.ToPlainText(update.Body),
                CreatedAt = update.PostedAt,
                UpdatedAt = update.EditedAt ?? update.PostedAt,
                DisplayAt = update.At,
                AffectedComponents = affected.Count > 0 ? affected : null,
            });
        }

        updates.Reverse();
        return new()
        {
            Id = incident.Id,
            PageId = publication.Site.Id,
            Name = incident.Title,
            Status = ToWord(incident.Status),
            Impact = ToWord(incident.Impact),
            CreatedAt = incident.CreatedAt,
            UpdatedAt = incident.UpdatedAt,
            StartedAt = incident.StartedAt,
            MonitoringAt = incident.Updates.FirstOrDefault(update => update.Status is IncidentStatus.Monitoring)?.At,
            ResolvedAt = incident.ResolvedAt,
            Shortlink = publication.Site.LinkTo(incident),
            IncidentUpdates = updates,
            Components = [.. components.All.Where(component => incident.Components.Any(named => named.Id == component.Id))],
        };
    }

    private static StatuspageMaintenance ToMaintenance(PageWindow window, Publication publication, ComponentList components)
    {
        var steps = WindowSteps.Of(window).Where(step => step.Status != WindowStatus.Cancelled);
        return new()
        {
            Id = window.Id,
            PageId = publication.Site.Id,
            Name = window.Title,
            Status = ToWord(window.Status),
            Impact = "maintenance",
            CreatedAt = window.CreatedAt,
            UpdatedAt = window.UpdatedAt,
            StartedAt = window.StartsAt,
            MonitoringAt = null,
            ResolvedAt = window.CompletedAt,
            ScheduledFor = window.StartsAt,
            ScheduledUntil = window.EndsAt,
            Shortlink = publication.Site.LinkTo(window),
            IncidentUpdates =
            [
                .. steps.Reverse().Select(step => new StatuspageUpdate
                {
                    Id = $"{window.Id}-{ToWord(step.Status)}",
                    IncidentId = window.Id,
                    Status = ToWord(step.Status),
                    Body = step.Text,
                    CreatedAt = step.At,
                    UpdatedAt = step.At,
                    DisplayAt = step.At,
                    AffectedComponents = null,
                }),
            ],
            Components = components.AffectedBy(window),
        };
    }

    private static string ToWord(DeclaredStatus status) => status switch { DeclaredStatus.Outage => Outage, DeclaredStatus.Degraded => Degraded, _ => Operational };

    private static string ToWord(IncidentStatus status) => status switch
    {
        IncidentStatus.Investigating => "investigating",
        IncidentStatus.Identified => "identified",
        IncidentStatus.Monitoring => "monitoring",
        IncidentStatus.Resolved => "resolved",
        _ => "postmortem",
    };

    private static string ToWord(IncidentImpact impact) => impact switch
    {
        IncidentImpact.Critical => "critical",
        IncidentImpact.Major => "major",
        IncidentImpact.Minor => "minor",
        _ => "none",
    };

    private static string ToWord(WindowStatus status) => status switch { WindowStatus.Active => "in_progress", WindowStatus.Completed => "completed", _ => "scheduled" };

    /// <summary>The components of the page with their groups.</summary>
    private sealed class ComponentList
    {
        private readonly List<(Component Component, StatuspageComponent Shown)> components;

        public ComponentList(Publication publication)
        {
            components = [.. publication.Page.Components.Select(model => (model.Component, ToComponent(model, publication)))];
            var ordered = components.GroupBy(each => each.Component.Group is { } group ? IdOf(group) : each.Component.Id)
                .SelectMany(group => group.First().Component.Group is { } name ? [GroupOf(name, [.. group.Select(each => each.Shown)]), .. group.Select(each => each.Shown)] : group.Select(each => each.Shown));
            All = [.. ordered.Select((component, i) => component with { Position = i + 1 })];
        }

        /// <summary>In the order of the page, each group before its first component.</summary>
        public IReadOnlyList<StatuspageComponent> All { get; }

        public string? NameOf(string id) => components.Find(each => each.Component.Id == id).Component?.Name;

        public IReadOnlyList<StatuspageComponent> AffectedBy(PageWindow window) => [.. All.Where(shown => components.Exists(each => each.Component.Id == shown.Id && each.Component.IsAffectedBy(window.AffectedServices)))];

        private static StatuspageComponent ToComponent(ComponentModel model, Publication publication) => new()
        {
            Id = model.Component.Id,
            PageId = publication.Site.Id,
            Name = model.Name,
            Description = model.Component.Description,
            Status = model.Status is ComponentStatus.Outage ? Outage
                : publication.UnderMaintenance.Contains(model.Component.Id) ? UnderMaintenance
                : model.Status is ComponentStatus.Operational ? Operational
                : Degraded,
            XerotierStatus = model.Status is ComponentStatus.Unknown ? "unknown" : null,
            CreatedAt = model.Component.CreatedAt ?? publication.Began,
            UpdatedAt = (model.Component.UpdatedAt ?? publication.Began) is var changed && model.Since > changed ? model.Since.Value : changed,
            Position = 0,
            Showcase = true,
            StartDate = model.Component.StartDate != default ? model.Component.StartDate
                : publication.Page.MonitoringSince is { } since ? DateOnly.FromDateTime(since.UtcDateTime)
                : null,
            GroupId = model.Group is null ? null : IdOf(model.Group),
            Group = false,
            OnlyShowIfDegraded = model.Component.OnlyShowIfDegraded,
        };

        private static StatuspageComponent GroupOf(string name, IReadOnlyList<StatuspageComponent> members) => members[0] with
        {
            Id = IdOf(name),
            Name = name,
            Description = null,
            Status = members.MaxBy(member => Rank(member.Status))!.Status,
            XerotierStatus = members.FirstOrDefault(member => member.XerotierStatus is not null)?.XerotierStatus,
            CreatedAt = members.Min(member => member.CreatedAt),
            UpdatedAt = members.Max(member => member.UpdatedAt),
            StartDate = members.Min(member => member.StartDate),
            GroupId = null,
            Group = true,
            OnlyShowIfDegraded = false,
            Components = [.. members.Select(member => member.Id)],
        };

        private static int Rank(string status) => status switch { Outage => 3, Degraded => 2, UnderMaintenance => 1, _ => 0 };

        /// <summary>An id that stays as long as the group has its name.</summary>
        private static string IdOf(string group) => "grp_" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(group)).AsSpan(0, 10));
    }
}
