using System.Text;
using Xerotier.MaintenanceService.Components;
using Xerotier.MaintenanceService.Incidents;
using Xerotier.MaintenanceService.Model;
using static Xerotier.Contracts.DeclaredStatus;
using static Xerotier.Contracts.IncidentStatus;
using static Xerotier.MaintenanceService.Tests.ComponentRulesTests;

namespace Xerotier.MaintenanceService.Tests;

/// <summary>The rules of incidents, what their updates declare, and what clients send of them, as pure functions.</summary>
public sealed class IncidentRulesTests
{
    private static readonly StoredComponent A = Component("cmp_a", "A");
    private static readonly StoredComponent B = Component("cmp_b", "B");
    private static readonly StoredComponent Gone = Component("cmp_gone", "Gone", archived: Now.AddDays(-1));
    private static readonly ComponentSet Two = new([A, B, Gone]);

    private static DateTimeOffset At(double hours) => Now.AddHours(hours);

    private static ComponentDeclaration Says(StoredComponent component, DeclaredStatus status) => new() { Id = component.Id, Status = status };

    private static IncidentCreate New(params ComponentDeclaration[] components) => new() { Title = "Errors", Body = "We look.", Components = components };

    private static RuleResult<StoredIncident> Create(IncidentCreate fields, ComponentSet? set = null) => IncidentRules.Create(fields, "proj_abcdef", "ops", set ?? Two, Now);

    private static StoredIncident Created(params ComponentDeclaration[] components) => Create(New(components)).Value;

    private static RuleResult<StoredIncident> Post(StoredIncident incident, double hours, IncidentStatus? status, double? at = null, ComponentSet? set = null, params ComponentDeclaration[] components) =>
        IncidentRules.Post(incident, new() { Body = "More.", Status = status, At = at is { } hour ? At(hour) : null, Components = components }, "ops2", set ?? Two, At(hours));

    [Fact]
    public void A_new_incident_has_its_first_update()
    {
        var incident = Create(New(Says(A, Degraded)) with { StartedAt = At(-2), Notify = false }).Value;
        Assert.Equal((1L, Investigating, IncidentImpact.Minor, At(-2), null, false, 1), (incident.Version, incident.Status, incident.Impact, incident.StartedAt, incident.ResolvedAt, incident.Draft, incident.UpdatesCount));
        Assert.Equal(("proj_abcdef", "ops", Now, Now), (incident.ProjectId, incident.CreatedBy, incident.CreatedAt, incident.UpdatedAt));
        var update = Assert.Single(incident.Updates);
        Assert.Equal((Investigating, "We look.", At(-2), Now, null, "ops", false), (update.Status, update.Body, update.At, update.PostedAt, update.EditedAt, update.CreatedBy, update.Notify));
        Assert.Equal([new() { Id = "cmp_a", Name = "A", Status = Degraded }], incident.Components);
        Assert.True(incident.IsOpen);
        Assert.True(Created().Updates[0].Notify);
    }

    [Theory]
    [InlineData(0.0, null, null)]
    [InlineData(-90.0 * 24, null, null)]
    [InlineData((-90.0 * 24) - 1, null, "invalid_request started_at")]
    [InlineData(1.0, null, "invalid_request started_at")]
    [InlineData(-2.0, -1.0, null)]
    [InlineData(-2.0, 0.0, null)]
    [InlineData(-2.0, 1.0, "invalid_request at")]
    [InlineData(-2.0, -3.0, "invalid_request at")]
    public void An_incident_begins_within_90_days_and_speaks_of_its_own_time(double start, double? at, string? error) =>
        Assert.Equal(error, Error(Create(New() with { StartedAt = At(start), At = at is { } hour ? At(hour) : null }).Error));

    [Fact]
    public void An_incident_may_begin_resolved_but_not_with_its_postmortem()
    {
        var record = Create(New(Says(A, Operational)) with { Status = Resolved, StartedAt = At(-2), At = At(-1) }).Value;
        Assert.Equal((At(-1), IncidentImpact.None, false), (record.ResolvedAt, record.Impact, record.IsOpen));
        Assert.Equal("invalid_request status", Error(Create(New() with { Status = Postmortem }).Error));
    }

    [Fact]
    public void Components_that_are_unknown_or_archived_cannot_be_named()
    {
        Assert.Equal("invalid_request components", Error(Create(New(new ComponentDeclaration { Id = "cmp_x", Status = Outage })).Error));
        Assert.Equal("invalid_request components", Error(Create(New(Says(Gone, Outage))).Error));
        Assert.Equal("invalid_request components", Error(Post(Created(), 1, Identified, components: Says(Gone, Outage)).Error));
    }

    [Theory]
    [InlineData(Investigating, Investigating, true)]
    [InlineData(Investigating, Identified, true)]
    [InlineData(Investigating, Monitoring, true)]
    [InlineData(Investigating, Resolved, true)]
    [InlineData(Investigating, Postmortem, false)]
    [InlineData(Identified, Investigating, true)]
    [InlineData(Identified, Monitoring, true)]
    [InlineData(Monitoring, Investigating, true)]
    [InlineData(Monitoring, Identified, true)]
    [InlineData(Monitoring, Resolved, true)]
    [InlineData(Monitoring, Postmortem, false)]
    [InlineData(Resolved, Investigating, true)]
    [InlineData(Resolved, Identified, false)]
    [InlineData(Resolved, Monitoring, false)]
    [InlineData(Resolved, Resolved, false)]
    [InlineData(Resolved, Postmortem, true)]
    [InlineData(Postmortem, Postmortem, true)]
    [InlineData(Postmortem, Investigating, false)]
    [InlineData(Postmortem, Resolved, false)]
    public void Only_some_states_follow_each_other(IncidentStatus from, IncidentStatus to, bool allowed)
    {
        var incident = from == Postmortem ? Post(Post(Created(), 1, Resolved).Value, 2, Postmortem).Value
            : from == Investigating ? Created()
            : Post(Created(), 1, from).Value;
        Assert.Equal(allowed ? null : "invalid_state_transition ", Error(Post(incident, 3, to).Error));
    }

    [Fact]
    public void Without_a_status_the_state_stays()
    {
        Assert.Equal(Identified, Post(Post(Created(), 1, Identified).Value, 2, null).Value.Status);
        Assert.Equal(Postmortem, Post(Post(Post(Created(), 1, Resolved).Value, 2, Postmortem).Value, 3, null).Value.Status);
        Assert.NotNull(Post(Post(Created(), 1, Resolved).Value, 2, null).Error);
    }

    [Fact]
    public void An_incident_is_reopened_within_24_hours_after_somebody_resolved_it()
    {
        var resolved = Post(Created(Says(A, Outage)), 1, Resolved, at: 0.5).Value;
        Assert.Equal("invalid_state_transition ", Error(Post(resolved, 25.001, Investigating).Error));
        var reopened = Post(resolved, 25, Investigating).Value;
        Assert.Equal((null, true, Operational), (reopened.ResolvedAt, reopened.IsOpen, reopened.Components[0].Status));
        var again = Post(reopened, 26, Resolved).Value;
        Assert.Equal(At(26), again.ResolvedAt);
        Assert.Null(Post(again, 49, Investigating).Error);
    }

    [Fact]
    public void Resolving_ends_what_was_declared_at_its_own_time_and_a_postmortem_leaves_it_there()
    {
        var resolved = Post(Created(Says(A, Outage), Says(B, Degraded)), 2, Resolved, at: 1).Value;
        Assert.Equal((At(1), IncidentImpact.Major), (resolved.ResolvedAt, resolved.Impact));
        Assert.All(resolved.Components, component => Assert.Equal(Operational, component.Status));
        var after = Post(resolved, 30, Postmortem).Value;
        Assert.Equal((At(1), Postmortem), (after.ResolvedAt, after.Status));
    }

    [Theory]
    [InlineData(Resolved)]
    [InlineData(Postmortem)]
    public void What_ends_an_incident_declares_nothing_bad(IncidentStatus status)
    {
        var incident = status == Resolved ? Created() : Post(Created(), 1, Resolved).Value;
        Assert.Equal("invalid_request components", Error(Post(incident, 2, status, components: Says(A, Degraded)).Error));
        Assert.Null(Post(incident, 2, status, components: Says(A, Operational)).Error);
    }

    [Fact]
    public void What_resolves_reopens_or_looks_back_speaks_of_no_earlier_time_than_what_was_posted_before()
    {
        var later = Post(Created(), 3, Monitoring, at: 2).Value;
        Assert.Null(Post(later, 4, Identified, at: 1).Error); // an ordinary one may
        Assert.Equal("invalid_request at", Error(Post(later, 4, Resolved, at: 1).Error));
        var resolved = Post(later, 4, Resolved, at: 3).Value;
        Assert.Equal("invalid_request at", Error(Post(resolved, 5, Investigating, at: 2.5).Error));
        Assert.Equal("invalid_request at", Error(Post(resolved, 5, Postmortem, at: 2.5).Error));
        var reopened = Post(resolved, 5, Investigating, at: 3).Value;
        Assert.Null(Post(reopened, 6, Identified, at: 1).Error);

        // Edits keep that, on either side.
        Assert.Equal("invalid_request at", Error(Edit(resolved, 1, new() { At = At(3.5) }, 6).Error));
        Assert.Equal("invalid_request at", Error(Edit(resolved, 2, new() { At = At(1.5) }, 6).Error));
        Assert.Equal(At(2), Edit(resolved, 2, new() { At = At(2) }, 6).Value.ResolvedAt);
    }

    [Fact]
    public void An_edit_is_marked_and_keeps_the_order_of_time()
    {
        var incident = Post(Created(Says(A, Degraded)), 1, Identified, components: Says(B, Degraded)).Value;
        var edited = Edit(incident, 0, new() { Body = "Better words.", Components = [Says(A, Outage)] }, 2).Value;
        Assert.Equal(("Better words.", At(2), IncidentImpact.Major, 3L), (edited.Updates[0].Body, edited.Updates[0].EditedAt, edited.Impact, edited.Version));
        Assert.Equal([Outage, Degraded], edited.Components.Select(component => component.Status));
        Assert.Null(edited.Updates[1].EditedAt);
        Assert.Same(incident, Edit(incident, 0, new() { Body = "We look.", At = incident.Updates[0].At, Components = [Says(A, Degraded)] }, 2).Value);
        Assert.Equal("invalid_request at", Error(Edit(incident, 1, new() { At = At(-1) }, 2).Error));
        Assert.Equal("invalid_request at", Error(Edit(incident, 1, new() { At = At(3) }, 2).Error));
        Assert.Empty(Edit(incident, 0, new() { Components = [] }, 2).Value.Updates[0].Components);

        // What it named before may have been archived since.
        var old = Post(Create(New(Says(A, Degraded))).Value, 1, Resolved).Value;
        var archived = new ComponentSet([A with { ArchivedAt = At(2) }, B]);
        Assert.Null(IncidentRules.Edit(old, old.Updates[0].Id, new() { Components = [Says(A, Outage)] }, archived, At(3)).Error);
        Assert.Equal("invalid_request components", Error(IncidentRules.Edit(old, old.Updates[1].Id, new() { Components = [Says(A, Operational)] }, archived, At(3)).Error));
    }

    [Fact]
    public void What_holds_now_is_what_the_last_update_by_its_own_time_says()
    {
        var incident = Post(Create(New(Says(A, Outage)) with { StartedAt = At(-5) }).Value, 3, Monitoring, at: 2, components: Says(A, Operational)).Value;
        incident = Post(incident, 4, Monitoring, at: 1, components: Says(A, Degraded)).Value;
        Assert.Equal(Operational, incident.Components.Single().Status);
        incident = Post(incident, 5, Monitoring, at: 2, components: Says(A, Degraded)).Value; // of the same time, posted later
        Assert.Equal(Degraded, incident.Components.Single().Status);
    }

    [Fact]
    public void The_impact_is_the_worst_that_was_ever_declared_or_set_by_hand()
    {
        Assert.Equal(IncidentImpact.None, Created().Impact);
        Assert.Equal(IncidentImpact.None, Created(Says(A, Operational)).Impact);
        Assert.Equal(IncidentImpact.Minor, Created(Says(A, Degraded), Says(B, Degraded)).Impact);
        Assert.Equal(IncidentImpact.Major, Created(Says(A, Outage)).Impact);
        Assert.Equal(IncidentImpact.Critical, Created(Says(A, Outage), Says(B, Outage)).Impact);
        Assert.Equal(IncidentImpact.Critical, Post(Created(Says(A, Outage)), 1, Identified, components: Says(B, Outage)).Value.Impact);
        Assert.Equal(IncidentImpact.Critical, Post(Created(Says(A, Outage), Says(B, Outage)), 1, Resolved).Value.Impact);
        Assert.Equal(IncidentImpact.Major, Post(Post(Created(Says(A, Outage)), 1, Identified, components: Says(A, Operational)).Value, 2, Identified, components: Says(B, Outage)).Value.Impact);

        var set = IncidentRules.Change(Created(Says(A, Outage)), new() { ImpactOverride = IncidentImpact.Minor }, removesOverride: false, Two, Now).Value;
        Assert.Equal((IncidentImpact.Minor, IncidentImpact.Minor), (set.Impact, set.ImpactOverride));
        var computed = IncidentRules.Change(set, new(), removesOverride: true, Two, Now).Value;
        Assert.Equal((IncidentImpact.Major, null), (computed.Impact, computed.ImpactOverride));
    }

    [Fact]
    public void Critical_counts_the_components_of_the_time_of_posting()
    {
        var hidden = B with { OnlyShowIfDegraded = true };
        Assert.Equal(IncidentImpact.Major, Create(New(Says(A, Outage)), new([A, hidden])).Value.Impact);
        var alone = Create(New(Says(A, Outage)), new([A])).Value;
        Assert.Equal(IncidentImpact.Critical, alone.Impact);
        var later = B with { CreatedAt = At(1) };
        Assert.Equal(IncidentImpact.Critical, Post(alone, 2, Identified, set: new([A, later])).Value.Impact);
        Assert.Equal(IncidentImpact.Critical, Post(Created(Says(A, Outage)), 2, Identified, set: new([A, B with { ArchivedAt = At(1) }])).Value.Impact);
    }

    [Fact]
    public void Fields_of_an_incident_change_and_what_is_the_same_makes_no_version()
    {
        var incident = Post(Create(New() with { StartedAt = At(-2), At = At(-1) }).Value, 1, Identified).Value;
        var next = Change(incident, new() { Title = "Other", StartedAt = At(-1) }).Value;
        Assert.Equal(("Other", At(-1), 3L, At(2)), (next.Title, next.StartedAt, next.Version, next.UpdatedAt));
        Assert.Same(incident, Change(incident, new() { Title = "Errors", StartedAt = At(-2) }).Value);
        Assert.Equal("invalid_request started_at", Error(Change(incident, new() { StartedAt = At(-0.5) }).Error));
        Assert.Equal("invalid_request started_at", Error(Change(incident, new() { StartedAt = At(-91 * 24) }).Error));

        static RuleResult<StoredIncident> Change(StoredIncident incident, IncidentChange fields) => IncidentRules.Change(incident, fields, removesOverride: false, Two, At(2));
    }

    [Fact]
    public void An_incident_has_at_most_200_updates()
    {
        var incident = Created();
        for (var i = 1; i < 200; i++)
        {
            incident = Post(incident, i, Identified).Value;
        }

        Assert.Equal(200, incident.UpdatesCount);
        Assert.Equal("quota_exceeded ", Error(Post(incident, 201, Resolved).Error));
    }

    [Fact]
    public void At_most_50_incidents_are_open()
    {
        var full = new ComponentSet([A, B], openIncidents: 50);
        Assert.Equal("quota_exceeded ", Error(Create(New(), full).Error));
        Assert.Null(Create(New(), new([A, B], openIncidents: 49)).Error);
        var draft = Create(New() with { Draft = true }, full).Value;
        Assert.Equal("quota_exceeded ", Error(IncidentRules.Publish(draft, full, Now).Error));
        Assert.Null(Create(New() with { Status = Resolved }, full).Error);
        Assert.Null(Post(Created(), 1, Identified, set: full).Error);
        Assert.Equal("quota_exceeded ", Error(Post(Post(Created(), 1, Resolved).Value, 2, Investigating, set: full).Error));
    }

    [Fact]
    public void Publishing_posts_everything_now_and_only_a_draft_is_deleted()
    {
        var draft = Post(Create(New(Says(A, Outage)) with { Draft = true, StartedAt = At(-1) }).Value, 1, Identified).Value;
        draft = Edit(draft, 0, new() { Body = "Before anybody saw it." }, 2).Value;
        Assert.Equal((false, null), (draft.IsOpen, draft.Updates[0].EditedAt));
        Assert.Null(IncidentRules.DeleteError(draft));
        var published = IncidentRules.Publish(draft, new([A]), At(3)).Value;
        Assert.Equal((false, true, IncidentImpact.Critical), (published.Draft, published.IsOpen, published.Impact));
        Assert.Equal([At(3), At(3)], published.Updates.Select(update => update.PostedAt));
        Assert.Equal([At(-1), At(1)], published.Updates.Select(update => update.At));
        Assert.Same(published, IncidentRules.Publish(published, Two, At(4)).Value);
        Assert.Equal("invalid_state_transition ", Error(IncidentRules.DeleteError(published)));
    }

    [Fact]
    public void A_clock_that_was_set_back_makes_nothing_older()
    {
        var incident = Post(Created(), 2, Identified).Value;
        var next = Post(incident, 1, Resolved).Value;
        Assert.Equal((At(2), At(2), At(2)), (next.UpdatedAt, next.Updates[^1].PostedAt, next.ResolvedAt));
    }

    [Theory]
    [InlineData("""{"title":"T","body":"B"}""", "")]
    [InlineData("""{"title":"T","body":"<b>![x](y)</b> a\nb"}""", "")]
    [InlineData("""{}""", "title invalid_request,body invalid_request")]
    [InlineData("""{"title":" ","body":"","status":"over","started_at":"now","at":3,"impact_override":"huge","notify":1,"draft":"no","updates":[],"x":1}""",
        "title invalid_request,body invalid_request,status invalid_request,started_at invalid_request,at invalid_request,impact_override invalid_request,notify invalid_request,draft invalid_request,updates unknown_field,x unknown_field")]
    [InlineData("""{"title":"T","body":"B","components":{}}""", "components invalid_request")]
    [InlineData("""{"title":"T","body":"B","components":["cmp_a"]}""", "components invalid_request")]
    [InlineData("""{"title":"T","body":"B","components":[{"id":"cmp_a"},{"status":"outage"},{"id":"cmp_b","status":"down","x":1}]}""", "components invalid_request,components invalid_request,components invalid_request,components unknown_field")]
    [InlineData("""{"title":"T","body":"B","components":[{"id":"cmp_a","status":"outage"},{"id":"cmp_a","status":"degraded"}]}""", "components invalid_request")]
    public void Everything_that_is_wrong_is_said_at_once(string json, string errors) => Assert.Equal(errors, Errors(() => IncidentInput.ForCreate(Encoding.UTF8.GetBytes(json))));

    [Fact]
    public void Texts_and_lists_have_limits()
    {
        Assert.Equal("", Sent(200, 10_000, 50));
        Assert.Equal("title invalid_request,body invalid_request,components invalid_request", Sent(201, 10_001, 51));

        static string Sent(int title, int body, int components) => Errors(() => IncidentInput.ForCreate(Encoding.UTF8.GetBytes(
            $$"""{"title":"{{new string('t', title)}}","body":"{{new string('b', body)}}","components":[{{string.Join(',', Enumerable.Range(0, components).Select(i => $$"""{"id":"cmp_{{i}}","status":"outage"}"""))}}]}""")));
    }

    [Fact]
    public void A_patch_takes_few_fields_and_null_only_removes_the_impact_that_was_set()
    {
        Assert.True(IncidentInput.ForChange("""{"impact_override":null}"""u8.ToArray()).RemovesOverride);
        Assert.Equal("title invalid_request,started_at invalid_request,status unknown_field,body unknown_field", Errors(() => IncidentInput.ForChange("""{"title":null,"started_at":null,"status":"resolved","body":"x"}"""u8.ToArray())));
        Assert.Equal("body invalid_request,at invalid_request,components invalid_request,status unknown_field,notify unknown_field", Errors(() => IncidentInput.ForUpdateChange("""{"body":null,"at":null,"components":null,"status":"resolved","notify":true}"""u8.ToArray())));
        Assert.Equal("body invalid_request", Errors(() => IncidentInput.ForUpdate("{}"u8.ToArray())));
        Assert.Equal("draft unknown_field,posted_at unknown_field", Errors(() => IncidentInput.ForUpdate("""{"body":"B","draft":true,"posted_at":"2026-05-22T00:00:00Z"}"""u8.ToArray())));
    }

    private static RuleResult<StoredIncident> Edit(StoredIncident incident, int update, IncidentUpdateChange fields, double hours) =>
        IncidentRules.Edit(incident, incident.Updates[update].Id, fields, Two, At(hours));
}
