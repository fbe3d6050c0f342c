using System.Text.RegularExpressions;
using Xerotier.OperatorConsole.Shared;

namespace Xerotier.OperatorConsole.Tests;

/// <summary>What holds of all pages, read in their sources.</summary>
public sealed partial class SourceTests
{
    private static readonly string Folder = Path.GetFullPath("../../../../../Console", AppContext.BaseDirectory);

    [Fact]
    public void Every_word_of_what_was_done_has_a_sentence()
    {
        var words = Sources("*.cs").SelectMany(source => SeeCall().Matches(source.Text).Concat(ActCall().Matches(source.Text)))
            .SelectMany(call => Word().Matches(call.Groups["words"].Value)).Select(word => word.Groups[1].Value)
            .Except(["status", "suspend", "resume"]).Distinct().Order().ToList();

        Assert.Superset(new HashSet<string> { "scheduled", "started", "completed", "cancelled", "purged", "drafted", "published", "posted", "resolved", "revoked", "tested", "retried", "suspended", "resumed", "zone" }, words.ToHashSet());
        Assert.All(words, word => Assert.NotNull(Done.Sentence(word)));
        Assert.Null(Done.Sentence("<script>"));
        Assert.Null(Done.Sentence(null));
    }

    [Theory]
    [InlineData("overlaps")]
    [InlineData("still_measured")]
    public void Every_warning_of_the_API_has_a_sentence(string code) => Assert.NotNull(Done.Sentence(code));

    [Fact]
    public void Every_form_that_changes_something_carries_the_token()
    {
        var posting = Sources("*.razor").Where(source => PostingForm().IsMatch(source.Text)).Select(source => source.Name).Order();

        Assert.Equal(["PostForm.razor", "SignInPage.razor"], posting);
        foreach (var name in new[] { "PostForm.razor", "SignInPage.razor" })
        {
            Assert.Contains("""<input type="hidden" name="@ConsoleSession.CsrfField" value="@Visit.Csrf">""", Sources(name).Single().Text);
        }
    }

    [Fact]
    public void Every_time_that_is_entered_has_UTC_beside_it()
    {
        var pages = Sources("*.razor").Where(source => source.Text.Contains("Type=\"datetime-local\"", StringComparison.Ordinal)).ToList();

        Assert.Equal(["ComposePage.razor", "IncidentFormPage.razor", "IncidentPage.razor", "UpdateFormPage.razor", "WindowFormPage.razor"], pages.Select(page => page.Name).Order());
        Assert.All(pages, page =>
        {
            var shown = TimeNames().Matches(page.Text).SelectMany(list => QuotedName().Matches(list.Value)).Select(name => name.Groups[1].Value);
            Assert.Equal(TimeName().Matches(page.Text).Select(match => match.Groups[1].Value), shown);
        });
    }

    [Fact]
    public void Every_field_of_a_form_that_may_meet_a_newer_version_is_beside_what_is_saved()
    {
        var forms = Sources("*FormPage.razor").ToList();

        Assert.Equal(6, forms.Count);
        Assert.All(forms, form =>
        {
            var fields = Fields(form.Text).ToHashSet();
            var saved = SavedName().Matches(form.Text).Select(match => match.Groups[1].Value).ToHashSet();
            Assert.Subset(saved, fields.Except(["channel", "other_services", "other_components"]).ToHashSet()); // the one never changes, the others are compared with the names that are ticked
        });
    }

    [Fact]
    public void Every_error_that_is_about_a_field_leads_to_it()
    {
        var refusing = Files("*Endpoints.cs").Select(file => (file.Folder, Names: Quoted(FieldNames(), file.Text), Renamed: Quoted(RenamedNames(), file.Text))).Where(one => one.Names.Count > 0).ToList();

        Assert.Equal(["Incidents", "Keys", "Platform", "Recurring", "Subscriptions", "Windows"], refusing.Select(one => Path.GetFileName(one.Folder)).Order());
        Assert.All(refusing, one =>
        {
            var renamed = one.Renamed.Chunk(2).ToDictionary(pair => pair[0], pair => pair[1]);
            var fields = Files("*.razor").Where(page => page.Folder == one.Folder).SelectMany(page => Fields(page.Text)).ToHashSet();
            Assert.Subset(fields, one.Names.Select(name => renamed.GetValueOrDefault(name, name)).Concat(renamed.Values).ToHashSet());
        });

        static List<string> Quoted(Regex lists, string text) => lists.Matches(text).SelectMany(list => QuotedName().Matches(list.Value)).Select(name => name.Groups[1].Value).ToList();
    }

    [Fact]
    public void No_page_writes_markup_of_others()
    {
        var raw = Sources("*.razor").SelectMany(source => RawMarkup().Matches(source.Text).Select(match => match.Groups[1].Value)).ToList();

        Assert.Equal(raw.Count, Sources("*.razor").Sum(source => source.Text.Split("MarkupString").Length - 1));
        Assert.Contains("Markdown.ToHtml(", raw); // it lets no markup through
        Assert.All(raw, from => Assert.Contains(from, new[] { "Markdown.ToHtml(", "(Brand.AccentStyle " }));
    }

    [Fact]
    public void Every_address_that_a_page_names_has_a_handler()
    {
        var handlers = Sources("*Endpoints.cs").SelectMany(source => Routes(source.Text)).ToList();
        var links = Sources("*.razor").SelectMany(source => Link().Matches(source.Text).Select(match => match.Groups[1].Value.TrimEnd('/'))).Distinct().ToList();

        Assert.Contains("/console/platform/subscribers", links);
        Assert.All(links, link => Assert.Contains(link, handlers.Append("/console").Append("/console/sign-in").Append("/console/sign-out")));
    }

    /// <summary>The paths without parameters below the groups of a file.</summary>
    private static IEnumerable<string> Routes(string text)
    {
        var groups = Group().Matches(text).ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value);
        foreach (Match route in Route().Matches(text))
        {
            var group = groups.GetValueOrDefault(route.Groups[1].Value, "");
            yield return $"/console/{group}/{route.Groups[2].Value}".Replace("//", "/", StringComparison.Ordinal).TrimEnd('/');
        }

        foreach (Match group in MappedGroup().Matches(text))
        {
            yield return $"/console/{group.Groups[1].Value}";
        }
    }

    private static IEnumerable<(string Name, string Text)> Sources(string pattern) => Files(pattern).Select(file => (file.Name, file.Text));

    private static List<(string Folder, string Name, string Text)> Files(string pattern)
    {
        var files = Directory.EnumerateFiles(Folder, pattern, SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal)).Select(file => (Path.GetDirectoryName(file)!, Path.GetFileName(file), File.ReadAllText(file))).ToList();
        Assert.NotEmpty(files);
        return files;
    }

    [GeneratedRegex("""Visit\.See\((?:\$?"[^"]*"|[A-Za-z.]+),(?<words>.*)\);""")]
    private static partial Regex SeeCall();

    [GeneratedRegex("""=> (?:Act|Suspend)Async\((?<words>.*)\)\);""")]
    private static partial Regex ActCall();

    [GeneratedRegex("""(?<![=\[] ?)"([a-z_]+)"(?!\])""")]
    private static partial Regex Word();

    [GeneratedRegex("""<form\b[^>]*method="post""", RegexOptions.IgnoreCase)]
    private static partial Regex PostingForm();

    private static IEnumerable<string> Fields(string page) =>
        FieldName().Matches(page).Select(match => match.Groups[1].Value).Concat(page.Contains("<ServicesField ", StringComparison.Ordinal) ? ["affected_services"] : []);

    [GeneratedRegex("""(?:<\w+Field Form="Form" Name|<fieldset id)="(\w+)""")]
    private static partial Regex FieldName();

    [GeneratedRegex("""Name="(\w+)" Label="[^"]+" Type="datetime-local["]""")]
    private static partial Regex TimeName();

    [GeneratedRegex("Names='[^']+")]
    private static partial Regex TimeNames();

    [GeneratedRegex("""Fields = \[[^\]]+""")]
    private static partial Regex FieldNames();

    [GeneratedRegex("Renamed = new[^;]+")]
    private static partial Regex RenamedNames();

    [GeneratedRegex("\"([\\w.]+)\"")]
    private static partial Regex QuotedName();

    [GeneratedRegex("""<Saved Name="(\w+)""")]
    private static partial Regex SavedName();

    [GeneratedRegex("""MarkupString\)(\(?[\w.]+[( ])""")]
    private static partial Regex RawMarkup();

    [GeneratedRegex("""(?:[Hh]ref|Action|action)="(/console[a-z/-]*)["?]""")]
    private static partial Regex Link();

    [GeneratedRegex("""var (\w+) = \w+\.MapGroup\("([^"]*)"\)""")]
    private static partial Regex Group();

    [GeneratedRegex("""Map\(pages\.MapGroup\("([^"{]*)"\)""")]
    private static partial Regex MappedGroup();

    [GeneratedRegex("""(\w+)\.Map(?:Get|Post)\("([^"{]*)",""")]
    private static partial Regex Route();
}
