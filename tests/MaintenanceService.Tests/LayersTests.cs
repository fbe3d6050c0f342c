using Xerotier.TestKit;

namespace Xerotier.MaintenanceService.Tests;

public sealed class LayersTests
{
    [Fact]
    public void Each_folder_uses_only_the_folders_before_it()
    {
        string[] layers = ["Storage", "Model", "Changes", "Api", "Components", "Incidents", "Windows", "Series", "Audit", "Notices", "Clock", "Demo"];
        Assert.Empty(NamespaceDirection.Violations(typeof(Program).Assembly, [.. layers.Select(layer => $"Xerotier.MaintenanceService.{layer}")]));
    }
}
