using System.CommandLine;

namespace Xerotier.Xeroctl.Commands;

/// <summary><c>xeroctl maintenance</c>: each leaf is one call of the project's management API.</summary>
internal static class MaintenanceCommands
{
    /// <summary>The group.</summary>
    public static Group Group() => new("maintenance", "Manage the project's maintenance windows.", List(), Show(), Schedule(), Update(), Cancel(), Complete(), Purge(), SeriesCommands.Group());

    private static Leaf List()
    {
        var status = OptionRules.OneOf(new Option<string[]>("--status") { Description = "List only windows in this state", HelpName = "state" }, WindowOptions.States);
        var series = new Option<string?>("--series") { Description = "List only windows of this series", HelpName = "id" };
        var list = new PagedList();
        var leaf = new Leaf(
            "list",
            "List maintenance windows, latest start first.",
            "xeroctl maintenance list",
            "xeroctl maintenance list --status scheduled --status active --all",
            "xeroctl maintenance list --series mws_abc123",
            "xeroctl maintenance list -o json | jq -r '.data[].id'")
        {
            status,
            series,
        };
        list.AddTo(leaf);
        return leaf.Handle((session, parse, cancel) => list.ShowAsync(
            session,
            parse,
            query => session.Call(HttpMethod.Get, $"management/maintenance{query}"),
            [.. (parse.GetValue(status) ?? []).Select(value => $"status={value}"), .. parse.GetValue(series) is { } id ? [$"series_id={Uri.EscapeDataString(id)}"] : Array.Empty<string>()],
            WindowView.Table(),
            WindowView.AddTo,
            "No maintenance windows found.",
            cancel));
    }

    private static Leaf Show()
    {
        var id = WindowId();
        return new Leaf("show", "Show a maintenance window with all its fields.", "xeroctl maintenance show mw_abc123") { id }.Handle((session, parse, cancel) =>
            IdKind.Window.WithIdAsync(
                session,
                parse.GetRequiredValue(id),
                window => session.ShowAsync(session.Call(HttpMethod.Get, Path(window)), (screen, json) => WindowView.Details(screen, null, json), cancel),
                cancel));
    }

    private static Leaf Schedule()
    {
        var options = new WindowOptions(creating: true);
        var key = new IdempotencyKey();
        var leaf = new Leaf(
            "schedule",
            "Schedule a maintenance window. The status page announces it at once.",
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
        options.AddTo(leaf);
        leaf.Add(key);
        return leaf.Handle((session, parse, cancel) =>
        {
            var call = session.Call(HttpMethod.Post, "management/maintenance", options.Body(session, parse).ToBytes()) with { IdempotencyKey = key.Of(parse) };
            return session.ShowAsync(call, (screen, window) => WindowView.Details(screen, "Created", window), cancel);
        });
    }

    private static Leaf Update()
    {
        var id = WindowId();
        var options = new WindowOptions(creating: false);
        var leaf = new Leaf(
            "update",
            "Update a maintenance window; fields you omit keep their value.",
            "xeroctl maintenance update mw_abc123 --severity critical",
            "xeroctl maintenance update mw_abc123 --status active --ends-at +1h",
            "xeroctl maintenance update mw_abc123 --reminder -7d --reminder -2h --no-notify=false")
        {
            id,
        };
        options.AddTo(leaf);
        return leaf.Handle((session, parse, cancel) =>
        {
            var body = options.Body(session, parse);
            return body.IsEmpty
                ? throw new CliException(ExitCodes.Usage, "nothing to update; use at least one of --title, --description, --severity, --affected-service, --starts-at, --ends-at, --status, --auto-transition, --reminder, --no-reminders, --no-notify")
                : IdKind.Window.WithIdAsync(
                    session,
                    parse.GetRequiredValue(id),
                    window => session.ShowAsync(session.Call(HttpMethod.Patch, Path(window), body.ToBytes()), (screen, json) => WindowView.Details(screen, "Updated", json), cancel),
                    cancel);
        });
    }

    private static Leaf Cancel()
    {
        var id = WindowId();
        return new Leaf("cancel", "Cancel a scheduled or active maintenance window. Prompts on a terminal.", "xeroctl maintenance cancel mw_abc123") { id }.Handle((session, parse, cancel) =>
            IdKind.Window.WithIdAsync(
                session,
                parse.GetRequiredValue(id),
                async window =>
                {
                    await session.ConfirmAsync(() => QuestionAsync(session, window, "Cancel", "", cancel));
                    return await session.ShowAsync(session.Call(HttpMethod.Delete, Path(window)), (screen, json) => WindowView.Details(screen, "Cancelled", json), cancel);
                },
                cancel));
    }

    private static Leaf Complete()
    {
        var id = WindowId();
        var key = new IdempotencyKey();
        return new Leaf("complete", "Mark a scheduled or active maintenance window as completed.", "xeroctl maintenance complete mw_abc123") { id, key }.Handle((session, parse, cancel) =>
            IdKind.Window.WithIdAsync(
                session,
                parse.GetRequiredValue(id),
                window => session.ShowAsync(
                    session.Call(HttpMethod.Post, $"{Path(window)}/complete") with { IdempotencyKey = key.Of(parse) },
                    (screen, json) => WindowView.Details(screen, "Completed", json),
                    cancel),
                cancel));
    }

    private static Leaf Purge()
    {
        var id = WindowId();
        var key = new IdempotencyKey();
        return new Leaf("purge", "Delete a completed or cancelled maintenance window permanently. Prompts on a terminal.", "xeroctl maintenance purge mw_abc123", "xeroctl maintenance purge mw_abc123 --yes")
        {
            id, key,
        }.Handle((session, parse, cancel) => IdKind.Window.WithIdAsync(
            session,
            parse.GetRequiredValue(id),
            async window =>
            {
                await session.ConfirmAsync(() => QuestionAsync(session, window, "Purge", " for good", cancel));
                return await session.ShowAsync(
                    session.Call(HttpMethod.Post, $"{Path(window)}/purge") with { IdempotencyKey = key.Of(parse) },
                    (screen, deleted) => DetailView.Deleted(screen, "Purged", deleted),
                    cancel);
            },
            cancel));
    }

    private static Argument<string> WindowId() => new("id")
    {
        Description = "ID of the window, such as mw_abc123, or a unique prefix of it",
        CompletionSources = { context => Candidates.Windows(context.ParseResult) },
    };

    private static string Path(string id) => $"management/maintenance/{id}";

    private static async Task<string> QuestionAsync(Session session, string id, string verb, string how, CancellationToken cancel)
    {
        var window = (await session.Client.SendAsync(session.Call(HttpMethod.Get, Path(id)), cancel)).Json;
        return $"{verb} “{window.Text("title")}” ({window.Text("id")}, {window.Text("status")}){how}?";
    }
}
