using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Xerotier.ServiceDefaults.Site;
using Xerotier.StatusService.Documents.Badges;
using Xerotier.StatusService.Model;
using static Xerotier.StatusService.Tests.SamplePublication;

namespace Xerotier.StatusService.Tests;

/// <summary>The badges (surfaces.md section 17).</summary>
public sealed partial class BadgeTests
{
    private const string Grey = "#4b5563";
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    [Theory]
    [InlineData(ComponentStatus.Operational, "All Systems Operational", "Operational")]
    [InlineData(ComponentStatus.Degraded, "Partial Outage", "Degraded")]
    [InlineData(ComponentStatus.Outage, "Major Outage", "Outage")]
    [InlineData(ComponentStatus.Unknown, "Partial Outage", "unknown")]
    public void A_badge_says_the_state(ComponentStatus status, string page, string component)
    {
        var other = status is ComponentStatus.Operational or ComponentStatus.Outage ? status : ComponentStatus.Outage;
        var made = Badges.Make(Of(components: [Line(Components.Dashboard, other), Line(Components.ModelStorage, status)])).ToList();
        Assert.Equal($"Xerotier Status: {page}", Title(made.At("/status/badge.svg").Live));
        Assert.Equal($"Model Storage: {component}", Title(made.At("/status/badge/cmp_model_storage.svg").Live));
        Assert.Equal("Model Storage: 100% over 13 h 53 min observed", Title(made.At("/status/badge/cmp_model_storage.svg?metric=uptime").Live).Replace("uptime over 1 days", "over 13 h 53 min observed", StringComparison.Ordinal));
    }

    [Fact]
    public void Unknown_and_stale_are_grey_and_say_so()
    {
        var unknown = Badges.Make(Of(components: [Line(Components.ModelStorage, ComponentStatus.Unknown) with { UptimePercent = null }], underMaintenance: ["cmp_model_storage"]));
        foreach (var made in unknown)
        {
            AssertGrey(made.Text());
            AssertGrey(System.Text.Encoding.UTF8.GetString(made.Stale!));
        }

        foreach (var made in Badges.Make(Of(windows: [Window("mw_now", WindowStatus.Active, -0.5)])))
        {
            Assert.DoesNotContain(Grey, made.Text(), StringComparison.Ordinal);
            AssertGrey(System.Text.Encoding.UTF8.GetString(made.Stale!));
        }

        static void AssertGrey(string text)
        {
            Assert.Contains(Grey, text, StringComparison.Ordinal);
            Assert.Contains("unknown", text, StringComparison.Ordinal);
            Assert.DoesNotContain("perational", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_component_that_the_page_does_not_show_is_unknown()
    {
        var publication = Of();
        var hidden = publication with { Page = publication.Page with { Components = [] } };
        Assert.Equal("Shared Agents: unknown", Title(Badges.Make(hidden).At("/status/badge/cmp_shared_agents.svg").Live));
    }

    [Fact]
    public void Text_has_a_contrast_of_at_least_4_5_on_every_ground()
    {
        var seen = new HashSet<string>();
        foreach (var states in new[] { "oooo", "oooD", "ooo?", "ooox", "xxxx" })
        {
            foreach (var window in new[] { false, true })
            {
                var publication = Of(
                    windows: window ? [Window("mw_now", WindowStatus.Active, -0.5)] : [],
                    underMaintenance: window ? ["cmp_dashboard"] : [],
                    components: [.. Components.BuiltIn.Select((component, i) => Line(component, states[i] switch { 'x' => ComponentStatus.Outage, 'D' => ComponentStatus.Degraded, '?' => ComponentStatus.Unknown, _ => ComponentStatus.Operational }) with { UptimePercent = 100m - i })]);
                foreach (var made in Badges.Make(publication).Where(made => made.ContentType.StartsWith("image/svg", StringComparison.Ordinal)))
                {
                    foreach (Match ground in Ground().Matches(made.Text()))
                    {
                        seen.Add(ground.Groups["colour"].Value);
                        Assert.InRange(Brand.Contrast("#ffffff", ground.Groups["colour"].Value), 4.5, 21);
                    }
                }
            }
        }

        Assert.Equal(7, seen.Count); // the label's, grey, and five states
    }

    [Fact]
    public void The_json_is_what_shields_io_takes()
    {
        var json = JsonNode.Parse(Badges.Make(Of()).At("/status/badge/cmp_dashboard.json").Live)!.AsObject();
        Assert.Equal(["schemaVersion", "label", "message", "color"], json.Select(each => each.Key));
        Assert.Equal((1, "Dashboard", "Operational"), ((int)json["schemaVersion"]!, (string)json["label"]!, (string)json["message"]!));
    }

    [Fact]
    public void Hostile_names_are_text()
    {
        foreach (var made in Badges.Make(Of(components: [Line(Component("cmp_hostile", Hostile))], site: Here with { Name = Hostile })))
        {
            if (made.ContentType.StartsWith("image/svg", StringComparison.Ordinal))
            {
                Assert.Contains("<script>alert(1)</script>", Title(made.Live), StringComparison.Ordinal);
                Assert.DoesNotContain(XDocument.Load(new MemoryStream(made.Live)).Descendants(), each => each.Name.LocalName == "script");
            }
            else
            {
                Assert.NotNull(JsonNode.Parse(made.Live));
            }
        }
    }

    private static string Title(byte[] svg) => XDocument.Load(new MemoryStream(svg)).Root!.Element(Svg + "title")!.Value;

    [GeneratedRegex("path fill=\"(?<colour>#[0-9a-f]{6})\"", RegexOptions.ExplicitCapture)]
    private static partial Regex Ground();
}
