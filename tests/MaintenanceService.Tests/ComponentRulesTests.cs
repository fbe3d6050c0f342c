using System.Text;
using Xerotier.MaintenanceService.Components;
using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Tests;

/// <summary>The rules of components and what clients send of them, as pure functions.</summary>
public sealed class ComponentRulesTests
{
    internal static readonly DateTimeOffset Now = new(2026, 5, 22, 12, 0, 0, TimeSpan.Zero);

    internal static StoredComponent BuiltIn { get; } = Component("cmp_dashboard", "Dashboard", 10) with { BuiltIn = true };

    internal static StoredComponent Component(string id, string name, int position = 50, DateTimeOffset? archived = null) => new()
    {
        Id = id,
        Name = name,
        Description = null,
        Group = null,
        Position = position,
        StartDate = new(2026, 5, 1),
        OnlyShowIfDegraded = false,
        Probe = null,
        BuiltIn = false,
        CreatedAt = Now.AddDays(-20),
        UpdatedAt = Now.AddDays(-20),
        ArchivedAt = archived,
        Version = 1,
    };

    private static ComponentSet Set(params StoredComponent[] components) => new([BuiltIn, .. components]);

    [Fact]
    public void A_new_component_stands_after_all_others_from_today()
    {
        var created = ComponentRules.Create(new() { Name = "Batch API" }, Set(Component("cmp_a", "Old", 900, archived: Now)), Now.AddTicks(7)).Value;
        Assert.StartsWith("cmp_", created.Id, StringComparison.Ordinal);
        Assert.Equal(("Batch API", 20, new DateOnly(2026, 5, 22), 1L, false), (created.Name, created.Position, created.StartDate, created.Version, created.BuiltIn));
        Assert.Equal((Now, Now, null, null, null), (created.CreatedAt, created.UpdatedAt, created.Description, created.Group, created.Probe));
        Assert.Empty(created.Probed);
        Assert.Equal(int.MaxValue, ComponentRules.Create(new() { Name = "Last" }, Set(Component("cmp_a", "A", int.MaxValue - 3)), Now).Value.Position);
    }

    [Theory]
    [InlineData("2026-05-22", true)]
    [InlineData("2026-02-21", true)]
    [InlineData("2026-05-23", false)]
    [InlineData("2026-02-20", false)]
    public void A_component_begins_within_the_last_90_days(string date, bool allowed) =>
        Assert.Equal(allowed ? null : "invalid_request start_date", Error(ComponentRules.Create(new() { Name = "A", StartDate = DateOnly.Parse(date, null) }, Set(), Now).Error));

    [Fact]
    public void A_name_is_taken_without_regard_to_case_until_its_component_is_archived()
    {
        Assert.Equal("already_exists name", Error(ComponentRules.Create(new() { Name = "dashBOARD" }, Set(), Now).Error));
        var batch = Component("cmp_b", "Batch");
        Assert.Equal("already_exists name", Error(Change(batch, new() { Name = "DASHBOARD" }).Error));
        Assert.Null(Change(batch, new() { Name = "BATCH" }).Error);
        Assert.Null(ComponentRules.Create(new() { Name = "batch" }, Set(batch with { ArchivedAt = Now }), Now).Error);
    }

    [Fact]
    public void There_are_at_most_50_that_are_not_archived()
    {
        var others = Enumerable.Range(0, 49).Select(i => Component($"cmp_{i}", $"Name {i}")).ToArray();
        Assert.Equal("quota_exceeded ", Error(ComponentRules.Create(new() { Name = "One more" }, Set(others), Now).Error));
        others[7] = others[7] with { ArchivedAt = Now };
        Assert.Null(ComponentRules.Create(new() { Name = "One more" }, Set(others), Now).Error);
    }

    [Fact]
    public void A_start_date_only_becomes_earlier()
    {
        var component = Component("cmp_a", "A");
        Assert.Equal("invalid_request start_date", Error(Change(component, new() { StartDate = component.StartDate.AddDays(1) }).Error));
        Assert.Equal("invalid_request start_date", Error(Change(component, new() { StartDate = new(2026, 2, 20) }).Error));
        Assert.Equal(new(2026, 2, 21), Change(component, new() { StartDate = new(2026, 2, 21) }).Value.StartDate);
        var old = component with { StartDate = new(2025, 1, 1) };
        Assert.Same(old, Change(old, new() { StartDate = new(2025, 1, 1) }).Value);
    }

    [Fact]
    public void What_changes_nothing_makes_no_version()
    {
        var component = Component("cmp_a", "A") with { Description = "B", Probe = new() { Url = "https://a.example/" } };
        Assert.Same(component, Change(component, new()).Value);
        Assert.Same(component, Change(component, new() { Name = "A", Description = "B", Probe = new() { Url = "https://a.example/" } }).Value);
        var next = Change(component, new() { Group = "G" }).Value;
        Assert.Equal((2L, Now, "G"), (next.Version, next.UpdatedAt, next.Group));
        Assert.Equal((null, null), (Change(next, new(), "group").Value.Group, Change(next, new(), "description").Value.Description));
        Assert.Null(Change(next, new() { Description = "" }).Value.Description);
        var future = component with { UpdatedAt = Now.AddHours(1) };
        Assert.Equal(future.UpdatedAt, Change(future, new() { Position = 1 }).Value.UpdatedAt);
    }

    [Fact]
    public void Every_time_with_a_probe_is_kept()
    {
        var probe = new ComponentProbe { Url = "https://a.example/" };
        var component = ComponentRules.Create(new() { Name = "A", Probe = probe }, Set(), Now).Value;
        component = Change(component, new() { Probe = probe with { IntervalSeconds = 10 } }, Now.AddHours(1)).Value;
        Assert.Equal([new(Now, null)], component.Probed);
        component = Change(component, new(), Now.AddHours(2), "probe").Value;
        Assert.Equal([new(Now, Now.AddHours(2))], component.Probed);
        component = Change(component, new() { Probe = probe }, Now.AddHours(3)).Value;
        component = ComponentRules.Archive(component, isNamed: false, Now.AddHours(4)).Value;
        Assert.Equal([new(Now, Now.AddHours(2)), new(Now.AddHours(3), Now.AddHours(4))], component.Probed);
    }

    [Fact]
    public void A_built_in_component_is_reordered_grouped_and_described_and_no_more()
    {
        var changed = Change(BuiltIn, new() { Position = 99, Group = "Core", Description = "This page.", OnlyShowIfDegraded = true, Name = "Dashboard" }).Value;
        Assert.Equal((99, "Core", "This page.", true), (changed.Position, changed.Group, changed.Description, changed.OnlyShowIfDegraded));
        Assert.Equal("invalid_state_transition ", Error(Change(BuiltIn, new() { Name = "Other" }).Error));
        Assert.Equal("invalid_state_transition ", Error(Change(BuiltIn, new() { Probe = new() { Url = "https://a.example/" } }).Error));
        Assert.Equal("invalid_state_transition ", Error(Change(BuiltIn, new() { StartDate = BuiltIn.StartDate.AddDays(-1) }).Error));
        Assert.Equal("invalid_state_transition ", Error(ComponentRules.Archive(BuiltIn, isNamed: false, Now).Error));
    }

    [Fact]
    public void An_archived_component_is_final()
    {
        Assert.Equal("invalid_state_transition ", Error(ComponentRules.Archive(Component("cmp_a", "A"), isNamed: true, Now).Error));
        var archived = ComponentRules.Archive(Component("cmp_a", "A"), isNamed: false, Now).Value;
        Assert.Equal((Now, 2L), (archived.ArchivedAt, archived.Version));
        Assert.Same(archived, ComponentRules.Archive(archived, isNamed: true, Now.AddHours(1)).Value);
        Assert.Same(archived, Change(archived, new() { Name = "A" }).Value);
        Assert.Equal("invalid_state_transition ", Error(Change(archived, new() { Position = 3 }).Error));
    }

    [Theory]
    [InlineData("""{"name":"A","probe":{"url":"ftp://a.example/"}}""", "probe.url invalid_request")]
    [InlineData("""{"name":"A","probe":{"url":"/healthz"}}""", "probe.url invalid_request")]
    [InlineData("""{"name":"A","probe":{"url":"https://user:secret@a.example/"}}""", "probe.url invalid_request")]
    [InlineData("""{"name":"A","probe":{"interval_seconds":9,"timeout_seconds":31,"expect_status":199,"x":1}}""", "probe.url invalid_request,probe.interval_seconds invalid_request,probe.timeout_seconds invalid_request,probe.expect_status invalid_request,probe.x unknown_field")]
    [InlineData("""{"name":"","position":1.5,"start_date":"2026-02-30","only_show_if_degraded":1,"group":"","id":"cmp_a","x":1}""", "name invalid_request,position invalid_request,start_date invalid_request,only_show_if_degraded invalid_request,group invalid_request,id unknown_field,x unknown_field")]
    [InlineData("""{"probe":[]}""", "probe invalid_request,name invalid_request")]
    [InlineData("""{"name":"A","description":null,"probe":{"url":"http://a.example:81/x","expect_status":null}}""", "")]
    public void Everything_that_is_wrong_is_said_at_once(string json, string errors) => Assert.Equal(errors, Errors(() => ComponentInput.ForCreate(Encoding.UTF8.GetBytes(json))));

    [Fact]
    public void A_new_component_has_what_was_sent_and_a_probe_has_its_defaults()
    {
        var fields = ComponentInput.ForCreate("""{"name":" A ","description":"D","group":"G","position":-3,"start_date":"2026-05-01","only_show_if_degraded":true,"probe":{"url":"https://a.example/"}}"""u8.ToArray());
        Assert.Equal(("A", "D", "G", -3, new DateOnly(2026, 5, 1), true), (fields.Name, fields.Description, fields.Group, fields.Position!.Value, fields.StartDate!.Value, fields.OnlyShowIfDegraded!.Value));
        Assert.Equal(new() { Url = "https://a.example/", IntervalSeconds = 60, TimeoutSeconds = 5, ExpectStatus = null }, fields.Probe);
    }

    [Fact]
    public void Null_removes_what_can_be_removed_and_is_an_error_elsewhere()
    {
        var (fields, removed) = ComponentInput.ForUpdate("""{"description":null,"group":null,"probe":null}"""u8.ToArray());
        Assert.Equal(["description", "group", "probe"], removed);
        Assert.Equal(new(), fields);
        Assert.Equal(
            "name invalid_request,position invalid_request,start_date invalid_request,only_show_if_degraded invalid_request",
            Errors(() => ComponentInput.ForUpdate("""{"name":null,"position":null,"start_date":null,"only_show_if_degraded":null}"""u8.ToArray())));
    }

    internal static string Errors(Action read)
    {
        try
        {
            read();
            return "";
        }
        catch (ApiException failure)
        {
            return failure.Error.Errors is { } errors ? string.Join(',', errors.Select(error => $"{error.Param} {error.Code}")) : $"{failure.Error.Param} {failure.Error.Code}";
        }
    }

    internal static string? Error(ApiError? error) => error is null ? null : $"{error.Code} {error.Param}";

    private static Model.RuleResult<StoredComponent> Change(StoredComponent component, ComponentUpdate fields, params string[] removed) => Change(component, fields, Now, removed);

    private static Model.RuleResult<StoredComponent> Change(StoredComponent component, ComponentUpdate fields, DateTimeOffset now, params string[] removed) =>
        ComponentRules.Change(component, fields, removed, Set(component), now);
}
