using Xerotier.ServiceDefaults.Http;
using Xerotier.ServiceDefaults.Site;
using Xerotier.StatusService.Documents.Page;
using Xerotier.TestKit;

namespace Xerotier.StatusService.Tests;

/// <summary>The Gateway lets the page run what its list has: the style and script of this build first, and those of the release before.</summary>
public sealed class PageHashesTests
{
    private static readonly string File = Path.Combine(Solution.Folder, "Gateway", "Page", "hashes.txt");

    private static readonly string[] Own = [$"script {ContentSecurityPolicy.SourceOf(PageAssets.Script)}", $"style {ContentSecurityPolicy.SourceOf(PageShell.Style)}"];

    [Fact]
    public void The_Gateways_list_begins_with_this_builds_style_and_script()
    {
        var lines = System.IO.File.ReadAllLines(File).Where(line => !line.StartsWith('#')).ToList();
        Assert.True(Own.SequenceEqual(lines.Take(Own.Length)), "Run eng/page-hashes, and keep the lines of the previous release.");
        Assert.InRange(lines.Count, Own.Length, 2 * Own.Length);
    }

    [Fact(Explicit = true)]
    public void Make_the_hashes_again()
    {
        var lines = System.IO.File.ReadAllLines(File);
        var comments = lines.TakeWhile(line => line.StartsWith('#')).ToList();
        System.IO.File.WriteAllLines(File, [.. comments, .. Own, .. lines.Skip(comments.Count + Own.Length)]);
    }
}
