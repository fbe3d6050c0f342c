using System.CommandLine;
using System.Text.Json;

namespace Xerotier.Xeroctl.Commands;

/// <summary><c>xeroctl incidents</c>: each leaf is one call of the management API of a platform project.</summary>
internal static class IncidentCommands
{
    private const string Automatic = "auto";
    private static readonly string[] Impacts = ["none", "minor", "major", "critical"];

    /// <summary>The group.</summary>
    public static Group Group() => new(
        "incidents", "Manage incidents and their updates (needs a key of a platform project).", List(), Show(), Create(), IncidentUpdateCommands.Post(), IncidentUpdateCommands.Resolve(), Edit(), IncidentUpdateCommands.Edit(), Publish(), Delete(), Events());

    private static Leaf List()
    {
        var status = OptionRules.OneOf(new Option<string[]>("--status") { Description = "List only incidents in this state", HelpName = "state" }, UpdateOptions.States);
        var draft = OptionRules.Switch("--draft", "List only drafts; with false, only published incidents");
        var list = new PagedList();
        var leaf = new Leaf(
            "list",
            "List incidents, latest start first.",
            "xeroctl incidents list",
            "xeroctl incidents list --status investigating --status identified --status monitoring",
            "xeroctl incidents list --draft")
        {
            status, draft,
        };
        list.AddTo(leaf);
        return leaf.Handle((session, parse, cancel) => list.ShowAsync(
            session,
            parse,
            query => session.Call(HttpMethod.Get, $"management/incidents{query}"),
            [.. (parse.GetValue(status) ?? []).Select(value => $"status={value}"), .. parse.GetSwitch(draft) is { } drafts ? [$"draft={(drafts ? "true" : "false")}"] : Array.Empty<string>()],
            IncidentView.Table(),
            IncidentView.AddTo,
            "No incidents found.",
            cancel));
    }

    private static Leaf Show()
    {
        var id = Id();
        return new Leaf("show", "Show an incident with all its fields and updates, oldest update first.", "xeroctl incidents show inc_abc123") { id }.Handle((session, parse, cancel) =>
            IdKind.Incident.WithIdAsync(
                session,
                parse.GetRequiredValue(id),
                incident => session.ShowAsync(session.Call(HttpMethod.Get, Path(incident)), (screen, json) => IncidentView.Details(screen, null, json, Page(session, json), _ => true), cancel),
                cancel));
    }

    private static Leaf Create()
    {
        var title = new Argument<string>("title") { Description = "Short title, 1 to 200 characters" };
        var body = new BodyText();
        var options = UpdateOptions.Create();
        var startedAt = new Option<string?>("--started-at") { Description = "Start time, up to 90 days ago (default: now), in the same form", HelpName = "time" };
        var impact = OptionRules.OneOf(new Option<string?>("--impact") { Description = "none, minor, major or critical (default: by the components)", HelpName = "level" }, Impacts);
        var draft = new Option<bool>("--draft") { Description = "Keep it off the status page until it is published" };
        var key = new IdempotencyKey();
        var leaf = new Leaf(
            "create",
            "Create an incident with its first update. The status page shows it at once, unless it is a draft.",
            """
            xeroctl incidents create "Elevated errors in us-east" \
              --body "We see failed requests and are looking for the cause." \
              --component "Inference Routing=degraded" --started-at -10m
            """,
            "xeroctl incidents create \"Slow model downloads\" --component \"Model Storage=degraded\" --draft    # opens $EDITOR",
            "xeroctl incidents create \"Outage of 22 May\" --status resolved --started-at 2026-05-22T14:02:00Z --body - < report.md")
        {
            title,
        };
        body.AddTo(leaf);
        options.AddTo(leaf);
        foreach (var option in (Option[])[startedAt, impact, draft, key])
        {
            leaf.Add(option);
        }

        return leaf.Handle(async (session, parse, cancel) =>
        {
            var idempotencyKey = key.Of(parse);
            var started = session.Time(startedAt);
            var given = body.Given(parse);
            var fields = await options.FieldsAsync(session, parse, cancel);
            return given is null ? await BodyText.WriteAsync("", ["", $"Title: {parse.GetValue(title)}"], SendAsync) : await SendAsync(given);

            Task<int> SendAsync(string text)
            {
                var incident = new JsonBody()
                    .Add("title", parse.GetValue(title))
                    .Add("body", text)
                    .Add(fields)
                    .Add("started_at", started)
                    .Add("impact_override", parse.GetValue(impact))
                    .Add("draft", parse.GetValue(draft) ? true : null);
                var call = session.Call(HttpMethod.Post, "management/incidents", incident.ToBytes()) with { IdempotencyKey = idempotencyKey, Arguments = ["title"] };
                return ChangeAsync(session, call, "Created", cancel);
            }
        });
    }

    private static Leaf Edit()
    {
        var id = Id();
        var title = new Option<string?>("--title") { Description = "Short title, 1 to 200 characters", HelpName = "text" };
        var impact = OptionRules.OneOf(new Option<string?>("--impact") { Description = $"none, minor, major or critical; {Automatic}: by the components", HelpName = "level" }, [.. Impacts, Automatic]);
        var startedAt = new Option<string?>("--started-at") { Description = $"Start time, not after the first update's. {Times.Syntax}", HelpName = "time" };
        return new Leaf(
            "edit",
            "Edit an incident; fields you omit keep their value.",
            "xeroctl incidents edit inc_abc123 --title \"Elevated errors in us-east and us-west\"",
            "xeroctl incidents edit inc_abc123 --impact auto --started-at 2026-05-22T14:00:00Z")
        {
            id, title, impact, startedAt,
        }.Handle((session, parse, cancel) =>
        {
            var level = parse.GetValue(impact);
            var body = new JsonBody()
                .Add("title", parse.GetValue(title))
                .Add("impact_override", level == Automatic ? null : level)
                .AddNull("impact_override", level == Automatic)
                .Add("started_at", session.Time(startedAt));
            return body.IsEmpty
                ? throw new CliException(ExitCodes.Usage, "nothing to edit; use at least one of --title, --impact, --started-at")
                : IdKind.Incident.WithIdAsync(
                    session,
                    parse.GetRequiredValue(id),
                    incident => ChangeAsync(session, session.Call(HttpMethod.Patch, Path(incident), body.ToBytes()), "Edited", cancel),
                    cancel);
        });
    }

    private static Leaf Publish()
    {
        var id = Id();
        var key = new IdempotencyKey();
        return new Leaf("publish", "Publish a draft: the status page shows it at once. Prompts on a terminal.", "xeroctl incidents publish inc_abc123") { id, key }.Handle((session, parse, cancel) =>
            IdKind.Incident.WithIdAsync(
                session,
                parse.GetRequiredValue(id),
                async incident =>
                {
                    var etag = await ConfirmAsync(session, incident, "Publish", "on the status page", cancel);
                    var call = session.Call(HttpMethod.Post, $"{Path(incident)}/publish") with { IdempotencyKey = key.Of(parse), IfMatch = etag };
                    return await ChangeAsync(session, call, "Published", cancel);
                },
                cancel));
    }

    private static Leaf Delete()
    {
        var id = Id();
        return new Leaf("delete", "Delete a draft permanently. Prompts on a terminal.", "xeroctl incidents delete inc_abc123") { id }.Handle((session, parse, cancel) =>
            IdKind.Incident.WithIdAsync(
                session,
                parse.GetRequiredValue(id),
                async incident =>
                {
                    var etag = await ConfirmAsync(session, incident, "Delete", "for good", cancel);
                    return await session.ShowAsync(session.Call(HttpMethod.Delete, Path(incident)) with { IfMatch = etag }, (screen, json) => DetailView.Deleted(screen, "Deleted", json), cancel);
                },
                cancel));
    }

    private static Leaf Events()
    {
        var id = Id();
        var events = new EventList();
        var leaf = new Leaf("events", "List the changes of an incident: who did what, and when.", "xeroctl incidents events inc_abc123") { id };
        events.AddTo(leaf);
        return leaf.Handle((session, parse, cancel) => IdKind.Incident.WithIdAsync(
            session,
            parse.GetRequiredValue(id),
            incident => events.ShowAsync(session, parse, query => session.Call(HttpMethod.Get, $"{Path(incident)}/events{query}"), cancel),
            cancel));
    }

    /// <summary>The argument that names an incident.</summary>
    internal static Argument<string> Id() => new("id")
    {
        Description = "ID of the incident, such as inc_abc123, or a unique prefix of it",
        CompletionSources = { context => Candidates.Incidents(context.ParseResult) },
    };

    /// <summary>An incident's path in the API.</summary>
    internal static string Path(string id) => $"management/incidents/{id}";

    private static Uri Page(Session session, JsonElement incident) => new(session.Settings.Address.Root, $"status/incidents/{Uri.EscapeDataString(incident.Text("id") ?? "")}");

    /// <summary>The incident as it is; null when nothing is sent.</summary>
    internal static async Task<ApiResponse?> ReadAsync(Session session, string id, CancellationToken cancel) =>
        session.IsDryRun ? null : await session.Client.SendAsync(session.Call(HttpMethod.Get, Path(id)), cancel);

    /// <summary>Asks for a yes where a person can give one.</summary>
    /// <returns>The tag of the incident that the person was asked about.</returns>
    private static async Task<string?> ConfirmAsync(Session session, string id, string verb, string how, CancellationToken cancel)
    {
        string? etag = null;
        await session.ConfirmAsync(async () =>
        {
            var read = await session.Client.SendAsync(session.Call(HttpMethod.Get, Path(id)), cancel);
            etag = read.ETag;
            return $"{verb} “{read.Json.Text("title")}” ({read.Json.Text("id")}, {read.Json.Text("status")}) {how}?";
        });
        return etag;
    }

    /// <summary>Sends a change, and shows the incident with <paramref name="update"/>, or with its newest one.</summary>
    internal static Task<int> ChangeAsync(Session session, ApiCall call, string done, CancellationToken cancel, string? update = null) => session.ShowAsync(
        call,
        (screen, json) =>
        {
            var shown = update ?? json.Items("updates").Select(item => item.Text("id")).LastOrDefault();
            IncidentView.Details(screen, done, json, Page(session, json), id => id == shown);
        },
        cancel);
}
