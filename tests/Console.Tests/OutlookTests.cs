using Xerotier.OperatorConsole.Incidents;

namespace Xerotier.OperatorConsole.Tests;

/// <summary>What the whole page would say, by the table of product.md, section 3, and how grave an incident would be.</summary>
public sealed class OutlookTests
{
    [Theory]
    [InlineData("ooo", "", "All Systems Operational")]
    [InlineData("oo", "-d", "Degraded Performance")]
    [InlineData("oo", "-x", "Partial Outage")]
    [InlineData("oo", "xx", "Major Outage")]
    [InlineData("xo", "-x", "Major Outage")]
    [InlineData("xo", "", "Partial Outage")]
    [InlineData("xo", "o-", "Partial Outage")] // what is measured stays
    [InlineData("do", "", "Degraded Performance")]
    [InlineData("do", "o-", "Degraded Performance")]
    [InlineData("uo", "", "Status Unknown")]
    [InlineData("uo", "-d", "Status Unknown")]
    [InlineData("uo", "d-", "Status Unknown")]
    [InlineData("uo", "-x", "Partial Outage")]
    [InlineData("uo", "x-", "Partial Outage")]
    [InlineData("", "", "All Systems Operational")]
    public void The_first_match_wins(string shown, string declared, string label) =>
        Assert.Equal(label, IncidentWords.Outlook(Page(shown, OverallKey.Operational, "As it is"), Declared(declared)));

    [Fact]
    public void Maintenance_comes_before_all() =>
        Assert.Equal("Under Maintenance", IncidentWords.Outlook(Page("xo", OverallKey.Maintenance, "Under Maintenance"), Declared("xx")));

    [Theory]
    [InlineData("oo", "outage", "Partial Outage")]
    [InlineData("xx", "operational", "Partial Outage")]
    [InlineData("", "outage", "Major Outage")]
    public void A_component_that_is_not_on_the_page_comes_onto_it(string shown, string declared, string label) =>
        Assert.Equal(label, IncidentWords.Outlook(Page(shown, OverallKey.Operational, ""), new Dictionary<string, string> { ["cmp_other"] = declared }));

    [Theory]
    [InlineData("", "", "None")]
    [InlineData("o-", "", "None")]
    [InlineData("d-", "", "Minor")]
    [InlineData("xd", "", "Major")]
    [InlineData("xx", "", "Critical")] // the third is archived
    [InlineData("xx", "minor", "Minor")]
    public void The_impact_follows_from_the_components_or_is_set_by_hand(string declared, string byHand, string impact) =>
        Assert.Equal(impact, IncidentWords.Impact([Component(0), Component(1), Component(2) with { ArchivedAt = DateTimeOffset.UnixEpoch }], Declared(declared), byHand));

    private static Component Component(int index) => new()
    {
        Id = $"cmp_{index}",
        Name = $"Service {index}",
        Description = null,
        Group = null,
        Position = 1,
        StartDate = DateOnly.MinValue,
        OnlyShowIfDegraded = false,
        Probe = null,
        BuiltIn = true,
        CreatedAt = DateTimeOffset.UnixEpoch,
        UpdatedAt = DateTimeOffset.UnixEpoch,
        ArchivedAt = null,
    };

    private static StatusDocument Page(string shown, OverallKey key, string label) => new()
    {
        GeneratedAt = DateTimeOffset.UnixEpoch,
        StaleSince = null,
        Demo = false,
        Overall = new() { Key = key, Label = label },
        Indicators = [.. shown.Select((letter, index) => new StatusIndicator
        {
            Id = $"cmp_{index}",
            Name = $"Service {index}",
            Description = null,
            Group = null,
            Position = 1,
            Declared = false,
            Measured = null,
            Status = letter switch { 'd' => ServiceStatus.Degraded, 'x' => ServiceStatus.Outage, 'u' => ServiceStatus.Unknown, _ => ServiceStatus.Operational },
            Reason = null,
            Since = null,
            UptimePercent = null,
            Days = [],
        })],
        Incidents = [],
        OpenIncidentsTotal = 0,
        Windows = null!,
    };

    private static Dictionary<string, string> Declared(string letters) => letters.Select((letter, index) => (letter, index)).Where(one => one.letter != '-')
        .ToDictionary(one => $"cmp_{one.index}", one => one.letter switch { 'd' => "degraded", 'x' => "outage", _ => "operational" });
}
