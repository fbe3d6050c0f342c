using Xerotier.Contracts;
using Xerotier.StatusService.Documents.Content;
using Xerotier.StatusService.Documents.Text;
using Xerotier.StatusService.Model;
using static Xerotier.StatusService.Tests.SamplePublication;

namespace Xerotier.StatusService.Tests;

/// <summary>The texts for agents and shells (surfaces.md section 18).</summary>
public sealed class TextTests
{
    private static readonly Publication Bad = Of(
        [Incident("inc_one", IncidentStatus.Identified, "One.", $"A **fix** is on its way, [see](https://example.com/plan). {string.Concat(Enumerable.Repeat("Many words and more words. ", 30))}"), Incident("inc_past", IncidentStatus.Resolved, "Over.")],
        [Window("mw_now", WindowStatus.Active, -0.5), Window("mw_next", WindowStatus.Scheduled, 9) with { Title = string.Concat(Enumerable.Repeat("データベース ", 20)) }],
        [Line(Components.Dashboard), Line(Components.InferenceRouting, ComponentStatus.Outage, "all 3 routers are offline")]);

    [Fact]
    public void Plain_text_says_the_page_in_80_columns()
    {
        var made = PlainTexts.Make(Bad).At("/status.txt");
        Assert.Equal("text/plain; charset=utf-8", made.ContentType);
        foreach (var text in new[] { made.Text(), made.StaleText() })
        {
            Assert.All(text.Split('\n'), line => Assert.True(Columns(line) <= 80 || !line.Trim().Contains(' ', StringComparison.Ordinal), line));
            foreach (var said in new[] { "Under Maintenance", "Inference Routing: Outage (all 3 routers are offline), since 3 Nov 2026, 13:53 UTC", "INCIDENT: Routing is slow", "A fix is on its way, see (https://example.com/plan).", "https://status.example.com/status/incidents/inc_one", "MAINTENANCE IN PROGRESS", "Database upgrade", "UPCOMING MAINTENANCE", "PAST INCIDENTS" })
            {
                Assert.Contains(said, text.ReplaceLineEndings(" ").Replace("   ", " ", StringComparison.Ordinal), StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void A_word_of_79_columns_does_not_grow_by_an_indentation()
    {
        var made = PlainTexts.Make(Of([Incident("inc_one", IncidentStatus.Identified, $"Words {new string('x', 79)} and {new string('y', 120)} end.")])).At("/status.txt");
        Assert.Contains(new string('x', 79), made.Text().Split('\n'));
        Assert.Contains(new string('y', 120), made.Text().Split('\n'));
    }

    [Fact]
    public void Stale_is_said_in_the_first_line()
    {
        foreach (var path in new[] { "/status.md", "/status.txt" })
        {
            var made = PlainTexts.Make(Bad).At(path);
            Assert.Contains("Live data has been unavailable since 31 Dec 2026, 23:59:50 UTC.", made.StaleText().Split('\n')[0], StringComparison.Ordinal);
            Assert.Contains("Last known: ", made.StaleText(), StringComparison.Ordinal);
            Assert.DoesNotContain("unavailable", made.Text(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Lost_maintenance_data_is_said()
    {
        foreach (var path in new[] { "/status.md", "/status.txt" })
        {
            Assert.Contains("Maintenance data has been unavailable since 3 Nov 2026, 13:57 UTC.", PlainTexts.Make(Of(unavailable: true)).At(path).Text(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Markdown_has_the_services_as_a_table_and_an_update_as_a_quotation()
    {
        var lines = PlainTexts.Make(Bad).At("/status.md").Text().Split('\n');
        Assert.Equal("# Xerotier Status: Under Maintenance", lines[0]);
        Assert.Contains(lines, line => line.StartsWith("| Inference Routing | Outage (all 3 routers are offline) | 3 Nov 2026, 13:53 UTC | ", StringComparison.Ordinal));
        Assert.Contains("### [Routing is slow](https://status.example.com/status/incidents/inc_one)", lines);
        Assert.Contains(lines, line => line.StartsWith("> A fix is on its way, see (https://example.com/plan).", StringComparison.Ordinal));
    }

    [Fact]
    public void Hostile_text_is_nothing_that_a_terminal_or_a_reader_of_Markdown_obeys()
    {
        var body = Hostile + "\n\n# All Systems Operational\n\n<img src=x onerror=alert(1)>\n";
        var publication = Of(
            [Incident("inc_one", IncidentStatus.Identified, body) with { Title = Hostile }], [Window("mw_one", WindowStatus.Active, -0.5) with { Title = Hostile, AffectedServices = [Hostile] }],
            [Line(Component("cmp_hostile", Hostile), ComponentStatus.Degraded, Hostile)]);
        foreach (var made in PlainTexts.Make(publication))
        {
            Assert.DoesNotContain(made.Text(), c => (char.IsControl(c) && c != '\n') || c == '\u202e');
        }

        var markdown = PlainTexts.Make(publication).At("/status.md").Text();
        var html = Markdig.Markdown.ToHtml(markdown);
        Assert.DoesNotContain("<script", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<img", html, StringComparison.Ordinal);
        Assert.DoesNotContain("javascript:z\"", html, StringComparison.Ordinal);
        Assert.Single(html.Split("<h1").Skip(1));
        Assert.Equal(5, markdown.Split('\n').First(line => line.StartsWith("| a", StringComparison.Ordinal)).Replace("\\|", "", StringComparison.Ordinal).Count(c => c == '|'));
    }

    [Fact]
    public void Agents_are_told_what_is_where()
    {
        var text = PlainTexts.Make(Of()).At("/llms.txt").Text();
        foreach (var path in new[] { "/status.md", "/status.txt", "/status.json", "/api/v2/summary.json", "/status/history.atom", "/status/updates.json", "/status/maintenance.ics", "/status/badge.svg", "/status/embed", "/openapi/v1.json" })
        {
            Assert.Contains(Here.Url + path, text, StringComparison.Ordinal);
        }
    }

    private static int Columns(string line) => line.EnumerateRunes().Sum(rune => rune.Value >= 0x2E80 ? 2 : 1);
}
