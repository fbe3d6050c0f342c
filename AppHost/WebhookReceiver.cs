using System.Globalization;

namespace Xerotier.AppHost;

/// <summary>
/// The sample receiver (samples/webhook-receiver), which verifies what the demo project is told and prints a line for each message.
/// <c>./run</c> prepares it where there is Node, and names its folder in <c>XEROTIER_WEBHOOK_RECEIVER</c>.
/// </summary>
internal static class WebhookReceiver
{
    /// <summary>The resource's name.</summary>
    public const string Name = "webhookreceiver";

    /// <summary>The secret is in the file of credentials, which is there when the demo project has subscribed.</summary>
    private const string Command = """. "$0" && WEBHOOK_SECRET=$XEROTIER_WEBHOOK_SECRET PORT=$1 exec node receiver.mjs""";

    /// <summary>Adds the receiver, if there is one, to which <paramref name="fleet"/> then subscribes the demo project.</summary>
    public static void AddWebhookReceiver(this IDistributedApplicationBuilder builder, ClusterSettings cluster, IResourceBuilder<ProjectResource> fleet)
    {
        if (!builder.ExecutionContext.IsRunMode || builder.Configuration["XEROTIER_WEBHOOK_RECEIVER"] is not { Length: > 0 } folder)
        {
            return;
        }

        var port = PrivateServers.FreePort().ToString(CultureInfo.InvariantCulture);
        fleet.WithEnvironment("XEROTIER_WEBHOOK_URL", $"http://127.0.0.1:{port}/");
        builder.AddExecutable(Name, "sh", folder, "-c", Command, Path.Combine(cluster.DataFolder, ClusterSettings.DemoFile), port).WaitFor(fleet);
    }
}
