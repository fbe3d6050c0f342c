using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Xerotier.Contracts;
using Xerotier.ServiceDefaults.Site;
using Xerotier.StatusService.Board;
using Xerotier.StatusService.Documents.Content;
using Xerotier.StatusService.Documents.Page;
using Xerotier.StatusService.History;
using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.Tests;

/// <summary>Incidents on the page and on their own pages.</summary>
public sealed class IncidentPageTests
{
    private static readonly DateTimeOffset Now = BoardTests.Start;

    [Fact]
    public async Task An_open_incident_is_on_the_page_with_its_latest_update_as_safe_html()
    {
        var html = await RenderAsync(Incident(IncidentStatus.Identified, null, "First.", "A **bold** word, a [link](https://example.com) and <b onclick=x>more</b> ![i](https://example.com/i.png) [bad](javascript:alert(1))"));
        Assert.Contains("Open incidents", html, StringComparison.Ordinal);
        Assert.Contains("<strong>bold</strong>", html, StringComparison.Ordinal);
        Assert.Contains("rel=\"nofollow noopener\"", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<b onclick", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<img", html, StringComparison.Ordinal);
        Assert.DoesNotContain("href=\"javascript", html, StringComparison.Ordinal);
        Assert.Contains("/status/incidents/inc_one", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_resolved_incident_is_among_the_past_ones_and_quiet_days_are_one_line()
    {
        var html = await RenderAsync(Incident(IncidentStatus.Resolved, Now.AddMinutes(-1), "It began.", "It is over."));
        Assert.DoesNotContain("Open incidents", html, StringComparison.Ordinal);
        Assert.Contains("It is over.", html, StringComparison.Ordinal);
        Assert.Contains("No incidents", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_incidents_own_page_has_all_of_its_updates()
    {
        using var renderer = new PageRenderer(NullLoggerFactory.Instance, Brand.Default);
        var html = Encoding.UTF8.GetString(await renderer.RenderIncidentAsync(new(Incident(IncidentStatus.Monitoring, null, "First.", "Second.")), stale: false, TestContext.Current.CancellationToken));
        Assert.Contains("First.", html, StringComparison.Ordinal);
        Assert.Contains("Second.", html, StringComparison.Ordinal);
        Assert.Contains("Routing is slow", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_page_of_an_incident_that_is_open_says_when_nobody_knows_whether_it_still_is()
    {
        using var renderer = new PageRenderer(NullLoggerFactory.Instance, Brand.Default);
        var open = new IncidentPageModel(Incident(IncidentStatus.Monitoring, null, "First.", "Second."));
        var (live, stale) = (await PageAsync(false), await PageAsync(true));
        Assert.DoesNotContain("unavailable", live, StringComparison.Ordinal);
        Assert.Contains("<main class=\"history was\">", stale, StringComparison.Ordinal);
        Assert.Contains("Live data has been unavailable since <time datetime=\"@@stale_since@@\">@@stale_since_text@@</time>. This is the last known state.", stale, StringComparison.Ordinal);
        Assert.Contains("Second.", stale, StringComparison.Ordinal);

        async Task<string> PageAsync(bool isStale) => Encoding.UTF8.GetString(await renderer.RenderIncidentAsync(open, isStale, TestContext.Current.CancellationToken));
    }

    private static async Task<string> RenderAsync(PageIncident incident)
    {
        var inputs = BoardTests.Known().WithNotices(BoardWindows.From(new()), new(Components.BuiltIn, [incident]), Now);
        var state = BoardState.At(inputs, Now);
        var stamp = new ChangeStamp("", Now.ToUnixTimeSeconds(), new Dictionary<string, StateSince>(), null);
        var model = PageBuilder.Build(state, stamp, HistorySnapshot.Empty, new StatusTrack(), Now);
        using var renderer = new PageRenderer(NullLoggerFactory.Instance, Brand.Default);
        var page = await renderer.RenderAsync(model, TestContext.Current.CancellationToken);
        return page.Html.Identity.ToStringUtf8();
    }

    private static PageIncident Incident(IncidentStatus status, DateTimeOffset? resolved, params string[] bodies) => new()
    {
        Id = "inc_one",
        Title = "Routing is slow",
        Status = status,
        Impact = IncidentImpact.Minor,
        StartedAt = Now.AddHours(-1),
        ResolvedAt = resolved,
        Components = [new() { Id = "cmp_inference_routing", Name = "Inference Routing", Status = DeclaredStatus.Degraded }],
        Updates = [.. bodies.Select((body, i) => new PageIncidentUpdate
        {
            Id = $"upd_{i}",
            Status = i == bodies.Length - 1 ? status : IncidentStatus.Investigating,
            Body = body,
            Components = i == 0 ? [new() { Id = "cmp_inference_routing", Status = DeclaredStatus.Degraded }] : [],
            At = Now.AddMinutes(i - 60),
            PostedAt = Now.AddMinutes(i - 60),
            EditedAt = null,
        })],
        UpdatesCount = bodies.Length,
        CreatedAt = Now.AddHours(-1),
        UpdatedAt = Now.AddHours(-1),
    };
}
