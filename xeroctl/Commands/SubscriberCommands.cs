using System.CommandLine;
using System.Text.Json;

namespace Xerotier.Xeroctl.Commands;

/// <summary><c>xeroctl platform subscribers</c>: who is told of the status page by mail.</summary>
internal static class SubscriberCommands
{
    /// <summary>The group.</summary>
    public static Group Group() => new("subscribers", "Manage who is told of the status page by mail (needs a platform key).", List(), Delete());

    private static Leaf List()
    {
        var list = new PagedList();
        var leaf = new Leaf(
            "list",
            "List the page's subscribers, newest first. Nothing else shows their addresses.",
            "xeroctl platform subscribers list",
            "xeroctl platform subscribers list --all -o json | jq -r '.data[] | select(.state == \"disabled\") | .address'")
        {
            Remarks = ProjectCommands.Remarks,
        };
        list.AddTo(leaf);
        return leaf.Handle((session, parse, cancel) => list.ShowAsync(
            session,
            parse,
            query => session.PlatformCall(HttpMethod.Get, $"subscribers{query}"),
            [],
            new(new("ID", Place: 2, IsId: true), new("ADDRESS", Shrinks: true, Least: 23, Place: -1), new("STATE"), new("COMPONENTS", Leaves: 1), new("DELIVERED", Leaves: 3), new("FAILED", Leaves: 4), new("CREATED", Leaves: 2)),
            AddTo,
            "No subscribers found.",
            cancel));
    }

    private static Leaf Delete()
    {
        var id = new Argument<string>("id")
        {
            Description = "ID of the subscriber, such as sub_abc123, or a unique prefix of it",
            CompletionSources = { context => Candidates.Subscribers(context.ParseResult) },
        };
        return new Leaf("delete", "Remove a subscriber of the page for good, with the mails that were to be sent. Prompts on a terminal.", "xeroctl platform subscribers delete sub_abc123", "xeroctl platform subscribers delete sub_abc123 --yes")
        {
            Arguments = { id },
            Remarks = ProjectCommands.Remarks,
        }.Handle((session, parse, cancel) => IdKind.Subscriber.WithIdAsync(
            session,
            parse.GetRequiredValue(id),
            async subscriber =>
            {
                var call = session.PlatformCall(HttpMethod.Delete, $"subscribers/{subscriber}");
                await session.ConfirmAsync(() => Task.FromResult($"Remove the subscriber {subscriber} for good?"));
                return await session.ShowAsync(call, (screen, json) => DetailView.Deleted(screen, "Removed", json), cancel);
            },
            cancel));
    }

    private static void AddTo(Table table, JsonElement subscriber, DateTimeOffset now) => table.Add(
        subscriber.Text("id") ?? "",
        subscriber.Text("address") ?? "",
        new(subscriber.Text("state") ?? "", SubscriptionView.StateTone(subscriber)),
        new(subscriber.Items("components").Count() is > 0 and var count ? $"{count}" : "all", Exact: subscriber.Texts("components")),
        subscriber.Count("delivered_count"),
        subscriber.Count("failed_count"),
        DetailView.Cell(subscriber, "created_at", now));
}
