using System.CommandLine;
using System.Text.Json;

namespace Xerotier.Xeroctl;

/// <summary><c>xeroctl maintenance</c>: each leaf is one call of the project-scoped management API.</summary>
internal static class MaintenanceCommands
{
    private static readonly string[] Severities = ["info", "warning", "critical"];
    private static readonly string[] States = ["scheduled", "active", "completed", "cancelled"];

    /// <summary>The group.</summary>
    public static Group Group() => new("maintenance", "Maintenance windows of the project", List(), Show(), Schedule(), Update(), Cancel(), Complete(), Purge());

    private static Leaf List()
    {
        var status = Choices.Of(new Option<string[]>("--status") { Description = "Only windows in this state", HelpName = "state" }, States);
        var listing = new Listing();
        var leaf = new Leaf(
            "list",
            "Lists maintenance windows, those that start last first.",
            "xeroctl maintenance list",
            "xeroctl maintenance list --status scheduled --status active --all",
            "xeroctl maintenance list -o json | jq -r '.data[].id'")
        {
            status,
        };
        listing.AddTo(leaf);
        return leaf.Does((session, parse, cancel) => listing.ShowAsync(
            session,
            parse,
            query => session.Call(HttpMethod.Get, $"management/maintenance{query}"),
            (parse.GetValue(status) ?? []).Select(value => $"status={value}"),
            WindowView.Table(),
            WindowView.AddTo,
            "There are no such maintenance windows.",
            cancel));
    }

    private static Leaf Show()
    {
        var id = WindowId();
        return new Leaf("show", "Shows one maintenance window with all its fields.", "xeroctl maintenance show mw_abc123") { id }.Does((session, parse, cancel) =>
            session.ShowAsync(session.Call(HttpMethod.Get, Path(parse, id)), (screen, window) => WindowView.Details(screen, null, window), cancel));
    }

    private static Leaf Schedule()
    {
        var fields = new WindowFields(creating: true);
        var key = IdempotencyKey();
        var leaf = new Leaf(
            "schedule",
            "Schedules a maintenance window, which the status page announces at once.",
            """
            xeroctl maintenance schedule \
              --title "Database upgrade" \
              --description "Brief read-only window during the PG14 upgrade." \
              --severity warning \
              --starts-at 2026-05-22T02:00:00Z \
              --ends-at 2026-05-22T03:00:00Z
            """,
            """
            xeroctl maintenance schedule --title "Router rollout" --description "No impact expected." \
              --affected-service "Inference Routing" --starts-at +2h --ends-at +2h30m --auto-transition
            """);
        fields.AddTo(leaf);
        leaf.Add(key);
        return leaf.Does((session, parse, cancel) =>
        {
            var call = session.Call(HttpMethod.Post, "management/maintenance", fields.Body(session, parse).ToBytes()) with { IdempotencyKey = Key(parse, key) };
            return session.ShowAsync(call, (screen, window) => WindowView.Details(screen, "Created", window), cancel);
        });
    }

    private static Leaf Update()
    {
        var id = WindowId();
        var fields = new WindowFields(creating: false);
        var leaf = new Leaf(
            "update",
            "Changes what is given of a maintenance window; the rest stays.",
            "xeroctl maintenance update mw_abc123 --severity critical",
            "xeroctl maintenance update mw_abc123 --status active --ends-at +1h")
        {
            id,
        };
        fields.AddTo(leaf);
        return leaf.Does((session, parse, cancel) =>
        {
            var body = fields.Body(session, parse);
            return body.IsEmpty
                ? throw new CliException(ExitCodes.Usage, "there is nothing to update; give at least one of --title, --description, --severity, --affected-service, --starts-at, --ends-at, --status, --auto-transition")
                : session.ShowAsync(session.Call(HttpMethod.Patch, Path(parse, id), body.ToBytes()), (screen, window) => WindowView.Details(screen, "Updated", window), cancel);
        });
    }

    private static Leaf Cancel()
    {
        var id = WindowId();
        return new Leaf("cancel", "Cancels a scheduled or active maintenance window. Asks first on a terminal.", "xeroctl maintenance cancel mw_abc123") { id }.Does(async (session, parse, cancel) =>
        {
            var path = Path(parse, id);
            await session.ConfirmAsync(() => QuestionAsync(session, path, "Cancel", "", cancel));
            return await session.ShowAsync(session.Call(HttpMethod.Delete, path), (screen, window) => WindowView.Details(screen, "Cancelled", window), cancel);
        });
    }

    private static Leaf Complete()
    {
        var id = WindowId();
        var key = IdempotencyKey();
        return new Leaf("complete", "Marks a scheduled or active maintenance window as completed.", "xeroctl maintenance complete mw_abc123") { id, key }.Does((session, parse, cancel) =>
            session.ShowAsync(
                session.Call(HttpMethod.Post, $"{Path(parse, id)}/complete") with { IdempotencyKey = Key(parse, key) },
                (screen, window) => WindowView.Details(screen, "Completed", window),
                cancel));
    }

    private static Leaf Purge()
    {
        var id = WindowId();
        var key = IdempotencyKey();
        return new Leaf("purge", "Removes a completed or cancelled maintenance window for good. Asks first on a terminal.", "xeroctl maintenance purge mw_abc123", "xeroctl maintenance purge mw_abc123 --yes")
        {
            id, key,
        }.Does(async (session, parse, cancel) =>
        {
            var path = Path(parse, id);
            await session.ConfirmAsync(() => QuestionAsync(session, path, "Purge", " for good", cancel));
            return await session.ShowAsync(
                session.Call(HttpMethod.Post, $"{path}/purge") with { IdempotencyKey = Key(parse, key) },
                (screen, deleted) => WindowView.Deleted(screen, "Purged", deleted),
                cancel);
        });
    }

    private static Argument<string> WindowId() => new("id")
    {
        Description = "The window's id, such as mw_abc123",
        CompletionSources = { context => Completion.Windows(context.ParseResult) },
    };

    private static string Path(ParseResult parse, Argument<string> id) => $"management/maintenance/{Session.Id(parse.GetRequiredValue(id), "window")}";

    private static Option<string?> IdempotencyKey() => new("--idempotency-key")
    {
        Description = "Repeat a call safely from a script: the same key and request within 24 h is done once (random by default). "
            + "With relative times a second run is another request, which is refused; give absolute times with it",
        HelpName = "key",
    };

    private static string Key(ParseResult parse, Option<string?> option)
    {
        var key = parse.GetValue(option) is { } given ? given.Trim() : Guid.NewGuid().ToString();
        return key.Length is > 0 and <= 255 && !key.AsSpan().ContainsAnyExceptInRange(' ', '~')
            ? key
            : throw new CliException(ExitCodes.Usage, $"{option.Name}: an idempotency key has 1 to 255 ASCII characters");
    }

    private static async Task<string> QuestionAsync(Session session, string path, string verb, string how, CancellationToken cancel)
    {
        var window = (await session.Client.SendAsync(session.Call(HttpMethod.Get, path), cancel)).Json;
        return $"{verb} “{window.Text("title")}” ({window.Text("id")}, {window.Text("status")}){how}?";
    }

    /// <summary>The options that set a window's fields.</summary>
    private sealed class WindowFields(bool creating)
    {
        private readonly Option<string?> title = new("--title") { Description = "Short title, 1 to 200 characters", HelpName = "text", Required = creating };
        private readonly Option<string?> description = new("--description") { Description = "What the status page tells about it, up to 2000 characters", HelpName = "text", Required = creating };
        private readonly Option<string?> startsAt = new("--starts-at") { Description = $"When it begins. {Times.Syntax}", HelpName = "time", Required = creating };
        private readonly Option<string?> endsAt = new("--ends-at") { Description = "When it ends, in the same form", HelpName = "time", Required = creating };
        private readonly Option<string?> severity = Choices.Of(new Option<string?>("--severity") { Description = "info, warning or critical" + (creating ? " (info by default)" : ""), HelpName = "level" }, Severities);
        private readonly Option<string?> status = Choices.Of(
            new Option<string?>("--status") { Description = "scheduled, active, completed or cancelled" + (creating ? " (scheduled by default)" : ""), HelpName = "state" }, States);

        private readonly Option<string[]> services = new("--affected-service")
        {
            Description = creating ? "An indicator of the status page that it affects; none means all" : "An indicator that it affects, in place of those it had; one empty value clears the list",
            HelpName = "name",
            CompletionSources = { "Dashboard", "Inference Routing", "Shared Agents", "Model Storage" },
        };

        private readonly Option<bool?> autoTransition = new("--auto-transition")
        {
            Description = "Become active at its start and completed at its end by itself",
            HelpName = "true|false",
            Arity = ArgumentArity.ZeroOrOne,
        };

        public void AddTo(Leaf leaf)
        {
            foreach (var option in (Option[])[title, description, startsAt, endsAt, severity, services, status, autoTransition])
            {
                leaf.Add(option);
            }
        }

        public JsonBody Body(Session session, ParseResult parse) => new JsonBody()
            .Add("title", parse.GetValue(title))
            .Add("description", parse.GetValue(description))
            .Add("severity", parse.GetValue(severity))
            .Add("affected_services", parse.GetResult(services) is null ? null : parse.GetValue(services) is [""] ? [] : parse.GetValue(services))
            .Add("starts_at", session.Time(startsAt))
            .Add("ends_at", session.Time(endsAt))
            .Add("status", parse.GetValue(status))
            .Add("auto_transition", parse.GetResult(autoTransition) is null ? null : parse.GetValue(autoTransition) ?? true);
    }
}

/// <summary>Maintenance windows as text.</summary>
internal static class WindowView
{
    /// <summary>An empty table of windows.</summary>
    public static Table Table() => new(
        new("ID"), new("STATUS", Leaves: 4), new("SEVERITY", Leaves: 1), new("STARTS", Leaves: 3), new("ENDS", Leaves: 2), new("TITLE", Shrinks: true, Least: 18), new("SERVICES", Shrinks: true, OnlyWide: true));

    /// <summary>Adds a window to a table.</summary>
    public static void AddTo(Table table, JsonElement window, DateTimeOffset now)
    {
        var ends = Cell(window, "ends_at", now);
        var status = window.Text("status") ?? "";
        table.Add(
            window.Text("id") ?? "",
            new(status, StatusTone(status)),
            new(window.Text("severity") ?? "", SeverityTone(window.Text("severity"))),
            Cell(window, "starts_at", now),
            status == "active" && window.Time("ends_at") < now ? ends with { Tone = Tone.Warning } : ends,
            window.Text("title") ?? "",
            window.Texts("affected_services"));
    }

    /// <summary>One window with all its fields; <paramref name="done"/> says what was done with it.</summary>
    public static void Details(Screen screen, string? done, JsonElement window)
    {
        if (!screen.IsTerminal)
        {
            foreach (var name in (string[])["id", "status", "severity", "title", "description", "starts_at", "ends_at"])
            {
                screen.Columns(name, window.Text(name) ?? "");
            }

            screen.Columns("affected_services", window.Texts("affected_services"));
            screen.Columns("auto_transition", window.IsTrue("auto_transition") ? "true" : "false");
            foreach (var name in (string[])["created_by", "created_at", "updated_at", "completed_at", "cancelled_at"])
            {
                screen.Columns(name, window.Text(name) ?? "");
            }

            return;
        }

        if (done is not null)
        {
            screen.Line(new Piece($"{done} ", Tone.Good), new Piece(window.Text("id") ?? "", Tone.Strong));
        }
        else
        {
            screen.Line(new Piece(window.Text("id") ?? "", Tone.Strong));
        }

        var status = window.Text("status") ?? "";
        Field(screen, "title", window.Text("title") ?? "");
        Field(screen, "status", new Piece(status, StatusTone(status)), window.IsTrue("auto_transition") ? ", changes by itself at its start and end" : "");
        Field(screen, "severity", new Piece(window.Text("severity") ?? "", SeverityTone(window.Text("severity"))));
        TimeField(screen, "starts", window, "starts_at");
        TimeField(screen, "ends", window, "ends_at");
        Field(screen, "affects", window.Texts("affected_services") is { Length: > 0 } services ? services : "all services");
        TimeField(screen, "completed", window, "completed_at");
        TimeField(screen, "cancelled", window, "cancelled_at");
        Field(screen, "created by", $"{window.Text("created_by")}{(window.Time("created_at") is { } created ? $", {Times.Relative(created, screen.Now)}" : "")}");
        if (window.Text("description") is { Length: > 0 } description)
        {
            screen.Line();
            screen.Paragraph(description, 2);
        }
    }

    /// <summary>What was removed.</summary>
    public static void Deleted(Screen screen, string done, JsonElement deleted)
    {
        if (screen.IsTerminal)
        {
            screen.Line(new Piece($"{done} ", Tone.Good), new Piece(deleted.Text("id") ?? "", Tone.Strong));
        }
        else
        {
            screen.Columns("id", deleted.Text("id") ?? "");
            screen.Columns("deleted", deleted.IsTrue("deleted") ? "true" : "false");
        }
    }

    /// <summary>A field of a details view on a terminal.</summary>
    public static void Field(Screen screen, string name, params ReadOnlySpan<Piece> value)
    {
        const int Indent = 14;
        if (value is not [var single] || Printable.Width(single.Text) <= screen.Width - Indent)
        {
            screen.Line([new Piece($"  {name,-12}", Tone.Faint), .. value]);
            return;
        }

        foreach (var line in Screen.Fold(Printable.Line(single.Text), Math.Max(20, screen.Width - Indent)))
        {
            screen.Line(new Piece($"  {name,-12}", Tone.Faint), new Piece(line, single.Tone));
            name = "";
        }
    }

    /// <summary>A time of a details view on a terminal, where it is set.</summary>
    public static void TimeField(Screen screen, string name, JsonElement json, string member)
    {
        if (json.Time(member) is { } time)
        {
            Field(screen, name, Times.Absolute(time), new Piece($" ({Times.Relative(time, screen.Now)})", Tone.Faint));
        }
    }

    /// <summary>A time in a table: relative for people, exact for pipes.</summary>
    public static TableCell Cell(JsonElement json, string name, DateTimeOffset now) =>
        new(json.Time(name) is { } time ? Times.Relative(time, now) : "—", Exact: json.Text(name) ?? "");

    private static Tone StatusTone(string status) => status switch
    {
        "active" => Tone.Warning,
        "scheduled" => Tone.Info,
        "completed" => Tone.Good,
        _ => Tone.Faint,
    };

    private static Tone SeverityTone(string? severity) => severity switch
    {
        "critical" => Tone.Bad,
        "warning" => Tone.Warning,
        _ => Tone.None,
    };
}
