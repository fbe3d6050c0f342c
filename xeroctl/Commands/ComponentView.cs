using System.Globalization;
using System.Text.Json;

namespace Xerotier.Xeroctl.Commands;

/// <summary>Components as text.</summary>
internal static class ComponentView
{
    /// <summary>An empty table of components.</summary>
    /// <param name="archived">Whether archived ones are among them.</param>
    public static Table Table(bool archived)
    {
        TableColumn[] columns = [new("ID", Place: 2, IsId: true), new("NAME", Shrinks: true, Least: 18, Place: -1), new("GROUP", Shrinks: true, Leaves: 2), new("POSITION", Leaves: 1), new("MEASURED BY", Shrinks: true, Least: 14)];
        return new(archived ? [.. columns, new("ARCHIVED", Leaves: 3)] : columns);
    }

    /// <summary>Adds a component to a table.</summary>
    public static void AddTo(Table table, JsonElement component, bool archived, DateTimeOffset now)
    {
        var measured = MeasuredBy(component);
        TableCell[] cells = [component.Text("id") ?? "", component.Text("name") ?? "", component.Text("group") ?? "", component.Count("position"), new(measured, component.IsTrue("built_in") || component.Child("probe").ValueKind == JsonValueKind.Object ? Tone.None : Tone.Faint)];
        table.Add(archived ? [.. cells, DetailView.Cell(component, "archived_at", now)] : cells);
    }

    /// <summary>One component with all its fields; <paramref name="done"/> says what happened to it.</summary>
    public static void Details(Screen screen, string? done, JsonElement component)
    {
        var probe = component.Child("probe");
        if (!screen.IsTerminal)
        {
            foreach (var name in (string[])["id", "name", "description", "group"])
            {
                screen.Columns(name, component.Text(name) ?? "");
            }

            screen.Columns("position", component.Count("position"));
            screen.Columns("start_date", component.Text("start_date") ?? "");
            screen.Columns("only_show_if_degraded", component.IsTrue("only_show_if_degraded") ? "true" : "false");
            screen.Columns("probe.url", probe.Text("url") ?? "");
            foreach (var name in (string[])["interval_seconds", "timeout_seconds", "expect_status"])
            {
                screen.Columns($"probe.{name}", probe.Number(name)?.ToString("0", CultureInfo.InvariantCulture) ?? "");
            }

            screen.Columns("built_in", component.IsTrue("built_in") ? "true" : "false");
            foreach (var name in (string[])["created_at", "updated_at", "archived_at"])
            {
                screen.Columns(name, component.Text(name) ?? "");
            }

            return;
        }

        DetailView.Heading(screen, done, component);
        DetailView.Field(screen, "name", component.Text("name") ?? "");
        if (component.Text("group") is { } group)
        {
            DetailView.Field(screen, "group", group);
        }

        DetailView.Field(screen, "position", $"{component.Count("position")}{(component.IsTrue("only_show_if_degraded") ? ", hidden while it is operational" : "")}");
        DetailView.Field(screen, "measured by", Measurement(component));
        DetailView.Field(screen, "since", component.Text("start_date") ?? "");
        DetailView.TimeField(screen, "created", component, "created_at");
        DetailView.TimeField(screen, "archived", component, "archived_at");
        if (component.Text("description") is { Length: > 0 } description)
        {
            screen.Line();
            screen.Paragraph(description, 2);
        }
    }

    private static string MeasuredBy(JsonElement component) =>
        component.IsTrue("built_in") ? "the platform" : component.Child("probe").Text("url") ?? "incidents alone";

    private static string Measurement(JsonElement component)
    {
        var probe = component.Child("probe");
        return component.IsTrue("built_in") ? "the platform itself"
            : probe.Text("url") is { } url ? $"{url}, every {probe.Count("interval_seconds")} s, within {probe.Count("timeout_seconds")} s, expecting {probe.Number("expect_status")?.ToString("0", CultureInfo.InvariantCulture) ?? "any 2xx"}"
            : "incidents alone: operational unless one says otherwise";
    }
}
