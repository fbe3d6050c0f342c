using System.Text.Json;
using Xerotier.OperatorConsole.Audit;

namespace Xerotier.OperatorConsole.Tests;

public sealed class AuditEntryTests
{
    [Theory]
    [InlineData("maintenance_window.event", "window_id", "Window", "/console/maintenance/x_1")]
    [InlineData("maintenance_series.event", "series_id", "Series", "/console/recurring/x_1")]
    [InlineData("incident.event", "incident_id", "Incident", "/console/incidents/x_1")]
    [InlineData("component.event", "component_id", "Component", "/console/platform/components/x_1")]
    public void A_change_says_what_was_and_what_is(string type, string idField, string kind, string page)
    {
        var entry = Read($$"""
            {"object":"{{type}}","{{idField}}":"x_1","action":"updated","actor":"key_1","occurred_at":"2026-11-24T14:53:00Z",
             "changed_fields":["title","notify"],"before":{"title":"Old","notify":true},"after":{"title":"<b>New</b>","notify":null} }
            """);

        Assert.Equal((kind, "<b>New</b>", page, "updated", "key_1"), (entry.Kind, entry.Name, entry.Page, entry.Action, entry.Actor));
        Assert.Equal(new DateTimeOffset(2026, 11, 24, 14, 53, 0, TimeSpan.Zero), entry.At);
        Assert.Equal([("title", "Old", "<b>New</b>"), ("notify", "true", "–")], entry.Changes);
    }

    [Fact]
    public void What_is_gone_keeps_its_name_and_has_no_page()
    {
        var entry = Read("""{"object":"incident.event","incident_id":"inc_1","action":"deleted","actor":"a","occurred_at":"2026-11-24T14:53:00Z","changed_fields":[],"before":{"name":"Old"},"after":null}""");

        Assert.Equal(("Old", null), (entry.Name, entry.Page));
    }

    [Fact]
    public void An_object_of_an_unknown_kind_is_told_all_the_same()
    {
        var entry = Read("""{"object":"other.event","action":"created","actor":"a","occurred_at":"2026-11-24T14:53:00Z","changed_fields":["x"],"after":{}}""");

        Assert.Equal(("Object", "", null), (entry.Kind, entry.Name, entry.Page));
        Assert.Equal([("x", "–", "–")], entry.Changes);
    }

    [Fact]
    public void A_long_value_is_cut()
    {
        var entry = Read($$"""{"object":"incident.event","incident_id":"i","action":"updated","actor":"a","occurred_at":"2026-11-24T14:53:00Z","changed_fields":["list"],"after":{"list":[{{string.Join(',', Enumerable.Repeat("12345", 100))}}] } }""");

        Assert.Equal(301, entry.Changes[0].After.Length);
        Assert.EndsWith("…", entry.Changes[0].After);
    }

    [Fact]
    public void A_list_of_words_is_told_as_words()
    {
        var entry = Read("""{"object":"incident.event","incident_id":"i","action":"updated","actor":"a","occurred_at":"2026-11-24T14:53:00Z","changed_fields":["services"],"before":{"services":[]},"after":{"services":["API","Web"]} }""");

        Assert.Equal([("services", "[]", "API, Web")], entry.Changes);
    }

    [Fact]
    public void Of_updates_and_components_those_that_differ_are_told_in_words_and_whole()
    {
        var earlier = new string('a', 400);
        var entry = Read($$"""
            {"object":"incident.event","incident_id":"i","action":"edited","actor":"a","occurred_at":"2026-11-24T14:53:00Z","changed_fields":["updates","components"],
             "before":{"updates":[{"id":"upd_1","status":"identified","body":"{{earlier}}"},{"id":"upd_2","status":"monitoring","body":"Same"}],"components":[]},
             "after":{"updates":[{"id":"upd_1","status":"identified","body":"Later"},{"id":"upd_2","status":"monitoring","body":"Same"}],"components":[{"id":"cmp_1","name":"API","status":"outage"}]} }
            """);

        Assert.Equal([("updates", $"identified: {earlier}", "identified: Later"), ("components", "–", "API: outage")], entry.Changes);
    }

    private static AuditEntry Read(string json)
    {
        using var document = JsonDocument.Parse(json);
        return AuditEntry.Of(document.RootElement);
    }
}
