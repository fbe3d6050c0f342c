using System.CommandLine;

namespace Xerotier.Xeroctl.Commands;

/// <summary><c>xeroctl subscriptions</c>: each leaf is one call of the project's management API.</summary>
internal static class SubscriptionCommands
{
    private const string Subscriptions = "management/subscriptions";

    /// <summary>The group.</summary>
    public static Group Group() => new(
        "subscriptions", "Manage where the project is told of events: webhooks, Slack channels and e-mail addresses.", List(), Show(), Create(), Update(), Delete(), Test(), Rotate(), Deliveries(), Retry());

    private static Leaf List()
    {
        var list = new PagedList();
        var leaf = new Leaf("list", "List subscriptions, newest first.", "xeroctl subscriptions list", "xeroctl subscriptions list --all -o json | jq -r '.data[] | select(.state == \"disabled\") | .id'");
        list.AddTo(leaf);
        return leaf.Handle((session, parse, cancel) => list.ShowAsync(
            session,
            parse,
            query => session.Call(HttpMethod.Get, $"{Subscriptions}{query}"),
            [],
            SubscriptionView.Table(),
            SubscriptionView.AddTo,
            "No subscriptions found.",
            cancel));
    }

    private static Leaf Show()
    {
        var id = Id();
        return new Leaf("show", "Show a subscription with all its fields. It never shows the secret.", "xeroctl subscriptions show sub_abc123") { id }.Handle((session, parse, cancel) =>
            IdKind.Subscription.WithIdAsync(
                session,
                parse.GetRequiredValue(id),
                subscription => session.ShowAsync(session.Call(HttpMethod.Get, Path(subscription)), (screen, json) => SubscriptionView.Details(screen, null, json), cancel),
                cancel));
    }

    private static Leaf Create()
    {
        var options = new SubscriptionOptions(creating: true);
        var leaf = new Leaf(
            "create",
            "Create a subscription. The secret of a webhook is shown once.",
            "xeroctl subscriptions create --channel webhook --target https://ops.example.com/hooks/xerotier",
            """
            xeroctl subscriptions create --channel slack --target https://hooks.slack.com/services/T000/B000/XXXX \
              --component "Inference Routing" --event incident.created --event incident.resolved
            """,
            "xeroctl subscriptions create --channel email --target ops@example.com")
        {
            Remarks = "A webhook gets requests that are signed as the Standard Webhooks specification says; Slack and e-mail have no secret. An e-mail address is told of nothing before its owner has confirmed it. " + SubscriptionOptions.EventRemarks,
        };
        options.AddTo(leaf);
        return leaf.Handle(async (session, parse, cancel) =>
        {
            var body = await options.BodyAsync(session, parse, cancel);
            return await session.ShowAsync(session.Call(HttpMethod.Post, Subscriptions, body.ToBytes()), (screen, json) => SubscriptionView.Created(screen, json), cancel);
        });
    }

    private static Leaf Update()
    {
        var id = Id();
        var options = new SubscriptionOptions(creating: false);
        var leaf = new Leaf(
            "update",
            "Update a subscription; fields you omit keep their value.",
            "xeroctl subscriptions update sub_abc123 --all-components --event incident.created --event incident.resolved",
            "xeroctl subscriptions update sub_abc123 --state active    # after it was disabled")
        {
            Arguments = { id },
            Remarks = SubscriptionOptions.EventRemarks,
        };
        options.AddTo(leaf);
        return leaf.Handle(async (session, parse, cancel) =>
        {
            var body = await options.BodyAsync(session, parse, cancel);
            return body.IsEmpty
                ? throw new CliException(ExitCodes.Usage, $"nothing to update; use at least one of {options.Names}")
                : await IdKind.Subscription.WithIdAsync(
                    session,
                    parse.GetRequiredValue(id),
                    subscription => session.ShowAsync(session.Call(HttpMethod.Patch, Path(subscription), body.ToBytes()), (screen, json) => SubscriptionView.Details(screen, "Updated", json), cancel),
                    cancel);
        });
    }

    private static Leaf Delete()
    {
        var id = Id();
        return new Leaf("delete", "Delete a subscription permanently. Prompts on a terminal.", "xeroctl subscriptions delete sub_abc123", "xeroctl subscriptions delete sub_abc123 --yes") { id }.Handle((session, parse, cancel) =>
            IdKind.Subscription.WithIdAsync(
                session,
                parse.GetRequiredValue(id),
                async subscription =>
                {
                    // Without If-Match: a message that arrives meanwhile must not undo what the person has confirmed.
                    await session.ConfirmAsync(async () =>
                    {
                        var json = (await session.Client.SendAsync(session.Call(HttpMethod.Get, Path(subscription)), cancel)).Json;
                        return $"Delete {json.Text("channel")} “{json.Text("target")}” ({json.Text("id")}, {json.Text("state")}) for good?";
                    });
                    return await session.ShowAsync(session.Call(HttpMethod.Delete, Path(subscription)), (screen, json) => DetailView.Deleted(screen, "Deleted", json), cancel);
                },
                cancel));
    }

    private static Leaf Test()
    {
        var id = Id();
        var key = new IdempotencyKey(hasTimes: false);
        return new Leaf("test", "Send a test message to a subscription. What came of it is in its deliveries.", "xeroctl subscriptions test sub_abc123") { id, key }.Handle((session, parse, cancel) =>
        {
            var idempotencyKey = key.Of(parse);
            return IdKind.Subscription.WithIdAsync(
                session,
                parse.GetRequiredValue(id),
                subscription => session.ShowAsync(
                    session.Call(HttpMethod.Post, $"{Path(subscription)}/test") with { IdempotencyKey = idempotencyKey }, (screen, json) => DeliveryView.Details(screen, "Queued", json), cancel),
                cancel);
        });
    }

    private static Leaf Rotate()
    {
        var id = Id();
        return new Leaf("rotate", "Give a webhook a new secret and show it once. Messages are signed with the old secret too for 24 hours.", "xeroctl subscriptions rotate sub_abc123") { id }.Handle((session, parse, cancel) =>
            IdKind.Subscription.WithIdAsync(
                session,
                parse.GetRequiredValue(id),
                subscription => session.ShowAsync(session.Call(HttpMethod.Post, $"{Path(subscription)}/rotate"), (screen, json) => SubscriptionView.WithSecret(screen, "Rotated", json), cancel),
                cancel));
    }

    private static Leaf Deliveries()
    {
        var id = Id();
        var list = new PagedList();
        var leaf = new Leaf(
            "deliveries",
            "List the messages of a subscription, newest first. Each shows how far it is, and what came of its last attempt; they are kept for 30 days.",
            "xeroctl subscriptions deliveries sub_abc123",
            "xeroctl subscriptions deliveries sub_abc123 --all -o json | jq -r '.data[] | select(.state == \"failed\") | .id'")
        {
            id,
        };
        list.AddTo(leaf);
        return leaf.Handle((session, parse, cancel) => IdKind.Subscription.WithIdAsync(
            session,
            parse.GetRequiredValue(id),
            subscription => list.ShowAsync(
                session,
                parse,
                query => session.Call(HttpMethod.Get, $"{Path(subscription)}/deliveries{query}"),
                [],
                DeliveryView.Table(),
                DeliveryView.AddTo,
                "No deliveries found.",
                cancel),
            cancel));
    }

    private static Leaf Retry()
    {
        var id = Id();
        var deliveryId = new Argument<string>("delivery")
        {
            Description = "ID of the message, such as msg_abc123, or a unique prefix of it",
            CompletionSources = { context => Candidates.Deliveries(context.ParseResult, id) },
        };
        var key = new IdempotencyKey(hasTimes: false);
        return new Leaf("retry", "Try a message of a subscription again at once. Its ID stays the same.", "xeroctl subscriptions retry sub_abc123 msg_abc123") { id, deliveryId, key }.Handle((session, parse, cancel) =>
        {
            var idempotencyKey = key.Of(parse);
            return IdKind.Subscription.WithIdAsync(
                session,
                parse.GetRequiredValue(id),
                subscription => IdKind.DeliveryOf(subscription).WithIdAsync(
                    session,
                    parse.GetRequiredValue(deliveryId),
                    delivery => session.ShowAsync(
                        session.Call(HttpMethod.Post, $"{Path(subscription)}/deliveries/{delivery}/retry") with { IdempotencyKey = idempotencyKey }, (screen, json) => DeliveryView.Details(screen, "Requeued", json), cancel),
                    cancel),
                cancel);
        });
    }

    private static Argument<string> Id() => new("id")
    {
        Description = "ID of the subscription, such as sub_abc123, or a unique prefix of it",
        CompletionSources = { context => Candidates.Subscriptions(context.ParseResult) },
    };

    private static string Path(string id) => $"{Subscriptions}/{id}";
}
