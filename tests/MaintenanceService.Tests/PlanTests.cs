using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xerotier.MaintenanceService.Api;
using Xerotier.MaintenanceService.Audit;
using Xerotier.MaintenanceService.Changes;
using Xerotier.MaintenanceService.Clock;
using Xerotier.MaintenanceService.Incidents;
using Xerotier.MaintenanceService.Notices;
using Xerotier.MaintenanceService.Storage;
using Xerotier.MaintenanceService.Windows;
using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Tests;

/// <summary>The plans of the statements that must stay fast, on a large table: 100,000 windows, or as many as <c>XEROTIER_TEST_WINDOWS</c> says.</summary>
public sealed partial class PlanTests(ManagementApi api, ITestOutputHelper output)
{
    private static readonly int Windows = int.Parse(Environment.GetEnvironmentVariable("XEROTIER_TEST_WINDOWS") ?? "100000", CultureInfo.InvariantCulture);

    [Fact]
    public async Task No_statement_reads_the_table_through()
    {
        var connectionString = Database.Tune(await api.Postgres.CreateDatabaseAsync<Program>());
        await using var database = NpgsqlDataSource.Create(connectionString);
        await LoadAsync(database, Windows);

        // No service runs: its clock would move what is due while the statements are timed.
        using var migrations = new Migrations(database, typeof(WindowStore).Assembly, NullLogger<Migrations>.Instance);
        var log = new ChangeLog(database);
        using var feed = new ChangeFeed(log, migrations, TimeProvider.System, NullLogger<ChangeFeed>.Instance);
        using var notifier = new ChangeNotifier(database, feed, TimeProvider.System, NullLogger<ChangeNotifier>.Instance);
        var projects = new ProjectDatabase(database);
        await using var meters = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var clock = new DatabaseClock(database, TimeProvider.System, meters.GetRequiredService<IMeterFactory>(), NullLogger<DatabaseClock>.Instance);
        using var writes = new Writes(projects, notifier, clock);
        var windows = new WindowStore(projects, writes);
        var notices = new NoticeStore(database);
        var (tenant, big) = ("proj_load7", "proj_load0"); // the second has a tenth of all windows
        var middle = new DateTimeOffset(2026, 6, 1, 0, 0, 0, TimeSpan.Zero);
        var all = Enum.GetValues<WindowStatus>();
        await MeasureAsync("list, first page", windows.ListCommand(tenant, all, null, null, null, 21));
        await MeasureAsync("list, first page of a project with many", windows.ListCommand(big, all, null, null, null, 101));
        await MeasureAsync("list, later page of a project with many", windows.ListCommand(big, all, null, middle, "mw_m", 101));
        await MeasureAsync("list, one rare state of a project with many", windows.ListCommand(big, [WindowStatus.Active], null, null, null, 21));
        await MeasureAsync("list, a series", windows.ListCommand("proj_load7", all, "mws_load7", null, null, 101));
        await MeasureAsync("open windows of a project with many", windows.ListOpenCommand(big));
        await MeasureAsync("notices", notices.NoticesCommand(100));
        await MeasureAsync("next windows of series", notices.NextCommand(["mws_load7", "mws_load17"]));
        await MeasureAsync("windows that overlap", new Overlaps(projects).Command(big, "mw_none", null, ["Model Storage"], [(middle, middle.AddDays(1))]));
        var incidents = new IncidentStore(projects, writes, new(projects));
        await MeasureAsync("list, the drafts of a project with many incidents", incidents.ListCommand(big, Enum.GetValues<IncidentStatus>(), draft: true, null, null, 11));
        var audit = new AuditStore(projects);
        var kinds = Enum.GetValues<ObjectKind>();
        await MeasureAsync("events of a project with many, first page", audit.ListCommand(big, kinds, null, 101));
        await MeasureAsync("events of a project with many, later page", audit.ListCommand(big, kinds, new(middle, "mw_m", 1), 101));
        await MeasureAsync("events of a project with many, a rare kind", audit.ListCommand(big, [ObjectKind.Incident], new(middle, "mw_m", 1), 21));
        var mark = await log.CurrentAsync(CancellationToken.None);
        await MeasureAsync("change log, nothing new", log.ReadCommand(mark, null));
        await MeasureAsync("change log, a transaction that ran at the mark", log.ReadCommand(mark with { Seen = new(mark.Seen.Max, [mark.Seen.Max - 1]) }, null));
        await MeasureAsync("change log, a later page", log.ReadCommand(mark with { Page = new(mark.Seen, "proj_m", "", 0) }, mark.Seen));
        var full = new FullChangeLog(database);
        var begun = await full.BeginAsync(refused: null, CancellationToken.None);
        var told = begun.Mark;
        await MeasureAsync("change log of all projects, nothing new", full.ReadCommand(told));
        await MeasureAsync("change log of all projects, a transaction that ran at the mark", full.ReadCommand(told with { Seen = new(told.Seen.Max, [told.Seen.Max - 1]) }));
        await MeasureAsync("change log of all projects, a transaction of series", full.ReadCommand(told with { Seen = new(told.Seen.Max, [7]) }));
        await MeasureAsync("change log of all projects, a later page", full.ReadCommand(told with { Page = new(told.Seen, "proj_m", "", 0) }));
        await MeasureAsync("change log of all projects, where it was replaced", full.EarlierCommand(begun));
        await MeasureAsync("snapshot of all projects, a later page of what is scheduled", full.OpenCommand(WindowStatus.Scheduled, "starts_at", middle, "mw_m"));
        await MeasureAsync("snapshot of all projects, what is active", full.OpenCommand(WindowStatus.Active, "ends_at", DateTimeOffset.MinValue, ""));
        await MeasureAsync("windows of a month", notices.BetweenCommand(middle, middle.AddMonths(1)));
        await MeasureAsync("windows of a calendar", notices.BetweenCommand(middle.AddDays(-90), middle.AddDays(90), latest: true));
        await MeasureAsync("purged windows of a calendar", notices.PurgedCommand(middle.AddDays(-90), middle.AddDays(90)));
        await using var due = new ClockStore(database).MoveDueBatch(middle);
        foreach (var command in due.BatchCommands)
        {
            await using var single = database.CreateCommand(command.CommandText);
            single.Time("now", middle);
            await ShowAsync("clock, 500 due", single);
        }

        async Task MeasureAsync(string what, NpgsqlCommand command)
        {
            var times = new List<double>();
            for (var run = 0; run < 20; run++)
            {
                var started = Stopwatch.GetTimestamp();
                await command.ReadAllAsync(row => row.FieldCount, CancellationToken.None);
                times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            }

            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: median {times.Order().ElementAt(10):0.0} ms with its way here"));
            await ShowAsync(what, command);
        }

        async Task ShowAsync(string what, NpgsqlCommand command)
        {
            command.CommandText = $"explain (analyze, buffers, timing off) {command.CommandText}";
            var lines = await command.ReadAllAsync(row => row.GetString(0), CancellationToken.None); // plans and warms up
            var plan = string.Join('\n', lines);
            output.WriteLine($"{what}:\n{plan}\n");
            Assert.DoesNotContain("Seq Scan on windows", plan, StringComparison.Ordinal);
            Assert.DoesNotContain("Seq Scan on window_events", plan, StringComparison.Ordinal);
            Assert.DoesNotContain("Seq Scan on notice_events", plan, StringComparison.Ordinal);
            Assert.DoesNotContain("Seq Scan on incidents", plan, StringComparison.Ordinal);

            // A filter that throws most rows away is a scan by another name.
            Assert.All(Removed().Matches(plan), m => Assert.InRange(int.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture), 0, 2000));
        }
    }

    /// <summary>
    /// Windows of 10,000 projects over two years around June 2026; the first project has a tenth of them. 1 % active, 2 % scheduled. As many as
    /// a tenth have been purged within 30 days, most of them of long before.
    /// </summary>
    internal static async Task LoadAsync(NpgsqlDataSource database, int count)
    {
        foreach (var sql in (string[])[
            $"""
            insert into windows (project_id, id, title, description, severity, affected_services, starts_at, ends_at, status, version, created_by, created_at, updated_at, completed_at, cancelled_at, auto_transition, platform)
            select
                'proj_load' || case when n % 10 = 0 then 0 else n % 10000 end,
                'mw_' || lpad(translate(n::text, '0189', 'abcd'), 26, 'a'),
                'Window ' || n, 'Planned work on a part of the platform.', 'info', array['Model Storage'],
                start, start + interval '1 hour' * (1 + n % 48),
                state, 1, 'load', start, start,
                case when state = 'completed' then start end, case when state = 'cancelled' then start end,
                n % 7 = 0, n % 10000 = 7
            from generate_series(1, {count}) n,
                lateral (select timestamptz '2025-06-01Z' + interval '1 second' * ((n::bigint * 7919) % 63072000) as start,
                    case when n % 100 = 1 then 'active' when n % 50 = 2 then 'scheduled' when n % 5 = 3 then 'cancelled' else 'completed' end as state) v
            """,
            """
            insert into series (project_id, id, created_at, made_through, document)
            select 'proj_load' || n, 'mws_load' || n, now(), current_date, '{"version": 1, "horizon_days": 60}' from generate_series(1, 500) n
            """,
            """
            insert into windows (project_id, id, title, description, severity, affected_services, starts_at, ends_at, status, version, created_by, created_at, updated_at, auto_transition, series_id, occurrence)
            select s.project_id, 'mw_' || s.id || n, 'Occurrence', '', 'info', '{}', start, start + interval '1 hour', 'scheduled', 1, 'load', start, start, true, s.id, start::date
            from series s, generate_series(1, 60) n, lateral (select date_trunc('day', now()) + interval '1 day' * n as start) v
            """,
            """
            insert into window_events (project_id, window_id, version, occurred_at, actor, action, after)
            select project_id, id, version, created_at, 'load', 'created', to_jsonb(w) from windows w
            """,
            $"""
            insert into window_events (project_id, window_id, version, occurred_at, actor, action, before)
            select project_id, id, 1000, now() - interval '30 days' * (row_number() over (order by md5(id)) - 1) / {count / 10}, 'load', 'purged', to_jsonb(w)
            from windows w where starts_at < '2026-04-01Z' order by md5(id) limit {count / 10}
            """,
            $"""
            insert into notice_events (project_id, object_id, version, occurred_at, actor, action, after, xid)
            select 'proj_load' || case when n % 10 = 0 then 0 else n % 500 end, case when n % 1000 = 0 then 'inc_' else 'mws_' end || 'load' || n, 1,
                timestamptz '2025-06-01Z' + interval '1 second' * ((n::bigint * 7919) % 63072000), 'load', 'created', '{"{}"}', (1 + n % 500)::text::xid8
            from generate_series(1, {count / 10}) n
            """,
            $"""
            insert into incidents (project_id, id, started_at, document, bodies, body_bytes)
            select 'proj_load0', 'inc_load' || n, timestamptz '2025-06-01Z' + interval '1 second' * ((n::bigint * 7919) % 63072000),
                jsonb_build_object('version', 1, 'status', 'identified', 'draft', n % 5000 = 1), '["We look."]', 8
            from generate_series(1, {count / 10}) n
            """,
            "vacuum analyze incidents",
            "vacuum analyze notice_events",
            "vacuum analyze series",
            "vacuum analyze windows",
            "vacuum analyze window_events"])
        {
            await using var command = database.CreateCommand(sql);
            command.CommandTimeout = 600;
            await command.ExecuteNonQueryAsync();
        }
    }

    [GeneratedRegex(@"Rows Removed by [^:]*: (\d+)")]
    private static partial Regex Removed();
}
