namespace Xerotier.Xeroctl.Commands;

/// <summary><c>xeroctl platform</c>.</summary>
internal static class PlatformCommands
{
    /// <summary>The group.</summary>
    public static Group Group() => new("platform", "Manage the platform itself (needs a platform key).", Keys());

    private static Group Keys() => new(
        "keys",
        "Manage the platform's API keys (needs a platform key).",
        KeyCommands.List(KeyOwner.Platform),
        KeyCommands.Create(KeyOwner.Platform, "xeroctl platform keys create --name ops --expires-at +90d"),
        KeyCommands.Rotate(KeyOwner.Platform),
        KeyCommands.Revoke(KeyOwner.Platform));
}
