using NUglify;
using Xerotier.ServiceDefaults.Http;
using Xerotier.ServiceDefaults.Site;
using Xerotier.StatusService.Documents.Page;
using Xerotier.TestKit;

namespace Xerotier.StatusService.Tests;

/// <summary>The Gateway lets the page run what its list has: the style and script of this build first, and those of the release before.</summary>
public sealed class PageHashesTests
{
    private static readonly string File = Path.Combine(Solution.Folder, "Gateway", "Page", "hashes.txt");

    private static readonly string Folder = Path.Combine(Solution.Folder, "StatusService", "Documents", "Page");

    private static readonly string[] Own = [$"script {ContentSecurityPolicy.SourceOf(PageAssets.Script)}", $"style {ContentSecurityPolicy.SourceOf(PageShell.Style)}"];

    [Fact]
    public void The_small_script_is_made_from_the_script() => Assert.True(PageAssets.Script == $"<script>{Small()}</script>", "Run eng/page-hashes.");

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
        System.IO.File.WriteAllText(Path.Combine(Folder, "page.min.js"), Small());
        System.IO.File.WriteAllLines(File, [.. comments, $"script {ContentSecurityPolicy.Source(Small())}", Own[1], .. lines.Skip(comments.Count + Own.Length)]);
    }

    private static string Small() => Uglify.Js(System.IO.File.ReadAllText(Path.Combine(Folder, "page.js"))) is { HasErrors: false, Code: var code }
        ? code
        : throw new InvalidDataException("The script cannot be made small.");
}
