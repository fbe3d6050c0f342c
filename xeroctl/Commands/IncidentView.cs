using System.Text.Json;

namespace Xerotier.Xeroctl.Commands;

/// <summary>Incidents as text.</summary>
internal static class IncidentView
{
    private static readonly TimeSpan Late = TimeSpan.FromMinutes(5);

    /// <summary>An empty table of incidents.</summary>
    public static Table Table() => new(
        new("ID", Place: 2, IsId: true), new("STATUS", Leaves: 4), new("IMPACT", Leaves: 1), new("STARTED", Leaves: 3), new("RESOLVED", Leaves: 2), new("TITLE", Shrinks: true, Least: 18, Place: -1), new("COMPONENTS", Shrinks: true, OnlyWide: true));

    /// <summary>Adds an incident to a table.</summary>
    public static void AddTo(Table table, JsonElement incident, DateTimeOffset now)
    {
        var (status, impact) = (Status(incident), incident.Text("impact") ?? "");
        table.Add(
            incident.Text("id") ?? "",
            new(status, StatusTone(status)),
            new(impact, ImpactTone(impact)),
            DetailView.Cell(incident, "started_at", now),
            DetailView.Cell(incident, "resolved_at", now),
            incident.Text("title") ?? "",
            string.Join(", ", incident.Items("components").Select(component => component.Text("name") ?? "")));
    }

    /// <summary>One incident with all its fields, and some of its updates.</summary>
    /// <param name="screen">Where it goes.</param>
    /// <param name="done">What happened to it, if anything.</param>
    /// <param name="incident">The incident.</param>
    /// <param name="page">Its address on the status page.</param>
    /// <param name="isShown">Decides by its id whether an update is shown.</param>
    public static void Details(Screen screen, string? done, JsonElement incident, Uri page, Func<string, bool> isShown)
    {
        var updates = incident.Items("updates").ToList();
        var ids = updates.ConvertAll(update => update.Text("id") ?? "");
        var names = incident.Items("components").GroupBy(component => component.Text("id") ?? "").ToDictionary(group => group.Key, group => group.First().Text("name") ?? "");
        var shown = Enumerable.Range(0, updates.Count).Where(i => isShown(ids[i])).ToList();
        if (!screen.IsTerminal)
        {
            foreach (var name in (string[])["id", "status", "impact", "impact_override", "title", "started_at", "resolved_at"])
            {
                screen.Columns(name, incident.Text(name) ?? "");
            }

            screen.Columns("components", Components(incident));
            screen.Columns("draft", incident.IsTrue("draft") ? "true" : "false");
            foreach (var name in (string[])["created_by", "created_at", "updated_at"])
            {
                screen.Columns(name, incident.Text(name) ?? "");
            }

            foreach (var update in shown.Select(i => updates[i]))
            {
                screen.Columns("update", update.Text("id") ?? "", update.Text("status") ?? "", update.Text("at") ?? "", update.Text("posted_at") ?? "", update.Text("edited_at") ?? "", Declared(update, names), update.Text("body") ?? "");
            }

            return;
        }

        DetailView.Heading(screen, done, incident);
        var (status, impact) = (incident.Text("status") ?? "", incident.Text("impact") ?? "");
        DetailView.Field(screen, "title", incident.Text("title") ?? "");
        DetailView.Field(screen, "status", new Piece(status, StatusTone(status)), incident.IsTrue("draft") ? ", a draft: not on the status page yet" : "");
        DetailView.Field(screen, "impact", new Piece(impact, ImpactTone(impact)), incident.Text("impact_override") is null ? "" : ", set by hand");
        DetailView.TimeField(screen, "started", incident, "started_at");
        DetailView.TimeField(screen, "resolved", incident, "resolved_at");
        DetailView.Field(screen, "components", Components(incident) is { Length: > 0 } components ? components : "none");
        DetailView.Field(screen, "created by", $"{incident.Text("created_by")}{(incident.Time("created_at") is { } created ? $", {Times.Relative(created, screen.Now)}" : "")}");
        if (!incident.IsTrue("draft"))
        {
            DetailView.Field(screen, "page", page.ToString());
        }

        var prefixes = Output.Table.UniquePrefixes(ids);
        foreach (var i in shown)
        {
            screen.Line();
            WriteUpdate(screen, updates[i], prefixes[i], names);
        }
    }

    /// <summary>What a person should know of an incident while writing an update.</summary>
    public static IEnumerable<string> Notes(JsonElement incident, DateTimeOffset now)
    {
        if (incident.ValueKind != JsonValueKind.Object)
        {
            yield break;
        }

        yield return "";
        yield return $"{incident.Text("title")} ({incident.Text("id")}): {Status(incident)}, {incident.Text("impact")}{(incident.Time("started_at") is { } started ? $", started {Times.Relative(started, now)}" : "")}";
        if (Components(incident) is { Length: > 0 } components)
        {
            yield return $"Components: {components}";
        }

        if (incident.Items("updates").LastOrDefault() is { ValueKind: JsonValueKind.Object } last)
        {
            yield return $"Last update{(last.Time("at") is { } at ? $", {Times.Relative(at, now)}" : "")}: {last.Text("status")}";
            foreach (var line in (last.Text("body") ?? "").ReplaceLineEndings("\n").Split('\n'))
            {
                yield return $"  {line}";
            }
        }
    }

    /// <summary>The components that an incident names, each with the state that it declares.</summary>
    public static string Components(JsonElement incident) =>
        string.Join(", ", incident.Items("components").Select(component => $"{component.Text("name")} ({component.Text("status")})"));

    /// <summary>The tone of an incident's status.</summary>
    public static Tone StatusTone(string? status) => status switch
    {
        "investigating" or "identified" => Tone.Warning,
        "monitoring" => Tone.Info,
        "resolved" or "postmortem" => Tone.Good,
        _ => Tone.Faint,
    };

    /// <summary>The tone of an incident's impact.</summary>
    public static Tone ImpactTone(string? impact) => impact switch
    {
        "critical" or "major" => Tone.Bad,
        "minor" => Tone.Warning,
        _ => Tone.None,
    };

    // Nobody sees a draft, whatever status it will have.
    private static string Status(JsonElement incident) => incident.IsTrue("draft") ? "draft" : incident.Text("status") ?? "";

    private static string Declared(JsonElement update, Dictionary<string, string> names) => string.Join(", ", update.Items("components").Select(component =>
        $"{names.GetValueOrDefault(component.Text("id") ?? "") ?? component.Text("id")} ({component.Text("status")})"));

    private static void WriteUpdate(Screen screen, JsonElement update, string id, Dictionary<string, string> names)
    {
        var status = update.Text("status") ?? "";
        var (at, posted) = (update.Time("at"), update.Time("posted_at"));
        var late = posted - at > Late ? $", posted {Times.Duration((posted - at)!.Value)} later" : "";
        var details = $"{late}{(update.Text("edited_at") is null ? "" : ", edited")}";
        var when = at is null ? "" : $"{Times.Minute(at.Value)}  ";
        var fits = when.Length + TerminalText.Width(TerminalText.Line(status)) + details.Length + 2 + id.Length <= screen.Width;
        screen.Line(new Piece(when, Tone.Strong), new Piece(status, StatusTone(status)), new Piece(fits ? $"{details}  {id}" : details, Tone.Faint));
        if (!fits)
        {
            screen.Line(new Piece($"  {id}", Tone.Faint));
        }

        screen.Paragraph(update.Text("body") ?? "", 2);
        if (Declared(update, names) is { Length: > 0 } declared)
        {
            screen.Paragraph(declared, 2, Tone.Faint);
        }
    }
}
