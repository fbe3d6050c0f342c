using System.CommandLine;

namespace Xerotier.Xeroctl.Commands;

/// <summary><c>xeroctl components</c>: the lines of the status page.</summary>
internal static class ComponentCommands
{
    /// <summary>The group.</summary>
    public static Group Group() => new("components", "Manage the components of the status page (needs a platform key).", List(), Show(), Create(), Update(), Archive(), Events());

    private static Leaf List()
    {
        var archived = new Option<bool>("--archived") { Description = "List archived components too" };
        var list = new PagedList();
        var leaf = new Leaf("list", "List the components in the order of the status page.", "xeroctl components list", "xeroctl components list --archived --all")
        {
            Options = { archived },
            Remarks = ProjectCommands.Remarks,
        };
        list.AddTo(leaf);
        return leaf.Handle((session, parse, cancel) =>
        {
            var all = parse.GetValue(archived);
            return list.ShowAsync(
                session,
                parse,
                query => session.PlatformCall(HttpMethod.Get, $"components{query}"),
                all ? ["archived=true"] : [],
                ComponentView.Table(all),
                (table, component, now) => ComponentView.AddTo(table, component, all, now),
                "No components found.",
                cancel);
        });
    }

    private static Leaf Show()
    {
        var component = Component();
        return new Leaf("show", "Show a component with all its fields.", "xeroctl components show \"Batch API\"", "xeroctl components show cmp_abc123")
        {
            Arguments = { component },
            Remarks = ProjectCommands.Remarks,
        }.Handle(async (session, parse, cancel) =>
            await session.ShowAsync(session.PlatformCall(HttpMethod.Get, await PathAsync(session, parse, component, cancel)), (screen, json) => ComponentView.Details(screen, null, json), cancel));
    }

    private static Leaf Create()
    {
        var name = new Argument<string>("name") { Description = "Name on the status page, 1 to 100 characters" };
        var options = new ComponentOptions(creating: true);
        var key = new IdempotencyKey();
        var leaf = new Leaf(
            "create",
            "Create a component. Without a probe, it is operational unless an incident says otherwise.",
            "xeroctl components create \"Batch API\" --group APIs --probe-url https://batch.example.com/healthz",
            "xeroctl components create Billing --description \"Invoices and payments.\" --start-date 2026-05-01")
        {
            Arguments = { name },
            Remarks = ProjectCommands.Remarks,
        };
        options.AddTo(leaf);
        leaf.Add(key);
        return leaf.Handle((session, parse, cancel) =>
        {
            var fields = options.Body(parse, default);
            var body = new JsonBody().Add("name", parse.GetValue(name)).Add(fields);
            var call = session.PlatformCall(HttpMethod.Post, "components", body.ToBytes()) with { IdempotencyKey = key.Of(parse), Arguments = ["name"] };
            return session.ShowAsync(call, (screen, json) => ComponentView.Details(screen, "Created", json), cancel);
        });
    }

    private static Leaf Update()
    {
        var component = Component();
        var options = new ComponentOptions(creating: false);
        var leaf = new Leaf(
            "update",
            "Update a component; fields you omit keep their value.",
            "xeroctl components update \"Batch API\" --position 20 --no-group",
            "xeroctl components update \"Batch API\" --probe-interval 30 --probe-status 204")
        {
            Arguments = { component },
            Remarks = ProjectCommands.Remarks,
        };
        options.AddTo(leaf);
        return leaf.Handle(async (session, parse, cancel) =>
        {
            var changesProbe = options.HasProbe(parse);
            if (changesProbe && session.IsDryRun)
            {
                throw new CliException(ExitCodes.Usage, "--dry-run sends nothing, so it cannot read the probe that the options change");
            }

            if (!changesProbe && options.Body(parse, default).IsEmpty)
            {
                throw new CliException(ExitCodes.Usage, $"nothing to update; use at least one of {options.Names}");
            }

            // The API replaces a probe as a whole, so the parts that stay are sent with it.
            var path = await PathAsync(session, parse, component, cancel);
            var read = changesProbe ? await session.Client.SendAsync(session.PlatformCall(HttpMethod.Get, path), cancel) : null;
            var body = options.Body(parse, read?.Json.Child("probe") ?? default);
            var call = session.PlatformCall(HttpMethod.Patch, path, body.ToBytes()) with { IfMatch = read?.ETag };
            return await session.ShowAsync(call, (screen, json) => ComponentView.Details(screen, "Updated", json), cancel);
        });
    }

    private static Leaf Archive()
    {
        var component = Component();
        return new Leaf("archive", "Archive a component: it leaves the status page, its history stays, and its name is free again. Prompts on a terminal.", "xeroctl components archive \"Batch API\"")
        {
            Arguments = { component },
            Remarks = ProjectCommands.Remarks,
        }.Handle(async (session, parse, cancel) =>
        {
            var path = await PathAsync(session, parse, component, cancel);
            string? etag = null;
            await session.ConfirmAsync(async () =>
            {
                var read = await session.Client.SendAsync(session.PlatformCall(HttpMethod.Get, path), cancel);
                etag = read.ETag;
                return $"Archive “{read.Json.Text("name")}” ({read.Json.Text("id")}) for good?";
            });
            return await session.ShowAsync(session.PlatformCall(HttpMethod.Delete, path) with { IfMatch = etag }, (screen, json) => ComponentView.Details(screen, "Archived", json), cancel);
        });
    }

    private static Leaf Events()
    {
        var component = Component();
        var events = new EventList();
        var leaf = new Leaf("events", "List the changes of a component: who did what, and when.", "xeroctl components events \"Batch API\"")
        {
            Arguments = { component },
            Remarks = ProjectCommands.Remarks,
        };
        events.AddTo(leaf);
        return leaf.Handle(async (session, parse, cancel) =>
        {
            var path = await PathAsync(session, parse, component, cancel);
            return await events.ShowAsync(session, parse, query => session.PlatformCall(HttpMethod.Get, $"{path}/events{query}"), cancel);
        });
    }

    private static Argument<string> Component() => new("component")
    {
        Description = "Name of the component, its ID, or a unique prefix of the ID",
        CompletionSources = { context => Candidates.Components(context.ParseResult) },
    };

    private static async Task<string> PathAsync(Session session, ParseResult parse, Argument<string> component, CancellationToken cancel) =>
        $"components/{Uri.EscapeDataString(await ComponentNames.IdAsync(session, parse.GetRequiredValue(component), platform: true, cancel))}";
}
