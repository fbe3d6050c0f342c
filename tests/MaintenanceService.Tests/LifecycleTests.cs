using FsCheck.Fluent;
using Npgsql;
using NpgsqlTypes;
using Xerotier.MaintenanceService.Clock;
using Xerotier.MaintenanceService.Model;
using Xerotier.MaintenanceService.Windows;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.MaintenanceService.Tests;

/// <summary>The rules of a window's life as pure functions, and the clock's statement and the whole service against a model of them.</summary>
public sealed class LifecycleTests(ManagementApi api) : ProjectTests(api)
{
    private static readonly string[] States = ["scheduled", "active", "completed", "cancelled"];

    /// <summary>A request of the model: fields that are null are not sent.</summary>
    public sealed record Step(string Verb, string? Status, string? Title, int? Start, int? End, bool? Auto);

    private static FsCheck.Gen<Step> Steps { get; } =
        from verb in Gen.Frequency((6, Gen.Constant("patch")), (1, Gen.Constant("complete")), (1, Gen.Constant("cancel")), (1, Gen.Constant("purge")))
        from status in Gen.Frequency((2, Gen.Constant<string?>(null)), (2, Gen.Elements<string?>(States)))
        from title in Gen.Elements<string?>(null, null, "One", "Two")
        from start in Gen.Elements<int?>(null, null, 1, 2, 3)
        from end in Gen.Elements<int?>(null, null, 2, 3, 4)
        from auto in Gen.Elements<bool?>(null, null, false)
        select new Step(verb, status, title, start, end, auto);

    [Fact]
    public void Every_change_keeps_the_invariants_of_a_window()
    {
        var caller = new Caller("key_1", "ops", "proj_abcdef", false, []);
        var clock = new DateTimeOffset(2026, 5, 1, 0, 0, 0, TimeSpan.Zero);
        Properties.ForAllLists(Steps, 2000, steps =>
        {
            var random = new Random(steps.Count);
            var window = Lifecycle.Create(new() { Title = "One", Description = "", StartsAt = Hour(1), EndsAt = Hour(2) }, caller, clock);
            foreach (var step in steps)
            {
                var now = clock.AddTicks(random.NextInt64(-TimeSpan.TicksPerDay, TimeSpan.TicksPerDay)); // clocks are set back, too
                var verdict = Lifecycle.Change(window, new()
                {
                    Title = step.Title,
                    StartsAt = step.Start is { } s ? Hour(s) : null,
                    EndsAt = step.End is { } e ? Hour(e) : null,
                    Status = step.Status is { } status ? WireNames.Status(status) : null,
                    AutoTransition = step.Auto,
                }, now);
                Assert.True((verdict.Next is null) != (verdict.Error is null));
                if (verdict.Next is not { } next)
                {
                    continue;
                }

                Assert.True(next.EndsAt > next.StartsAt);
                Assert.Equal(next.Status == WindowStatus.Completed, next.CompletedAt is not null);
                Assert.Equal(next.Status == WindowStatus.Cancelled, next.CancelledAt is not null);
                Assert.Equal(next.Status == WindowStatus.Active && window.Status != WindowStatus.Active ? next.UpdatedAt : window.ActivatedAt, next.ActivatedAt);
                Assert.True(next.UpdatedAt >= window.UpdatedAt);
                Assert.Equal(0, next.UpdatedAt.Ticks % TimeSpan.TicksPerMicrosecond);
                Assert.Equal((window.Id, window.CreatedAt, window.CreatedBy, window.ProjectId), (next.Id, next.CreatedAt, next.CreatedBy, next.ProjectId));
                Assert.Equal(next == window ? window.Version : window.Version + 1, next.Version);
                Assert.True(next == window || !window.Status.IsFinal());
                Assert.True(next.Status == window.Status || Lifecycle.Before(next.Status).Contains(window.Status));
                window = next;
            }

            return Task.CompletedTask;
        });

        static DateTimeOffset Hour(int hour) => new(2026, 5, 22, hour, 0, 0, TimeSpan.Zero);
    }

    [Fact]
    public void The_service_does_what_a_model_of_it_does() => Properties.ForAllLists(Steps, 60, async steps =>
    {
        var id = await Project.CreatedAsync();
        var model = new Model();
        foreach (var step in steps)
        {
            var reply = step.Verb switch
            {
                "complete" => await Project.CompleteAsync(id),
                "cancel" => await Project.CancelAsync(id),
                "purge" => await Project.PurgeAsync(id),
                _ => await Project.PatchAsync(id, ToBody(step)),
            };
            Assert.Equal(model.Answer(step), (int)reply.Status);
            var read = await Project.GetAsync($"/{id}");
            Assert.Equal(model.Purged ? 404 : 200, (int)read.Status);
            if (!model.Purged)
            {
                Assert.Equal(
                    (model.Status, model.Title, $"2026-05-22T0{model.Start}:00:00Z", $"2026-05-22T0{model.End}:00:00Z"),
                    (read["status"], read["title"], read["starts_at"], read["ends_at"]));
                Assert.Equal((model.Status == "completed", model.Status == "cancelled"), (read["completed_at"] is not null, read["cancelled_at"] is not null));
            }
        }

        Assert.Equal(model.Actions, (await Project.GetAsync($"/{id}/events?limit=100")).Data.Select(e => e!["action"]!.GetValue<string>()).Reverse());
    });

    [Fact]
    public async Task The_clock_makes_of_every_window_what_the_rules_make_of_it()
    {
        await using var database = NpgsqlDataSource.Create(await Api.Postgres.CreateDatabaseAsync<Program>());
        var now = Timestamps.ToMicroseconds(TimeProvider.System.GetUtcNow());
        var second = TimeSpan.FromSeconds(1);
        var microsecond = TimeSpan.FromMicroseconds(1);
        var caller = new Caller("key_1", "ops", Project.Id, PlatformProject: false, []);
        var windows = (
            from status in Enum.GetValues<WindowStatus>()
            from auto in new[] { true, false }
            from start in new[] { -second, TimeSpan.Zero, microsecond }
            from length in new[] { microsecond, second, 2 * second } // it ended, ends now, or ends later
            from changed in new[] { -second, second } // later than now: the clock was set back
            select Lifecycle.Create(new() { Title = "One", Description = "", StartsAt = now + start, EndsAt = now + start + length, Status = status, AutoTransition = auto }, caller, now + changed)).ToList();
        await using (var insert = database.CreateCommand("insert into windows select * from jsonb_populate_recordset(null::windows, @windows)")
            .With("windows", NpgsqlDbType.Jsonb, $"[{string.Join(',', windows.Select(WindowTable.ToJson))}]"))
        {
            await insert.ExecuteNonQueryAsync();
        }

        var changes = new List<(string Id, long Version, string Action)>();
        var expected = windows.ConvertAll(window =>
        {
            Move(WindowStatus.Scheduled, window.StartsAt, WindowStatus.Active);
            Move(WindowStatus.Active, window.EndsAt, WindowStatus.Completed);
            return window;

            void Move(WindowStatus from, DateTimeOffset at, WindowStatus to)
            {
                if (window.AutoTransition && window.Status == from && at <= now)
                {
                    window = Lifecycle.Change(window, new() { Status = to }, now).Next!;
                    changes.Add((window.Id, window.Version, Lifecycle.Action(from, to)));
                }
            }
        });
        var (activated, completed) = await new ClockStore(database).MoveDueAsync(now, CancellationToken.None);
        Assert.Equal((changes.Count(c => c.Action == "activated"), changes.Count(c => c.Action == "completed")), (activated, completed));
        await using var read = database.CreateCommand($"select {WindowTable.Columns} from windows order by id");
        Assert.Equivalent(expected.OrderBy(w => w.Id, StringComparer.Ordinal), await read.ReadAllAsync(WindowTable.Read, CancellationToken.None), strict: true);
        await using var events = database.CreateCommand("select window_id, version, action from window_events");
        Assert.Equal(changes.Order(), (await events.ReadAllAsync(row => (row.GetString(0), row.GetInt64(1), row.GetString(2)), CancellationToken.None)).Order());
    }

    private static System.Text.Json.Nodes.JsonObject ToBody(Step step)
    {
        var body = new System.Text.Json.Nodes.JsonObject();
        if (step.Status is not null)
        {
            body["status"] = step.Status;
        }

        if (step.Title is not null)
        {
            body["title"] = step.Title;
        }

        if (step.Start is { } start)
        {
            body["starts_at"] = $"2026-05-22T0{start}:00:00Z";
        }

        if (step.End is { } end)
        {
            body["ends_at"] = $"2026-05-22T0{end}:00:00Z";
        }

        if (step.Auto is { } auto)
        {
            body["auto_transition"] = auto;
        }

        return body;
    }

    /// <summary>Section 4 in other words than the service's: a table of transitions and a plain record.</summary>
    private sealed class Model
    {
        private static readonly Dictionary<string, string[]> Next = new()
        {
            ["scheduled"] = ["active", "completed", "cancelled"],
            ["active"] = ["completed", "cancelled"],
            ["completed"] = [],
            ["cancelled"] = [],
        };

        public string Status { get; private set; } = "scheduled";

        public string Title { get; private set; } = "Database upgrade";

        public int Start { get; private set; } = 2;

        public int End { get; private set; } = 3;

        public bool Purged { get; private set; }

        public List<string> Actions { get; } = ["created"];

        public int Answer(Step step)
        {
            if (step.Verb == "patch" && step.End <= step.Start)
            {
                return 400;
            }

            if (Purged)
            {
                return 404;
            }

            if (step.Verb == "purge")
            {
                if (Next[Status].Length > 0)
                {
                    return 409;
                }

                Purged = true;
                Actions.Add("purged");
                return 200;
            }

            var patch = step.Verb == "patch" ? step : new Step("patch", step.Verb == "complete" ? "completed" : "cancelled", null, null, null, null);
            var (status, title, start, end) = (patch.Status ?? Status, patch.Title ?? Title, patch.Start ?? Start, patch.End ?? End);
            if ((status, title, start, end) == (Status, Title, Start, End))
            {
                return 200;
            }

            if (status != Status ? !Next[Status].Contains(status) : Next[Status].Length == 0)
            {
                return 409;
            }

            if (end <= start)
            {
                return 400;
            }

            Actions.Add(status == Status ? "updated" : status == "active" ? "activated" : status);
            (Status, Title, Start, End) = (status, title, start, end);
            return 200;
        }
    }
}
