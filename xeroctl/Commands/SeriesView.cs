using System.Globalization;
using System.Text.Json;

namespace Xerotier.Xeroctl.Commands;

/// <summary>Series of maintenance windows as text.</summary>
internal static class SeriesView
{
    /// <summary>An empty table of series.</summary>
    public static Table Table() => new(
        new("ID", Place: 2, IsId: true), new("TITLE", Shrinks: true, Least: 14, Place: -1), new("RRULE", Shrinks: true, Least: 20), new("LOCAL TIME", Leaves: 4), new("TIMEZONE", Leaves: 3), new("DURATION", Leaves: 1), new("CANCELLED", Leaves: 2));

    /// <summary>Adds a series to a table.</summary>
    public static void AddTo(Table table, JsonElement series, DateTimeOffset now) => table.Add(
        series.Text("id") ?? "",
        series.Text("title") ?? "",
        series.Text("rrule") ?? "",
        series.Text("local_time") ?? "",
        series.Text("timezone") ?? "",
        series.Text("duration") ?? "",
        DetailView.Cell(series, "cancelled_at", now));

    /// <summary>One series with all its fields; <paramref name="done"/> says what happened to it.</summary>
    public static void Details(Screen screen, string? done, JsonElement series)
    {
        if (!screen.IsTerminal)
        {
            foreach (var name in (string[])["id", "severity", "title", "description", "timezone", "starts_on", "local_time", "duration", "rrule"])
            {
                screen.Columns(name, series.Text(name) ?? "");
            }

            screen.Columns("exdates", series.Texts("exdates"));
            screen.Columns("horizon_days", series.Count("horizon_days"));
            screen.Columns("affected_services", series.Texts("affected_services"));
            screen.Columns("auto_transition", series.IsTrue("auto_transition") ? "true" : "false");
            WindowView.Notify(screen, series);
            foreach (var name in (string[])["created_by", "created_at", "updated_at", "cancelled_at"])
            {
                screen.Columns(name, series.Text(name) ?? "");
            }

            return;
        }

        DetailView.Heading(screen, done, series);
        DetailView.Field(screen, "title", series.Text("title") ?? "");
        DetailView.Field(screen, "recurs", series.Text("rrule") ?? "");
        DetailView.Field(screen, "at", $"{series.Text("local_time")} in {series.Text("timezone")}, for {series.Text("duration")}");
        DetailView.Field(screen, "from", series.Text("starts_on") ?? "");
        if (series.Texts("exdates") is { Length: > 0 } exdates)
        {
            DetailView.Field(screen, "except", exdates);
        }

        DetailView.Field(screen, "made ahead", $"{series.Count("horizon_days")} days{(series.IsTrue("auto_transition") ? "; each changes automatically at start and end" : "")}");
        DetailView.Field(screen, "severity", new Piece(series.Text("severity") ?? "", WindowView.SeverityTone(series.Text("severity"))));
        DetailView.Field(screen, "affects", series.Texts("affected_services") is { Length: > 0 } services ? services : "all services");
        WindowView.Notify(screen, series);
        DetailView.TimeField(screen, "cancelled", series, "cancelled_at");
        DetailView.Field(screen, "created by", $"{series.Text("created_by")}{(series.Time("created_at") is { } created ? $", {Times.Relative(created, screen.Now)}" : "")}");
        if (series.Text("description") is { Length: > 0 } description)
        {
            screen.Line();
            screen.Paragraph(description, 2);
        }
    }

    /// <summary>The next occurrences that a series would have, and which of them daylight saving moves from <paramref name="localTime"/>.</summary>
    public static void Preview(Screen screen, JsonElement preview, string? localTime)
    {
        var table = new Table(
            new("OCCURRENCE", Leaves: 1),
            new("UTC START", Place: 2),
            new("UTC END", Place: 2, Leaves: 2),
            new("LOCAL START", Place: 1),
            new("LOCAL END", Place: 1, Leaves: 3),
            new("DAYLIGHT SAVING", Place: 3, Shrinks: true, Least: 38));
        foreach (var occurrence in preview.Items("data"))
        {
            var adjusted = occurrence.Text("adjusted") ?? "";
            table.Add(
                occurrence.Text("occurrence") ?? "",
                Cell(occurrence, "starts_at", "yyyy-MM-dd HH:mm"),
                Cell(occurrence, "ends_at", "yyyy-MM-dd HH:mm"),
                Cell(occurrence, "local_starts_at", "ddd yyyy-MM-dd HH:mm"),
                Cell(occurrence, "local_ends_at", "ddd yyyy-MM-dd HH:mm"),
                new(
                    adjusted switch
                    {
                        "gap" => $"moved forward: {localTime} does not exist",
                        "overlap" => $"the earlier of two: {localTime} exists twice",
                        _ => adjusted,
                    },
                    Tone.Warning,
                    Exact: adjusted));
        }

        if (screen.IsTerminal)
        {
            screen.Line(table.Count == 0 ? "No occurrences from now on" : "Next occurrences", " in ", new Piece(preview.Text("timezone") ?? "", Tone.Strong));
        }

        if (table.Count > 0 || !screen.IsTerminal)
        {
            table.Write(screen);
        }
    }

    // The offset of the time as it came is kept: that of local times is the zone's.
    private static TableCell Cell(JsonElement occurrence, string name, string format) =>
        new(occurrence.Time(name)?.ToString(format, CultureInfo.InvariantCulture) ?? "", Exact: occurrence.Text(name) ?? "");
}
