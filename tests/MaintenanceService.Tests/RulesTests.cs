using System.Globalization;
using System.Text;
using System.Text.Json;
using Xerotier.MaintenanceService.Model;
using Xerotier.MaintenanceService.Windows;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;
using static Xerotier.Contracts.WindowStatus;

namespace Xerotier.MaintenanceService.Tests;

/// <summary>The rules of a window's life and of its fields (product.md section 4) as functions, case by case.</summary>
public sealed class RulesTests
{
    private static readonly DateTimeOffset Now = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly JsonSerializerOptions AsWritten = new() { Converters = { new Contracts.UtcTimeConverter() } };
    private static readonly Caller Operator = new("key_1", "ops", "proj_abcdef", PlatformProject: true, []);

    [Theory]
    [InlineData("scheduled", "scheduled active completed cancelled")]
    [InlineData("active", "active completed cancelled")]
    [InlineData("completed", "")]
    [InlineData("cancelled", "")]
    public void A_state_leads_to_these_and_no_others(string from, string to)
    {
        var allowed = to.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(name => WireNames.Status(name)!.Value).ToList();
        foreach (var next in Enum.GetValues<WindowStatus>())
        {
            Assert.Equal(allowed.Contains(next), Lifecycle.Allows(WireNames.Status(from)!.Value, next));
            Assert.Equal(allowed.Contains(next), Lifecycle.Before(next).Contains(WireNames.Status(from)!.Value));
        }
    }

    [Fact]
    public void Only_final_windows_are_purged()
    {
        Assert.Equal([false, false, true, true], new[] { Scheduled, Active, Completed, Cancelled }.Select(status => status.IsFinal()));
        foreach (var status in Enum.GetValues<WindowStatus>())
        {
            var error = Lifecycle.ValidatePurge(Window(status));
            Assert.Equal(status.IsFinal(), error is null);
            Assert.Equal(status.IsFinal() ? null : (409, "invalid_state_transition", $"A window that is {status.Wire()} cannot be purged: complete or cancel it first."), Told(error));
        }
    }

    [Theory]
    [InlineData("scheduled", "scheduled", "updated")]
    [InlineData("active", "active", "updated")]
    [InlineData("scheduled", "active", "activated")]
    [InlineData("scheduled", "completed", "completed")]
    [InlineData("active", "completed", "completed")]
    [InlineData("active", "cancelled", "cancelled")]
    public void The_trail_names_the_change(string from, string to, string action) =>
        Assert.Equal(action, Lifecycle.Action(WireNames.Status(from)!.Value, WireNames.Status(to)!.Value));

    [Theory]
    [InlineData(null, "scheduled")]
    [InlineData("active", "active")]
    [InlineData("completed", "completed")]
    [InlineData("cancelled", "cancelled")]
    public void A_new_window_has_its_defaults_and_the_time_of_its_end_when_it_is_a_record(string? sent, string status)
    {
        var window = Lifecycle.Create(Fields() with { Status = sent is null ? null : WireNames.Status(sent) }, Operator, Now.AddTicks(7));
        Assert.Equal((status, WindowSeverity.Info, false, 1L, "\"1\""), (window.Status.Wire(), window.Severity, window.AutoTransition, window.Version, IVersioned.ETagOf(window.Version)));
        Assert.Equal(("proj_abcdef", "ops", true, Now, Now), (window.ProjectId, window.CreatedBy, window.Platform, window.CreatedAt, window.UpdatedAt));
        Assert.Equal((status == "completed" ? Now : null, status == "cancelled" ? Now : (DateTimeOffset?)null), (window.CompletedAt, window.CancelledAt));
        Assert.Empty(window.AffectedServices);
        Assert.Equal(["-24h", "-1h"], window.Reminders);
        Assert.True(window.Notify);
        Assert.Matches("^mw_[0-9a-z]{20}$", window.Id);
        var full = Lifecycle.Create(Fields() with { Severity = WindowSeverity.Critical, AffectedServices = ["A"], AutoTransition = true, Reminders = [], Notify = false }, Operator, Now);
        Assert.Equal((WindowSeverity.Critical, true, 0, false), (full.Severity, full.AutoTransition, full.Reminders.Count, full.Notify));
        Assert.Equal(["A"], full.AffectedServices);
        Assert.NotEqual(window.Id, full.Id);
    }

    [Fact]
    public void A_change_takes_what_is_named_and_leaves_the_rest()
    {
        var window = Window(Scheduled) with { AffectedServices = ["A"] };
        var later = Now.AddMinutes(1);
        MaintenanceWindowUpdate[] changes =
        [
            new() { Title = "New" }, new() { Description = "New" }, new() { Severity = WindowSeverity.Critical }, new() { AffectedServices = ["B"] },
            new() { StartsAt = window.StartsAt.AddMinutes(1) }, new() { EndsAt = window.EndsAt.AddMinutes(1) }, new() { AutoTransition = true }, new() { Status = Active },
            new() { Reminders = ["-2h"] }, new() { Reminders = [] }, new() { Notify = false },
        ];
        StoredWindow[] expected =
        [
            window with { Title = "New" }, window with { Description = "New" }, window with { Severity = WindowSeverity.Critical }, window with { AffectedServices = ["B"] },
            window with { StartsAt = window.StartsAt.AddMinutes(1) }, window with { EndsAt = window.EndsAt.AddMinutes(1) }, window with { AutoTransition = true }, window with { Status = Active, ActivatedAt = later },
            window with { Reminders = ["-2h"] }, window with { Reminders = [] }, window with { Notify = false },
        ];
        foreach (var (change, wanted) in changes.Zip(expected))
        {
            var next = Lifecycle.Change(window, change, later).Next!;
            Assert.Equivalent(wanted with { Version = 2, UpdatedAt = later }, next, strict: true);
        }

        Assert.Same(window.AffectedServices, Lifecycle.Change(window, new() { AffectedServices = ["A"] }, later).Next!.AffectedServices);
        Assert.Same(window, Lifecycle.Change(window, new() { AffectedServices = ["A"], Title = window.Title, Reminders = ["-24h", "-1h"], Notify = true }, later).Next);
    }

    [Fact]
    public void Completing_and_cancelling_note_their_time()
    {
        var completed = Lifecycle.Change(Window(Active), new() { Status = Completed }, Now.AddHours(1)).Next!;
        Assert.Equal((Now.AddHours(1), null), (completed.CompletedAt, completed.CancelledAt));
        var cancelled = Lifecycle.Change(Window(Active), new() { Status = Cancelled }, Now.AddHours(1)).Next!;
        Assert.Equal((null, Now.AddHours(1)), (cancelled.CompletedAt, cancelled.CancelledAt));
        Assert.Equal((Now, Now, null), (completed.ActivatedAt, cancelled.ActivatedAt, Lifecycle.Change(Window(Scheduled), new() { Status = Completed }, Now.AddHours(1)).Next!.ActivatedAt));
        Assert.Same(completed, Lifecycle.Change(completed, new() { Status = Completed }, Now.AddHours(2)).Next); // asked again: nothing changes
    }

    [Fact]
    public void A_change_is_never_older_than_the_one_before()
    {
        var window = Window(Scheduled);
        Assert.Equal(window.UpdatedAt, Lifecycle.Change(window, new() { Title = "x" }, window.UpdatedAt.AddHours(-1)).Next!.UpdatedAt);
        Assert.Equal(window.UpdatedAt.AddMicroseconds(1), Lifecycle.Change(window, new() { Title = "x" }, window.UpdatedAt.AddTicks(19)).Next!.UpdatedAt);
    }

    [Fact]
    public void What_may_not_be_is_refused_with_its_reason()
    {
        var done = Window(Completed);
        Assert.Equal(
            (409, "invalid_state_transition", "The window is completed and cannot be changed any more."), Told(Lifecycle.Change(done, new() { Title = "x" }, Now).Error));
        Assert.Equal(
            (409, "invalid_state_transition", "A window that is active cannot become scheduled."), Told(Lifecycle.Change(Window(Active), new() { Status = Scheduled }, Now).Error));
        var window = Window(Scheduled);
        foreach (var (change, param) in new[] { (new MaintenanceWindowUpdate { EndsAt = window.StartsAt }, "ends_at"), (new() { StartsAt = window.EndsAt }, "starts_at") })
        {
            var error = Lifecycle.Change(window, change, Now).Error;
            Assert.Equal((400, "invalid_request", WindowInput.EndsBeforeStart), Told(error));
            Assert.Equal(param, error!.Param);
        }
    }

    [Theory]
    [InlineData("2026-05-22T02:00:00Z", "2026-05-22T02:00:00Z")]
    [InlineData("2026-05-22t02:00z", "2026-05-22T02:00:00Z")]
    [InlineData("2026-05-22 04:00:00+02:00", "2026-05-22T02:00:00Z")]
    [InlineData("2026-05-22T02:00:00+0130", "2026-05-22T00:30:00Z")]
    [InlineData("2026-05-22T02:00:00-05", "2026-05-22T07:00:00Z")]
    [InlineData("2026-05-22T02:00:00,5Z", "2026-05-22T02:00:00.5Z")]
    [InlineData("2026-05-22T02:00:00.1234569Z", "2026-05-22T02:00:00.123456Z")]
    [InlineData("2026-05-22T23:59:59.000001+23:59", "2026-05-22T00:00:59.000001Z")]
    [InlineData("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z")]
    [InlineData("0001-01-01T00:00:00.000001Z", "0001-01-01T00:00:00.000001Z")]
    [InlineData("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z")]
    [InlineData("2026-01-31T00:00:00Z", "2026-01-31T00:00:00Z")]
    [InlineData("2026-12-01T00:00:00.0000000000000000000000000000000000000000000Z", "2026-12-01T00:00:00Z")] // 64 characters
    public void A_time_is_read_to_the_microsecond_and_written_in_UTC(string text, string written)
    {
        Assert.True(Timestamps.TryParse(text, out var time, out var error), error);
        Assert.Equal(TimeSpan.Zero, time.Offset);
        Assert.Equal($"\"{written}\"", JsonSerializer.Serialize(time, AsWritten));
    }

    [Theory]
    [InlineData("2026-05-22T02:00:00", "needs an offset")]
    [InlineData("2026-05-22", "must be an ISO 8601")]
    [InlineData("22.05.2026 02:00Z", "must be an ISO 8601")]
    [InlineData("2026-05-22T02:00:00Zx", "must be an ISO 8601")]
    [InlineData("2026-12-01T00:00:00.00000000000000000000000000000000000000000000Z", "must be an ISO 8601")] // 65 characters
    [InlineData("2026-02-29T00:00:00Z", "is not a date")]
    [InlineData("2026-00-01T00:00:00Z", "is not a date")]
    [InlineData("2026-13-01T00:00:00Z", "is not a date")]
    [InlineData("2026-01-00T00:00:00Z", "is not a date")]
    [InlineData("0000-01-01T00:00:00Z", "is not a date")]
    [InlineData("2026-01-01T24:00:00Z", "is not a date")]
    [InlineData("2026-01-01T00:60:00Z", "is not a date")]
    [InlineData("2026-01-01T00:00:60Z", "is not a date")]
    [InlineData("2026-01-01T00:00:00+24:00", "is not a date")]
    [InlineData("2026-01-01T00:00:00+00:60", "is not a date")]
    [InlineData("0001-01-01T00:00:00Z", "must lie after 0001-01-01T00:00:00Z")]
    [InlineData("0001-01-01T00:00:00+00:01", "must lie after 0001-01-01T00:00:00Z")]
    [InlineData("9999-12-31T23:59:59-00:01", "must lie after 0001-01-01T00:00:00Z")]
    public void What_is_no_time_says_why(string text, string why)
    {
        Assert.False(Timestamps.TryParse(text, out var time, out var error));
        Assert.StartsWith(why, error, StringComparison.Ordinal);
        Assert.Equal(default, time);
    }

    [Theory]
    [InlineData("""{"title":5}""", "title|invalid_request|'title' must be a string.")]
    [InlineData("""{"title":null}""", "title|invalid_request|'title' must not be null; leave it out to keep its value.")]
    [InlineData("""{"title":" "}""", "title|invalid_request|'title' must be 1 to 200 characters, not 0.")]
    [InlineData("""{"title":"\ud83d"}""", "title|invalid_request|'title' contains half of a surrogate pair, which is not text.")]
    [InlineData("""{"title":"\u009f"}""", "title|invalid_request|'title' must not contain control characters other than newline and tab.")]
    [InlineData("""{"\ud83d":1}""", "\uFFFD|unknown_field|'\uFFFD' is not a field of a maintenance window.")]
    [InlineData("""{"title":"a","title":"b"}""", "title|invalid_json|Duplicate field: 'title'.")]
    [InlineData("""{"id":"x"}""", "id|unknown_field|'id' is set by the service and cannot be sent.")]
    [InlineData("""{"x":1}""", "x|unknown_field|'x' is not a field of a maintenance window.")]
    [InlineData("""{"severity":"high"}""", "severity|invalid_request|'severity' must be one of info, warning or critical.")]
    [InlineData("""{"status":1}""", "status|invalid_request|'status' must be one of scheduled, active, completed or cancelled.")]
    [InlineData("""{"status":"\ud83d"}""", "status|invalid_request|'status' must be one of scheduled, active, completed or cancelled.")]
    [InlineData("""{"auto_transition":"true"}""", "auto_transition|invalid_request|'auto_transition' must be true or false.")]
    [InlineData("""{"auto_transition":1}""", "auto_transition|invalid_request|'auto_transition' must be true or false.")]
    [InlineData("""{"notify":"true"}""", "notify|invalid_request|'notify' must be true or false.")]
    [InlineData("""{"reminders":"-1h"}""", "reminders|invalid_request|'reminders' must be a list of strings.")]
    [InlineData("""{"reminders":["-1h",5]}""", "reminders|invalid_request|reminders[1] must be a string.")]
    [InlineData("""{"reminders":["-1h","-1w"]}""", "reminders|invalid_request|'reminders' must be times before the start from a minute to 30 days, such as -24h: -<n>m, -<n>h or -<n>d.")]
    [InlineData("""{"reminders":["-1m","-2m","-3m","-4m","-5m","-6m"]}""", "reminders|invalid_request|'reminders' must have at most 5 items, not 6.")]
    [InlineData("""{"starts_at":"\ud83d"}""", "starts_at|invalid_request|'starts_at' contains half of a surrogate pair, which is not text.")]
    [InlineData("""{"starts_at":"today"}""", "starts_at|invalid_request|'starts_at' must be an ISO 8601 date and time with an offset or Z, such as 2026-05-22T02:00:00Z.")]
    [InlineData("""{"starts_at":1}""", "starts_at|invalid_request|'starts_at' must be a string.")]
    [InlineData("""{"starts_at":"2026-05-22T02:00:00Z","ends_at":"2026-05-22T02:00:00Z"}""", "ends_at|invalid_request|'ends_at' must be after 'starts_at'.")]
    [InlineData("""{"affected_services":"A"}""", "affected_services|invalid_request|'affected_services' must be a list of strings.")]
    [InlineData("""{"affected_services":["A",1]}""", "affected_services|invalid_request|affected_services[1] must be a string.")]
    [InlineData("""{"affected_services":["A",""]}""", "affected_services|invalid_request|affected_services[1] must be 1 to 100 characters, not 0.")]
    [InlineData("""{"affected_services":["\udea7"]}""", "affected_services|invalid_request|affected_services[0] contains half of a surrogate pair, which is not text.")]
    public void A_wrong_field_says_what_is_wrong(string json, string error) => Assert.Equal([error], Errors(() => WindowInput.ForUpdate(Json(json))));

    [Fact]
    public void Everything_that_is_wrong_is_reported_at_once_up_to_a_bound()
    {
        Assert.Equal(
            ["title|invalid_request|'title' is required.", "description|invalid_request|'description' is required.", "starts_at|invalid_request|'starts_at' is required.", "ends_at|invalid_request|'ends_at' is required."],
            Errors(() => WindowInput.ForCreate(Json("{}"))));
        Assert.Equal(4, Errors(() => WindowInput.ForCreate(Json("""{"title":null,"description":5}"""))).Count); // a wrong one is not called missing as well
        Assert.Equal(100, Errors(() => WindowInput.ForUpdate(Json($"{{{string.Join(',', Enumerable.Range(0, 150).Select(i => $"\"x{i}\":1"))}}}"))).Count);
        Assert.Equal(["x|unknown_field|This request takes no fields."], Errors(() => Requests.RefuseFields(Json("""{"x":1}"""))));
        Requests.RefuseFields(Json("{}"));
        Assert.Equal([$"{new string('n', 64)}…|unknown_field|'{new string('n', 64)}…' is not a field of a maintenance window."], Errors(() => WindowInput.ForUpdate(Json($"{{\"{new string('n', 65)}\":1}}"))));
    }

    [Fact]
    public void Lengths_are_counted_in_scalar_values_at_their_bounds()
    {
        var crane = "\U0001F3D7";
        Assert.Equal(string.Concat(Enumerable.Repeat(crane, 200)), WindowInput.ForUpdate(Field("title", $" {string.Concat(Enumerable.Repeat(crane, 200))}\n")).Title);
        Assert.Equal(["title|invalid_request|'title' must be 1 to 200 characters, not 201."], Errors(() => WindowInput.ForUpdate(Field("title", string.Concat(Enumerable.Repeat(crane, 201))))));
        Assert.Equal("", WindowInput.ForUpdate(Field("description", " ")).Description);
        Assert.Equal(2000, WindowInput.ForUpdate(Field("description", new string('d', 2000))).Description!.Length);
        Assert.Equal(["description|invalid_request|'description' must be at most 2000 characters, not 2001."], Errors(() => WindowInput.ForUpdate(Field("description", new string('d', 2001)))));
        Assert.Equal(["a", "b", " a"], WindowInput.ForUpdate(Field("affected_services", new[] { "a", "b", "a", " a" })).AffectedServices);
        Assert.Equal(50, WindowInput.ForUpdate(Field("affected_services", Enumerable.Range(0, 50).Select(i => $"{i}{new string('s', 98)}"))).AffectedServices!.Count);
        Assert.Equal(["affected_services|invalid_request|'affected_services' must have at most 50 items, not 51."], Errors(() => WindowInput.ForUpdate(Field("affected_services", Enumerable.Range(0, 51).Select(i => $"{i}")))));
        Assert.Equal(["affected_services|invalid_request|affected_services[0] must be 1 to 100 characters, not 101."], Errors(() => WindowInput.ForUpdate(Field("affected_services", new[] { new string('s', 101) }))));
        Assert.Single(Errors(() => WindowInput.ForUpdate(Field("affected_services", new[] { " " + new string('s', 100) })))); // names are not trimmed
        Assert.True(WindowInput.ForUpdate(Field("auto_transition", true)).AutoTransition);
        Assert.Equal(["-1m", "-2d", "-3m", "-4m", "-5m"], WindowInput.ForUpdate(Field("reminders", new[] { "-1m", "-2d", "-3m", "-48h", "-4m", "-2880m", "-5m", "-1m" })).Reminders);
        Assert.Empty(WindowInput.ForUpdate(Field("reminders", Array.Empty<string>())).Reminders!);
        var cut = $"{new string('n', 63)}{crane}";
        Assert.StartsWith($"{new string('n', 63)}…|", Errors(() => WindowInput.ForUpdate(Field(cut, 1)))[0], StringComparison.Ordinal); // no half of a pair
    }

    private static StoredWindow Window(WindowStatus status) => Lifecycle.Create(Fields() with { Status = status }, Operator, Now);

    private static MaintenanceWindowUpdate Fields() => new() { Title = "Old", Description = "", StartsAt = Now.AddDays(1), EndsAt = Now.AddDays(2) };

    private static (int Status, string Code, string Message)? Told(ApiError? error) => error is null ? null : (error.Status, error.Code, error.Message);

    private static byte[] Json(string json) => Encoding.UTF8.GetBytes(json);

    private static byte[] Field(string name, object value) => JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object> { [name] = value });

    private static List<string> Errors(Action read)
    {
        var error = Assert.Throws<ApiException>(read).Error;
        return [.. (error.Errors ?? [new() { Param = error.Param!, Code = error.Code, Message = error.Message }]).Select(e => string.Create(CultureInfo.InvariantCulture, $"{e.Param}|{e.Code}|{e.Message}"))];
    }
}
