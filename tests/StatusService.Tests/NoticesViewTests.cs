using Xerotier.Maintenance.V1;
using Xerotier.StatusService.Notices;
using Xerotier.TestKit;

namespace Xerotier.StatusService.Tests;

/// <summary>The view of the notices against a model that knows every window.</summary>
public sealed class NoticesViewTests(ITestOutputHelper output)
{
    [Fact]
    public void The_view_is_what_a_fresh_snapshot_would_be_until_it_asks_for_one()
    {
        var seed = Environment.GetEnvironmentVariable("XEROTIER_TEST_NOTICES_SEED") is { } given ? int.Parse(given) : Random.Shared.Next();
        for (var round = 0; round < 20; round++, seed++)
        {
            output.WriteLine($"seed {seed}");
            var random = new Random(seed);
            var model = new Model(random);
            for (var i = random.Next(300); i > 0; i--)
            {
                model.Change();
            }

            var (view, snapshots) = (model.View(), 0);
            for (var i = 0; i < 600; i++)
            {
                var change = model.Change();
                var response = new WatchChangesResponse { Changes = { change }, Series = { model.SeriesOf(change) }, Mark = $"{i}" };
                Assert.True(view.Apply(response));
                Assert.Equal($"{i}", view.Mark);
                if (change.After is { } held && view.Current.Recent.Contains(held))
                {
                    view.Apply(response); // a change that comes twice counts once
                }

                if (view.NeedsSnapshot)
                {
                    (view, snapshots) = (model.View(), snapshots + 1);
                    Assert.False(view.NeedsSnapshot);
                }

                var (expected, current) = (model.Lists(NoticesView.Shown), view.Current);
                if (expected.ScheduledTotal > NoticesView.Held)
                {
                    expected.ScheduledTotal = current.ScheduledTotal; // exact for what is held
                }

                Assert.Equal(expected, current);
            }

            Assert.InRange(snapshots, 0, 30); // a window at a time uses up what is held
        }
    }

    [Fact]
    public void A_keepalive_changes_nothing()
    {
        var view = new NoticesView(new() { Mark = "1", Lists = BoardTests.Feed(BoardTests.PlatformWindow(0, 1)) });
        var before = view.Current;
        Assert.False(view.Apply(new() { Mark = "2" }));
        Assert.Equal(("2", before), (view.Mark, view.Current));
    }

    [Fact]
    public void An_older_form_of_a_window_is_ignored()
    {
        var window = BoardTests.PlatformWindow(0, 1);
        window.Version = 5;
        var view = new NoticesView(new() { Mark = "1", Lists = BoardTests.Feed(window) });
        var older = window.With(w => w with { Status = WindowStatus.Completed });
        older.Version = 4;
        view.Apply(new() { Changes = { new WindowChange { Action = "completed", Version = 4, Before = window, After = older } }, Mark = "2" });
        Assert.Equal(1, view.Current.ActiveTotal);
        Assert.Equal([window], view.Current.Active);
    }

    /// <summary>All windows; makes changes as the service does, mostly by few projects that complete and purge what they have.</summary>
    private sealed class Model(Random random)
    {
        private readonly Dictionary<string, Window> windows = [];
        private readonly HashSet<string> neverBegan = [];

        public NoticesView View() => new(new() { Mark = "", Lists = Lists(NoticesView.Held) });

        public NoticeLists Lists(int limit) => SampleNotices.Of([.. windows.Values.Where(IsShown)], limit, ofProject: limit == NoticesView.Shown ? 10 : 20);

        /// <summary>What the service says of the series of a change.</summary>
        public IEnumerable<SeriesNotice> SeriesOf(WindowChange change) =>
            (change.After ?? change.Before).Value.SeriesId is { } id ? [new() { Id = id, Next = { Next(id) } }] : [];

        private bool IsShown(Window window) => window.Value.SeriesId is not { } series || (window.Value.Status == WindowStatus.Scheduled ? Next(series).Contains(window) : !neverBegan.Contains(window.Value.Id));

        private IEnumerable<Window> Next(string series) => windows.Values.Where(w => w.Value.SeriesId == series && w.Value.Status == WindowStatus.Scheduled)
            .OrderBy(w => w.Value.StartsAt).ThenBy(w => w.Value.Id, StringComparer.Ordinal).Take(2);

        public WindowChange Change()
        {
            var removing = random.Next(100) < 55;
            if (windows.Count == 0 || !removing)
            {
                var project = Math.Min(random.Next(12), 5); // one has more than half of all windows
                var created = new Window
                {
                    Value = SampleWindow.Of(
                        $"mw_{random.Next():x8}",
                        random.Next(5) switch { 0 => WindowStatus.Completed, 1 or 2 => WindowStatus.Active, _ => WindowStatus.Scheduled },
                        default,
                        default) with
                    { ProjectId = $"proj_{project}", Description = "Text", SeriesId = random.Next(3) == 0 ? $"mws_{project}_{random.Next(4)}" : null },
                    Version = 1,
                    Platform = project < 2,
                };
                created = WithTimes(created);
                windows[created.Value.Id] = created;
                return new() { Action = "created", Version = 1, After = created };
            }

            var before = random.Next(2) == 0 ? windows.Values.OrderBy(w => w.Value.EndsAt).First() : windows.Values.ElementAt(random.Next(windows.Count));
            if (before.Value.Status == WindowStatus.Cancelled || (before.Value.Status == WindowStatus.Completed && random.Next(2) == 0))
            {
                windows.Remove(before.Value.Id);
                return new() { Action = "purged", Version = before.Version + 1, Before = before };
            }

            var after = random.Next(3) switch
            {
                0 => WithTimes(before),
                1 when before.Value.SeriesId is not null => before.With(w => w with { Status = WindowStatus.Cancelled }),
                1 => before.With(w => w with { Status = WindowStatus.Completed }),
                _ => before.With(w => w with { Status = WindowStatus.Active }),
            };
            after.Version++;
            windows[after.Value.Id] = after;
            if (after.Value.Status == WindowStatus.Cancelled && before.Value.Status == WindowStatus.Scheduled)
            {
                neverBegan.Add(after.Value.Id);
            }

            return new() { Action = "updated", Version = after.Version, Before = before, After = after };
        }

        private Window WithTimes(Window window)
        {
            var start = DateTimeOffset.UnixEpoch.AddMinutes(random.Next(1000)); // equal times are common
            return window.With(w => w with { StartsAt = start, EndsAt = start.AddMinutes(1 + random.Next(500)) });
        }
    }
}
