using System.CommandLine;
using static Xerotier.Xeroctl.Commands.IncidentCommands;

namespace Xerotier.Xeroctl.Commands;

/// <summary>The leaves of <c>xeroctl incidents</c> that write an update.</summary>
internal static class IncidentUpdateCommands
{
    /// <summary>Posts an update.</summary>
    public static Leaf Post() => Post(
        "update",
        "Post an update of an incident.",
        UpdateOptions.Post(),
        null,
        "Updated",
        "xeroctl incidents update inc_abc123 --status identified --body \"A router dropped out; it is being replaced.\"",
        "xeroctl incidents update inc_abc123 --status monitoring --component \"Inference Routing=operational\"    # opens $EDITOR",
        "xeroctl incidents update inc_abc123 --status postmortem --body - < postmortem.md");

    /// <summary>Posts the last update.</summary>
    public static Leaf Resolve() => Post(
        "resolve",
        "Resolve an incident with a last update. What it declared of its components ends.",
        UpdateOptions.Resolve(),
        "resolved",
        "Resolved",
        "xeroctl incidents resolve inc_abc123 --body \"The router was replaced; error rates are normal.\"",
        "xeroctl incidents resolve inc_abc123 --at -20m --no-notify");

    /// <summary>A command that posts an update; with a fixed <paramref name="status"/>, or that of an option.</summary>
    private static Leaf Post(string name, string description, UpdateOptions options, string? status, string done, params string[] examples)
    {
        var id = Id();
        var body = new BodyText();
        var key = new IdempotencyKey();
        var leaf = new Leaf(name, description, examples) { id };
        body.AddTo(leaf);
        options.AddTo(leaf);
        leaf.Add(key);
        return leaf.Handle(async (session, parse, cancel) =>
        {
            var idempotencyKey = key.Of(parse);
            var given = body.Given(parse);
            var fields = await options.FieldsAsync(session, parse, cancel);
            return await IdKind.Incident.WithIdAsync(
                session,
                parse.GetRequiredValue(id),
                async incident =>
                {
                    if (given is not null)
                    {
                        return await SendAsync(given, null);
                    }

                    // Who writes for minutes must not answer a state that another operator has changed meanwhile.
                    var read = await ReadAsync(session, incident, cancel);
                    return await BodyText.WriteAsync("", IncidentView.Notes(read?.Json ?? default, session.Clock.GetUtcNow()), text => SendAsync(text, read?.ETag));

                    Task<int> SendAsync(string text, string? etag)
                    {
                        var update = new JsonBody().Add("status", status).Add("body", text).Add(fields);
                        var call = session.Call(HttpMethod.Post, $"{Path(incident)}/updates", update.ToBytes()) with { IdempotencyKey = idempotencyKey, IfMatch = etag };
                        return ChangeAsync(session, call, done, cancel);
                    }
                },
                cancel);
        });
    }

    /// <summary>Changes an update.</summary>
    public static Leaf Edit()
    {
        var id = Id();
        var updateId = new Argument<string>("update")
        {
            Description = "ID of the update, such as upd_abc123, or a unique prefix of it",
            CompletionSources = { context => Candidates.Updates(context.ParseResult, id) },
        };
        var body = new BodyText();
        var options = UpdateOptions.Edit();
        var leaf = new Leaf(
            "edit-update",
            "Edit an update of an incident; fields you omit keep their value. It never notifies again.",
            "xeroctl incidents edit-update inc_abc123 upd_abc123    # opens $EDITOR on its text",
            "xeroctl incidents edit-update inc_abc123 upd_abc123 --at 2026-05-22T14:05:00Z --component \"Inference Routing=outage\"")
        {
            id, updateId,
        };
        body.AddTo(leaf);
        options.AddTo(leaf);
        return leaf.Handle(async (session, parse, cancel) =>
        {
            var given = body.Given(parse, isOptional: true);
            var fields = await options.FieldsAsync(session, parse, cancel);
            var writes = given is null && fields.IsEmpty;
            if (writes && (!Terminal.CanAsk || session.IsDryRun))
            {
                throw new CliException(ExitCodes.Usage, "nothing to edit; use at least one of --body, --at, --component");
            }

            return await IdKind.Incident.WithIdAsync(
                session,
                parse.GetRequiredValue(id),
                async incident =>
                {
                    var typed = Session.Id(parse.GetRequiredValue(updateId), "update");
                    var read = writes || !IdKind.Update.IsComplete(typed) ? await ReadAsync(session, incident, cancel) : null;
                    var updates = read?.Json.Items("updates").ToList() ?? [];
                    var update = IdKind.Update.Match(typed, updates.Select(item => item.Text("id") ?? "")) ?? typed; // the API says what is wrong with it
                    if (!writes)
                    {
                        return await SendAsync(given);
                    }

                    var current = updates.Find(item => item.Text("id") == update).Text("body")
                        ?? throw new CliException(ExitCodes.NotFound, $"{TerminalText.Line(incident)} has no update with the ID {update}");
                    return await BodyText.WriteAsync(current, IncidentView.Notes(read!.Json, session.Clock.GetUtcNow()), SendAsync);

                    Task<int> SendAsync(string? text)
                    {
                        var call = session.Call(HttpMethod.Patch, $"{Path(incident)}/updates/{update}", new JsonBody().Add("body", text).Add(fields).ToBytes()) with { IfMatch = read?.ETag };
                        return ChangeAsync(session, call, "Edited", cancel, update);
                    }
                },
                cancel);
        });
    }
}
