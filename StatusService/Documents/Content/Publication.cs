using Xerotier.Maintenance.V1;
using Xerotier.ServiceDefaults.Site;
using Xerotier.StatusService.Board;

namespace Xerotier.StatusService.Documents.Content;

/// <summary>All that the public documents are made of, as of one instant. Equal publications give equal documents, byte for byte.</summary>
/// <param name="Page">What the page shows.</param>
/// <param name="Announced">The components and the incidents in full.</param>
/// <param name="UnderMaintenance">Ids of the components that an active window of a platform project covers.</param>
/// <param name="Calendar">The windows of 90 days back and ahead, by start.</param>
/// <param name="Site">Where the documents stand.</param>
public sealed record Publication(
    StatusPageModel Page, Announcements Announced, IReadOnlySet<string> UnderMaintenance, IReadOnlyList<CalendarWindow> Calendar, Site Site)
{
    /// <summary>What <paramref name="page"/> shows of <paramref name="board"/>.</summary>
    public static Publication Of(StatusPageModel page, BoardState board, IReadOnlyList<CalendarWindow> calendar, Site site) => new(
        page,
        board.Announced,
        board.UnderMaintenance,
        calendar,
        site.OfDemo(page.IsDemo));

    /// <summary>The first second ever recorded, or the present before there was one.</summary>
    public DateTimeOffset Began => Page.MonitoringSince ?? Page.GeneratedAt;

    /// <summary>When anything that it tells of changed last: documents that speak of changes alone do not change with the clock.</summary>
    public DateTimeOffset ChangedAt => Page.Components.Select(component => component.Since).OfType<DateTimeOffset>()
        .Concat(Announced.Incidents.Select(incident => incident.UpdatedAt))
        .Concat(Page.Windows.All.Select(window => window.UpdatedAt))
        .Append(Began)
        .Max();
}

/// <summary>A window as a calendar holds it.</summary>
/// <param name="Window">The window.</param>
/// <param name="Version">It rises with each change.</param>
public sealed record CalendarWindow(PageWindow Window, long Version)
{
    /// <summary>What is left of a purged window: that it is not going to be. It has no texts.</summary>
    public static CalendarWindow Of(PurgedWindow purged) => new(
        new()
        {
            Id = purged.Id,
            Title = "",
            Description = "",
            Severity = WindowSeverity.Info,
            AffectedServices = [],
            StartsAt = purged.StartsAt.ToDateTimeOffset(),
            EndsAt = purged.EndsAt.ToDateTimeOffset(),
            Status = WindowStatus.Cancelled,
            CompletedAt = null,
            CancelledAt = purged.PurgedAt.ToDateTimeOffset(),
            CreatedAt = purged.PurgedAt.ToDateTimeOffset(),
            UpdatedAt = purged.PurgedAt.ToDateTimeOffset(),
        },
        purged.Version);
}

/// <summary>Where the public documents stand, and what tells this installation from others.</summary>
/// <param name="Id">The installation's id, made once.</param>
/// <param name="Name">The page's name.</param>
/// <param name="Url">The public address, without a slash at its end.</param>
public sealed record Site(string Id, string Name, string Url)
{
    /// <summary>The same, where <paramref name="demo"/> says so as that of a demo, whose name says so everywhere.</summary>
    public Site OfDemo(bool demo) => demo ? this with { Name = DemoMark.Prefix + Name } : this;

    /// <summary>The path of an incident's own page.</summary>
    public static string PathOf(PageIncident incident) => $"/status/incidents/{incident.Id}";

    /// <summary>The address of an incident's own page.</summary>
    public string LinkTo(PageIncident incident) => Url + PathOf(incident);

    /// <summary>The address of a window's place on the page.</summary>
    public string LinkTo(PageWindow window) => $"{Url}/status#{window.Id}";
}

/// <summary>A document that is made.</summary>
/// <param name="Path">Its path, with its query where that chooses it.</param>
/// <param name="ContentType">Its media type.</param>
/// <param name="Live">Its bytes, UTF-8.</param>
/// <param name="Stale">Its bytes where live data is unavailable, with the marks of <see cref="StaleMarks"/>; null: the same.</param>
public sealed record MadeDocument(string Path, string ContentType, byte[] Live, byte[]? Stale = null);
