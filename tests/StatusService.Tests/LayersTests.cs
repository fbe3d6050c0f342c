using Xerotier.StatusService.Publishing;
using Xerotier.TestKit;

namespace Xerotier.StatusService.Tests;

public sealed class LayersTests
{
    private static readonly string[] Layers = ["Model", "Notices", "Board", "History", "Documents", "Publishing", "Probes", "Drafts"];

    private static readonly string[] Documents = ["Page", "Statuspage", "Feeds", "Calendar", "Badges", "Text", "Dashboard"];

    [Fact]
    public void Each_layer_uses_only_the_layers_before_it() => Assert.Empty(Violations(Layers));

    [Theory]
    [InlineData("Page")]
    [InlineData("Statuspage")]
    [InlineData("Feeds")]
    [InlineData("Calendar")]
    [InlineData("Badges")]
    [InlineData("Text")]
    [InlineData("Dashboard")]
    public void The_documents_share_their_content_and_know_nothing_of_each_other(string first)
    {
        var others = Documents.Where(documents => documents != first);
        Assert.Empty(Violations(["Model", "Notices", "Board", "History", "Documents.Content", $"Documents.{first}", .. others.Select(other => $"Documents.{other}"), "Publishing", "Probes", "Drafts"]));
    }

    [Fact]
    public void A_use_against_the_direction_is_found()
    {
        var found = Violations([.. Layers.Reverse()]);
        Assert.Contains("Xerotier.StatusService.Board.LiveBoard uses Xerotier.StatusService.Model.RecordedState", found); // a signature
        Assert.Contains("Xerotier.StatusService.History.Uptime uses Xerotier.StatusService.Model.Day", found); // a body
        Assert.Contains("Xerotier.StatusService.Publishing.HistoryPages uses Xerotier.StatusService.History.HistoryStore", found); // an async method
        Assert.Contains("Xerotier.StatusService.Documents.Page.StatusPage uses Xerotier.StatusService.Model.OverallStatus", found); // a Razor component
        Assert.Contains("Xerotier.StatusService.Missing holds no type", Violations([.. Layers, "Missing"]));
        Assert.Contains("Xerotier.StatusService.Publishing.StatusLoop is in no layer", Violations("Model", "Notices", "Board", "History", "Documents"));
    }

    private static IReadOnlyList<string> Violations(params string[] layers) =>
        NamespaceDirection.Violations(typeof(StatusLoop).Assembly, [.. layers.Select(layer => $"Xerotier.StatusService.{layer}")]);
}
