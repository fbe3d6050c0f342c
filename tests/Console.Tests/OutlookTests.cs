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
        Assert.Equal(impact, $"{IncidentWords.Impact([Component(0), Component(1), Component(2) with { ArchivedAt = DateTimeOffset.UnixEpoch }], Declared(declared), byHand)}");

    /// <summary>One incident has declared, in turn, what stands before each comma; the update in the form says the last.</summary>
    [Theory]
    [InlineData("oo", "x-,--", "", "Partial Outage", "Major")] // what it said before holds
    [InlineData("oo", "x-,o-", "", "All Systems Operational", "Major")]
    [InlineData("oo", "x-,-x", "", "Major Outage", "Critical")]
    [InlineData("oo", "d-,r", "", "All Systems Operational", "Minor")]
    [InlineData("xo", "x-,r", "", "Partial Outage", "Major")] // what is measured stays
    [InlineData("oo", "x-,r", "-d", "Degraded Performance", "Major")] // and what another one declares
    [InlineData("oo", "xx,o-", "x-", "Major Outage", "Critical")]
    [InlineData("uo", "-d,r", "", "Status Unknown", "Minor")]
    public void With_an_update_counts_what_the_incident_says_then(string measured, string declared, string other, string label, string impact)
    {
        var updates = declared.Split(',').Select((letters, index) => Update(index, letters)).ToList();
        var incident = Incident("inc_it", updates[..^1]);
        var page = Page(measured, OverallKey.Operational, "") with { Incidents = [incident.ToPublic(), Incident("inc_other", [Update(0, other)]).ToPublic()], OpenIncidentsTotal = 2 };

        Assert.Equal(label, IncidentWords.Outlook(page, incident.Id, updates));
        Assert.Equal(impact, $"{IncidentWords.Impact([Component(0), Component(1)], incident, updates)}");
        Assert.Equal(IncidentImpact.None, IncidentWords.Impact([Component(0), Component(1)], incident with { ImpactOverride = IncidentImpact.None }, updates));
    }

    [Fact]
    public void An_update_that_speaks_of_an_earlier_time_does_not_undo_a_later_one()
    {
        List<IncidentUpdate> updates = [Update(5, "x-"), Update(1, "o-")];

        Assert.Equal("Partial Outage", IncidentWords.Outlook(Page("oo", OverallKey.Operational, ""), "inc_it", updates));
    }

    [Fact]
    public void Of_more_incidents_than_the_page_names_nothing_is_promised() =>
        Assert.Null(IncidentWords.Outlook(Page("oo", OverallKey.Operational, "") with { OpenIncidentsTotal = 11 }, "inc_it", [Update(0, "r")]));

    internal static IncidentUpdate Update(int minute, string letters) => new()
    {
        Id = $"upd_{minute}",
        Status = letters == "r" ? IncidentStatus.Resolved : IncidentStatus.Identified,
        Body = "",
        Components = letters == "r" ? [] : [.. Declared(letters).Select(one => new ComponentDeclaration { Id = one.Key, Status = WireNames.Declared(one.Value)!.Value })],
        At = DateTimeOffset.UnixEpoch.AddMinutes(minute),
        PostedAt = DateTimeOffset.UnixEpoch.AddMinutes(minute),
        EditedAt = null,
        CreatedBy = "ops",
        Notify = true,
    };

    internal static Incident Incident(string id, IReadOnlyList<IncidentUpdate> updates) => new()
    {
        Id = id,
        ProjectId = "proj_1",
        Title = "One",
        Status = IncidentStatus.Identified,
        Impact = IncidentWords.Impact([Component(0), Component(1)], updates.SelectMany(update => update.Components).GroupBy(one => one.Id).ToDictionary(one => one.Key, one => $"{one.Max(declared => declared.Status)}".ToLowerInvariant()), ""),
        ImpactOverride = null,
        StartedAt = DateTimeOffset.UnixEpoch,
        ResolvedAt = null,
        Components = [.. IncidentTimeline.Over(updates).Last().States.Select(state => new IncidentComponent { Id = state.Key, Name = state.Key, Status = state.Value })],
        Updates = updates,
        UpdatesCount = updates.Count,
        CreatedBy = "ops",
        CreatedAt = DateTimeOffset.UnixEpoch,
        UpdatedAt = DateTimeOffset.UnixEpoch,
        Draft = false,
    };

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

    internal static StatusDocument Page(string shown, OverallKey key, string label) => new()
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
            Measured = Status(letter),
            Status = Status(letter),
            Reason = null,
            Since = null,
            UptimePercent = null,
            Days = [],
        })],
        Incidents = [],
        OpenIncidentsTotal = 0,
        Windows = null!,
    };

    private static ServiceStatus Status(char letter) => letter switch { 'd' => ServiceStatus.Degraded, 'x' => ServiceStatus.Outage, 'u' => ServiceStatus.Unknown, _ => ServiceStatus.Operational };

    private static Dictionary<string, string> Declared(string letters) => letters.Select((letter, index) => (letter, index)).Where(one => one.letter != '-')
        .ToDictionary(one => $"cmp_{one.index}", one => one.letter switch { 'd' => "degraded", 'x' => "outage", _ => "operational" });
}
