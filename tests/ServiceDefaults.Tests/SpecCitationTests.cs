using System.Text.RegularExpressions;
using Xerotier.TestKit;

namespace Xerotier.ServiceDefaults.Tests;

/// <summary>A section of the specification that code or documentation cites can be opened in docs/spec.</summary>
public sealed partial class SpecCitationTests
{
    private static readonly string[] Extensions = [".cs", ".razor", ".md", ".proto"];
    private static readonly string[] Skipped = ["bin", "obj", "node_modules", "spec"];

    [Fact]
    public void Every_cited_section_exists()
    {
        var headings = Directory.GetFiles(Path.Combine(Solution.Folder, "docs", "spec"), "*.md").ToDictionary(file => Path.GetFileNameWithoutExtension(file), Headings);
        var citations = Files(new DirectoryInfo(Solution.Folder)).SelectMany(Citations).ToList();
        Assert.NotEmpty(citations);
        Assert.Empty(citations.Where(citation => !headings[citation.Document].Contains(citation.Heading)).Select(citation => $"{citation.File}: {citation.Document}.md has no section {citation.Heading}"));
    }

    // "2" for "## 2. HTTP surface", and "2, Errors" for "### Errors" below it.
    private static HashSet<string> Headings(string file)
    {
        var headings = new HashSet<string>();
        var section = "";
        foreach (var line in File.ReadLines(file))
        {
            if (Section().Match(line) is { Success: true } match)
            {
                headings.Add(section = match.Groups[1].Value);
            }
            else if (line.StartsWith("### ", StringComparison.Ordinal))
            {
                headings.Add($"{section}, {line[4..]}");
            }
        }

        return headings;
    }

    private static IEnumerable<(string File, string Document, string Heading)> Citations(FileInfo file)
    {
        var text = LineBreak().Replace(File.ReadAllText(file.FullName), " ");
        foreach (Match match in Citation().Matches(text))
        {
            var (document, numbers, heading) = (match.Groups["document"].Value, Number().Matches(match.Groups["numbers"].Value), match.Groups["heading"].Value);
            foreach (Match number in numbers)
            {
                yield return (file.Name, document, number.Value);
            }

            if (heading.Length > 0)
            {
                yield return (file.Name, document, $"{numbers[^1].Value}, {heading}");
            }
        }
    }

    private static IEnumerable<FileInfo> Files(DirectoryInfo folder) =>
        folder.EnumerateFiles().Where(file => Extensions.Contains(file.Extension) && file.Name != $"{nameof(SpecCitationTests)}.cs")
            .Concat(folder.EnumerateDirectories().Where(child => !Skipped.Contains(child.Name) && !child.Name.StartsWith('.')).SelectMany(Files));

    [GeneratedRegex(@"^## (\d+)\. ")]
    private static partial Regex Section();

    [GeneratedRegex(@"\d+")]
    private static partial Regex Number();

    [GeneratedRegex(@"\s*\n\s*(//+|\*|#)?\s*")]
    private static partial Regex LineBreak();

    // A heading begins with a capital letter: "product.md section 2, Rate limits".
    [GeneratedRegex(@"\b(?<document>product|incidents|surfaces|recurring|notifications|console|operations)\.md\)? sections? (?<numbers>\d+((, | and )\d+)*)(, (?<heading>[A-Z][A-Za-z0-9 ]*[a-z0-9]))?")]
    private static partial Regex Citation();
}
