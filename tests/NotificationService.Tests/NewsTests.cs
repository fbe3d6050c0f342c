using Xerotier.NotificationService.Following;
using Xerotier.NotificationService.Model;

namespace Xerotier.NotificationService.Tests;

/// <summary>What is told of windows and incidents, and when.</summary>
public sealed class NewsTests
{
    private static readonly DateTimeOffset Now = new(2026, 5, 20, 8, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(WindowStatus.Scheduled, EventTypes.MaintenanceScheduled)]
    [InlineData(WindowStatus.Active, EventTypes.MaintenanceStarted)]
    [InlineData(WindowStatus.Completed, null)]
    [InlineData(WindowStatus.Cancelled, null)]
    public void A_new_window_is_told_unless_it_is_a_record_made_afterwards(WindowStatus status, string? type)
    {
        Assert.Equal(type, WindowNews.TypeOf(null, Window() with { Status = status }, Now));
        Assert.Null(WindowNews.TypeOf(null, Window() with { Status = status, EndsAt = Now }, Now));
        Assert.Null(WindowNews.TypeOf(null, Silent(Window() with { Status = status }), Now));
    }

    [Theory]
    [InlineData(WindowStatus.Scheduled, WindowStatus.Active, EventTypes.MaintenanceStarted)]
    [InlineData(WindowStatus.Scheduled, WindowStatus.Completed, EventTypes.MaintenanceCompleted)]
    [InlineData(WindowStatus.Active, WindowStatus.Completed, EventTypes.MaintenanceCompleted)]
    [InlineData(WindowStatus.Scheduled, WindowStatus.Cancelled, EventTypes.MaintenanceCancelled)]
    [InlineData(WindowStatus.Active, WindowStatus.Cancelled, EventTypes.MaintenanceCancelled)]
    [InlineData(WindowStatus.Scheduled, WindowStatus.Scheduled, null)]
    public void Each_step_of_a_window_is_told(WindowStatus before, WindowStatus after, string? type)
    {
        Assert.Equal(type, WindowNews.TypeOf(Window() with { Status = before }, Window() with { Status = after, Title = "Another" }, Now));
        Assert.Null(WindowNews.TypeOf(Window() with { Status = before }, Silent(Window() with { Status = after }), Now));
    }

    [Theory]
    [InlineData(WindowStatus.Scheduled, WindowStatus.Active)]
    [InlineData(WindowStatus.Active, WindowStatus.Completed)]
    [InlineData(WindowStatus.Scheduled, WindowStatus.Cancelled)]
    public void No_step_of_a_record_made_afterwards_is_told(WindowStatus before, WindowStatus after)
    {
        var record = Window() with { EndsAt = Now, CreatedAt = Now };
        Assert.Null(WindowNews.TypeOf(record with { Status = before }, record with { Status = after }, Now.AddSeconds(1)));
        Assert.NotNull(WindowNews.TypeOf(record with { Status = before, CreatedAt = Now.AddSeconds(-1) }, record with { Status = after, CreatedAt = Now.AddSeconds(-1) }, Now.AddSeconds(1)));
    }

    [Fact]
    public void Another_time_is_told_and_a_purge_is_not()
    {
        Assert.Equal(EventTypes.MaintenanceRescheduled, WindowNews.TypeOf(Window(), Window() with { StartsAt = Now.AddHours(30) }, Now));
        Assert.Equal(EventTypes.MaintenanceRescheduled, WindowNews.TypeOf(Window(), Window() with { EndsAt = Now.AddDays(9) }, Now));
        Assert.Null(WindowNews.TypeOf(Window(), Window() with { StartsAt = Now.AddHours(-3), EndsAt = Now.AddHours(-2) }, Now));
        Assert.Null(WindowNews.TypeOf(Window() with { Status = WindowStatus.Completed }, null, Now));
    }

    [Fact]
    public void Of_occurrences_of_a_series_those_are_told_that_begin_within_a_week_and_none_is_announced_but_by_its_reminders()
    {
        var near = Window() with { SeriesId = "mws_1" };
        var far = near with { StartsAt = Now.AddDays(20), EndsAt = Now.AddDays(20).AddHours(1) };
        Assert.Null(WindowNews.TypeOf(null, near, Now));
        Assert.Equal(EventTypes.MaintenanceCancelled, WindowNews.TypeOf(near, near with { Status = WindowStatus.Cancelled }, Now));
        Assert.Null(WindowNews.TypeOf(far, far with { Status = WindowStatus.Cancelled }, Now));
        Assert.Equal(EventTypes.MaintenanceRescheduled, WindowNews.TypeOf(near, far, Now));
        Assert.Equal(EventTypes.MaintenanceRescheduled, WindowNews.TypeOf(far, near, Now));
        Assert.Null(WindowNews.TypeOf(far, far with { EndsAt = Now.AddDays(21) }, Now));
        Assert.Equal(EventTypes.MaintenanceCompleted, WindowNews.TypeOf(far, far with { Status = WindowStatus.Completed }, Now));
    }

    [Fact]
    public void Of_an_occurrence_that_changes_with_its_series_the_series_tells()
    {
        var near = Window() with { SeriesId = "mws_1" };
        Assert.Null(WindowNews.TypeOf(near, near with { Status = WindowStatus.Cancelled }, Now, withSeries: true));
        Assert.Null(WindowNews.TypeOf(near, near with { StartsAt = Now.AddHours(30) }, Now, withSeries: true));
        Assert.Null(WindowNews.TypeOf(null, near, Now, withSeries: true));
    }

    [Fact]
    public void A_series_is_told_when_it_is_made_and_cancelled_and_when_its_times_are_others()
    {
        var series = SeriesOf();
        Assert.Equal(EventTypes.MaintenanceScheduled, SeriesNews.TypeOf(null, series, toCome: true));
        Assert.Equal(EventTypes.MaintenanceCancelled, SeriesNews.TypeOf(series, series with { CancelledAt = Now }, toCome: true));
        foreach (var moved in (MaintenanceSeries[])
        [
            series with { Rrule = "FREQ=DAILY" },
            series with { StartsOn = new(2026, 5, 31) },
            series with { LocalTime = "03:30" },
            series with { Duration = "PT1H" },
            series with { Timezone = "UTC" },
            series with { Exdates = [new(2026, 6, 14)] },
        ])
        {
            Assert.Equal(EventTypes.MaintenanceRescheduled, SeriesNews.TypeOf(series, moved, toCome: true));
            Assert.Null(SeriesNews.TypeOf(series, moved, toCome: false));
            moved.Notify = false;
            Assert.Null(SeriesNews.TypeOf(series, moved, toCome: true));
        }

        Assert.Null(SeriesNews.TypeOf(series, series with { Title = "Another", Description = "More", HorizonDays = 30, AffectedServices = ["A"], Exdates = [.. series.Exdates.Reverse()] }, toCome: true));
        Assert.Null(SeriesNews.TypeOf(null, series, toCome: false));
        Assert.Null(SeriesNews.TypeOf(series, series with { CancelledAt = Now }, toCome: false));
        series.Notify = false;
        Assert.Null(SeriesNews.TypeOf(null, series, toCome: true));
    }

    [Fact]
    public void Reminders_whose_time_has_passed_are_skipped_and_an_active_window_is_watched_for_running_over()
    {
        var window = Window() with { StartsAt = Now.AddHours(2) };
        window.Reminders = ["-24h", "-2h", "-1h", "-15m"];
        Assert.Equal(
            [new WindowPlan("reminder", "-1h", Now.AddHours(1)), new("reminder", "-15m", Now.AddMinutes(105))],
            WindowNews.PlansOf(window, Now));
        Assert.Equal([new WindowPlan("overrunning", "", window.EndsAt)], WindowNews.PlansOf(window with { Status = WindowStatus.Active }, Now));
        Assert.Empty(WindowNews.PlansOf(window with { Status = WindowStatus.Active, EndsAt = Now }, Now));
        Assert.Empty(WindowNews.PlansOf(window with { Status = WindowStatus.Cancelled }, Now));
        Assert.Empty(WindowNews.PlansOf(Silent(window with { }), Now));
    }

    [Fact]
    public void A_start_in_the_year_1_has_no_reminders_and_is_no_error()
    {
        var window = Window();
        window.Reminders = ["-30d", "-1m"];
        foreach (var start in (DateTimeOffset[])[DateTimeOffset.MinValue, DateTimeOffset.MinValue.AddHours(1), DateTimeOffset.MinValue.AddDays(31)])
        {
            Assert.Empty(WindowNews.PlansOf(window with { StartsAt = start }, Now));
        }
    }

    [Fact]
    public void A_window_that_ends_by_itself_runs_over_only_a_minute_after_its_end()
    {
        var window = Window() with { Status = WindowStatus.Active, AutoTransition = true };
        var plan = Assert.Single(WindowNews.PlansOf(window, Now));
        Assert.Equal(new WindowPlan("overrunning", "", window.EndsAt.AddMinutes(1)), plan);
        Assert.Equal(WindowNews.KeyOf(window with { AutoTransition = false }, plan), WindowNews.KeyOf(window, plan)); // it is the same event
        Assert.True(WindowNews.ChangesPlans(window with { AutoTransition = false }, window));
        Assert.Single(WindowNews.PlansOf(window with { EndsAt = DateTimeOffset.MaxValue }, Now)); // after which there is no minute
    }

    [Fact]
    public void A_reminder_is_the_same_event_until_the_window_is_rescheduled()
    {
        var plan = new WindowPlan("reminder", "-1h", Now);
        Assert.Equal(WindowNews.KeyOf(Window(), plan), WindowNews.KeyOf(Window() with { Title = "Another" }, plan));
        Assert.NotEqual(WindowNews.KeyOf(Window(), plan), WindowNews.KeyOf(Window() with { StartsAt = Now.AddDays(2) }, plan));
        Assert.False(WindowNews.ChangesPlans(Window(), Window() with { Title = "Another" }));
        Assert.True(WindowNews.ChangesPlans(Window(), Window() with { StartsAt = Now.AddDays(2) }));
        Assert.True(WindowNews.ChangesPlans(Window(), Silent(Window())));
    }

    [Theory]
    [InlineData("created", IncidentStatus.Investigating, EventTypes.IncidentCreated)]
    [InlineData("posted", IncidentStatus.Monitoring, EventTypes.IncidentUpdated)]
    [InlineData("posted", IncidentStatus.Investigating, EventTypes.IncidentUpdated)]
    [InlineData("posted", IncidentStatus.Resolved, EventTypes.IncidentResolved)]
    [InlineData("posted", IncidentStatus.Postmortem, EventTypes.IncidentPostmortem)]
    [InlineData("edited", IncidentStatus.Monitoring, null)]
    [InlineData("updated", IncidentStatus.Monitoring, null)]
    public void Each_update_of_an_incident_is_told_and_an_edit_is_not(string action, IncidentStatus status, string? type)
    {
        var incident = Incident(Update(status));
        Assert.Equal(type, IncidentNews.Of(action, incident, incident, Now)?.Type);
        Assert.Null(IncidentNews.Of(action, incident with { Draft = true }, null, Now));
        Assert.Null(IncidentNews.Of(action, Incident(Update(status) with { Notify = false }), incident, Now));
    }

    [Fact]
    public void What_was_more_than_an_hour_ago_is_told_only_when_it_opens_an_incident_that_is_open()
    {
        var open = Incident(Update(IncidentStatus.Investigating) with { At = Now.AddHours(-2) });
        Assert.Equal(EventTypes.IncidentCreated, IncidentNews.Of("created", open, open, Now)?.Type);
        Assert.Null(IncidentNews.Of("posted", open, open, Now));
        Assert.Null(IncidentNews.Of("created", open, open with { ResolvedAt = Now }, Now));
    }

    [Fact]
    public void Publishing_a_draft_tells_of_its_newest_update()
    {
        var (first, second) = (Update(IncidentStatus.Investigating), Update(IncidentStatus.Identified) with { Id = "upd_2", PostedAt = Now.AddMinutes(-1) });
        var later = Update(IncidentStatus.Monitoring) with { Id = "upd_3", PostedAt = Now.AddMinutes(1) };
        var (type, update) = IncidentNews.Of("published", Incident(), Incident(first, second, later), Now)!.Value;
        Assert.Equal((EventTypes.IncidentCreated, "upd_2"), (type, update.Id));
    }

    private static MaintenanceWindow Window() => new()
    {
        Id = "mw_1",
        ProjectId = "proj_1",
        Title = "Database upgrade",
        Description = "",
        Severity = WindowSeverity.Info,
        AffectedServices = [],
        AutoTransition = false,
        StartsAt = Now.AddDays(1),
        EndsAt = Now.AddDays(1).AddHours(1),
        Status = WindowStatus.Scheduled,
        CreatedBy = "ops",
        CreatedAt = Now,
        UpdatedAt = Now,
        CompletedAt = null,
        CancelledAt = null,
    };

    private static MaintenanceSeries SeriesOf() => new()
    {
        Id = "mws_1",
        ProjectId = "proj_1",
        Title = "Database maintenance",
        Description = "",
        Severity = WindowSeverity.Info,
        AffectedServices = [],
        AutoTransition = true,
        Timezone = "Europe/Berlin",
        StartsOn = new(2026, 5, 24),
        LocalTime = "02:30",
        Duration = "PT1H30M",
        Rrule = "FREQ=WEEKLY;BYDAY=SU",
        Exdates = [new(2026, 6, 14), new(2026, 6, 21)],
        HorizonDays = 60,
        CreatedBy = "ops",
        CreatedAt = Now,
        UpdatedAt = Now,
        CancelledAt = null,
    };

    private static MaintenanceWindow Silent(MaintenanceWindow window)
    {
        window.Notify = false;
        return window;
    }

    private static Incident Incident(params IncidentUpdate[] updates) => new()
    {
        Id = "inc_1",
        ProjectId = "proj_1",
        Title = "Errors",
        Status = IncidentStatus.Investigating,
        Impact = IncidentImpact.Minor,
        ImpactOverride = null,
        StartedAt = Now,
        ResolvedAt = null,
        Components = [],
        Updates = updates,
        UpdatesCount = 1,
        CreatedBy = "ops",
        CreatedAt = Now,
        UpdatedAt = Now,
        Draft = false,
    };

    private static IncidentUpdate Update(IncidentStatus status) =>
        new() { Id = "upd_1", Status = status, Body = "text", Components = [], At = Now, PostedAt = Now.AddMinutes(-2), EditedAt = null, CreatedBy = "ops", Notify = true };
}
