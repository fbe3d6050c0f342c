using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests;

public sealed class LayersTests
{
    [Fact]
    public void Each_folder_uses_only_the_folders_before_it()
    {
        string[] layers = ["Configuration", "Clients", "Storage", "Projects", "Keys", "Sessions", "Limits", "Metrics", "Description", "Edge", "Page", "Docs", "Proxy", "ConsolePages", "Management"];
        Assert.Empty(NamespaceDirection.Violations(typeof(Pipeline).Assembly, [.. layers.Select(layer => $"Xerotier.Gateway.{layer}"), "Xerotier.Gateway"]));
    }
}
