using Xerotier.StatusService.Publishing;
using Xerotier.TestKit;

namespace Xerotier.StatusService.Tests;

public sealed class LayersTests
{
    private static readonly string[] Layers = ["Model", "Notices", "Board", "History", "Documents", "Publishing", "Probes", "Drafts"];

    [Fact]
    public void Each_layer_uses_only_the_layers_before_it() => Assert.Empty(Violations(Layers));

    [Fact]
    public void The_documents_know_nothing_of_each_other()
    {
        Assert.Empty(Violations("Model", "Notices", "Board", "History", "Documents.Page", "Documents.Dashboard", "Publishing", "Probes", "Drafts"));
        Assert.Empty(Violations("Model", "Notices", "Board", "History", "Documents.Dashboard", "Documents.Page", "Publishing", "Probes", "Drafts"));
    }

    [Fact]
    public void A_use_against_the_direction_is_found()
    {
        var found = Violations([.. Layers.Reverse()]);
        Assert.Contains("Xerotier.StatusService.Board.LiveBoard uses Xerotier.StatusService.Model.Recorded", found); // a signature
        Assert.Contains("Xerotier.StatusService.History.Uptime uses Xerotier.StatusService.Model.Day", found); // a body
        Assert.Contains("Xerotier.StatusService.Publishing.HistoryPages uses Xerotier.StatusService.History.HistoryStore", found); // an async method
        Assert.Contains("Xerotier.StatusService.Documents.Page.StatusPage uses Xerotier.StatusService.Model.OverallStatus", found); // a Razor component
        Assert.Contains("Xerotier.StatusService.Missing holds no type", Violations([.. Layers, "Missing"]));
        Assert.Contains("Xerotier.StatusService.Publishing.StatusLoop is in no layer", Violations("Model", "Notices", "Board", "History", "Documents"));
    }

    private static IReadOnlyList<string> Violations(params string[] layers) =>
        NamespaceDirection.Violations(typeof(StatusLoop).Assembly, [.. layers.Select(layer => $"Xerotier.StatusService.{layer}")]);
}
