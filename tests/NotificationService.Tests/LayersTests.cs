using Xerotier.TestKit;

namespace Xerotier.NotificationService.Tests;

public sealed class LayersTests
{
    [Fact]
    public void Each_folder_uses_only_the_folders_before_it()
    {
        string[] layers = ["Storage", "Model", "Events", "Subscriptions", "Following", "Messages", "Mail", "Pages", "Sending"];
        Assert.Empty(NamespaceDirection.Violations(typeof(Program).Assembly, [.. layers.Select(layer => $"Xerotier.NotificationService.{layer}")]));
    }
}
