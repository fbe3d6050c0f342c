using System.CommandLine;

namespace Xerotier.Xeroctl.Commands;

/// <summary><c>xeroctl platform</c>.</summary>
internal static class PlatformCommands
{
    /// <summary>The group.</summary>
    public static Group Group() => new("platform", "Manage the platform itself (needs a platform key).", Keys(), SubscriberCommands.Group(), Cancel());

    private static Group Keys() => new(
        "keys",
        "Manage the platform's API keys (needs a platform key).",
        KeyCommands.List(KeyOwner.Platform),
        KeyCommands.Create(KeyOwner.Platform, "xeroctl platform keys create --name ops --expires-at +90d"),
        KeyCommands.Rotate(KeyOwner.Platform),
        KeyCommands.Revoke(KeyOwner.Platform),
        KeyCommands.Events(KeyOwner.Platform));

    private static Leaf Cancel()
    {
        var id = new Argument<string>("id") { Description = "ID of the window, such as mw_abc123" };
        return new Leaf("cancel", "Cancel a scheduled or active maintenance window of any project. Prompts on a terminal.", "xeroctl platform cancel mw_abc123")
        {
            Arguments = { id },
            Remarks = ProjectCommands.Remarks,
        }.Handle(async (session, parse, cancel) =>
        {
            var call = session.PlatformCall(HttpMethod.Post, $"maintenance/{Session.Id(parse.GetRequiredValue(id), "window")}/cancel");
            await session.ConfirmAsync(() => Task.FromResult($"Cancel {parse.GetValue(id)} for its project, for good?"));
            return await session.ShowAsync(call, (screen, window) => WindowView.Details(screen, "Cancelled", window), cancel);
        });
    }
}
