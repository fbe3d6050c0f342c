extern alias statusservice;

using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using statusservice::Xerotier.StatusService.Board;
using statusservice::Xerotier.StatusService.Model;
using statusservice::Xerotier.StatusService.Notices;
using Xerotier.Maintenance.V1;
using Xerotier.ServiceDefaults;
using Xerotier.TestKit;

namespace Xerotier.MaintenanceService.Tests.WindowSimulation;

/// <summary>
/// The windows' database, operators and a clock that change windows, and one StatusService that follows them over the network. One seed is
/// one run. What the StatusService shows must be what the database had at one instant, never an earlier one than before, and of the last
/// second while the network is up.
/// </summary>
internal sealed class WindowWorld
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(1);
    private static readonly string Component = statusservice::Xerotier.StatusService.Model.Components.Dashboard.Key;
    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 5, 22, 12, 0, 0, TimeSpan.Zero));
    private readonly Random random;
    private readonly WindowDatabase database;
    private readonly WindowLink link;
    private readonly BoardInbox inbox;
    private readonly LiveBoard board = new((_, _) => { });
    private readonly List<string> differences = [];
    private readonly Caller[] callers;
    private readonly int seed;
    private readonly int most;
    private NoticeLists? view;
    private int shown; // which of the database's states the view is

    private WindowWorld(int seed)
    {
        this.seed = seed;
        random = new(seed);
        database = new(time);
        link = new(database, time, random);
        inbox = new(time);
        callers = [.. Enumerable.Range(0, 5).Select(i => new Caller("key", "Ops", $"proj_{i}", PlatformProject: i < 2, []))];
        most = seed % 4 == 0 ? 400 : 40; // few windows, or more than the view holds
    }

    /// <summary>Plays a run and returns what was wrong in it.</summary>
    public static List<string> Play(int seed)
    {
        var world = new WindowWorld(seed);
        SingleThread.Run(world.Run);
        return world.differences;
    }

    private void Run(SingleThread thread)
    {
        using var stop = new CancellationTokenSource();
        using var end = new CancellationTokenSource();
        var client = new NoticesClient(new(link), time, NullLogger<NoticesClient>.Instance);
        _ = client.WatchAsync(Take, () => inbox.Enqueue((inputs, at) => inputs.WithNoticesAlive(at)), end.Token);
        _ = MoveDueAsync(stop.Token);
        for (var step = 0; step < 700 && differences.Count == 0; step++)
        {
            if (random.Next(4) == 0)
            {
                _ = OperateAsync();
            }

            Trouble();
            Advance(thread, random.Next(50) == 0 ? random.Next(4_000) : random.Next(1, 40));
            Check();
        }

        stop.Cancel();
        link.IsLossy = false;
        link.Mend();
        Advance(thread, 500); // what runs ends
        Advance(thread, link.UpSince is null ? 4_000 : 1_000); // a mute stream is noticed after 2.5 s
        Check();
        if (differences.Count == 0 && !database.History[^1].Shown.Equals(view))
        {
            differences.Add($"seed {seed}: in the end the view is not what the database has");
        }

        end.Cancel();
        thread.Drain();
    }

    private void Advance(SingleThread thread, int milliseconds)
    {
        const int grain = 5; // what is due within the time should see about the instant at which it is due
        for (var i = 0; i < milliseconds; i += grain)
        {
            time.Advance(TimeSpan.FromMilliseconds(grain));
            thread.Drain();
        }
    }

    private async Task MoveDueAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            var transaction = database.Begin();
            transaction.MoveDue();
            await PauseAsync(30);
            transaction.End(commit: random.Next(20) > 0);
            await PauseAsync(250);
        }
    }

    /// <summary>A transaction of one change or a few, which takes its time and may come to nothing; at times one of very many.</summary>
    private async Task OperateAsync()
    {
        var transaction = database.Begin();
        switch (most > 40 ? random.Next(50) : -1)
        {
            case 0:
                for (var changes = random.Next(150, 300); changes > 0; changes--)
                {
                    Change(transaction);
                }

                break;
            case 1:
                Clear(transaction, callers[random.Next(callers.Length)].ProjectId);
                break;
            default:
                for (var changes = random.Next(1, 4); changes > 0; changes--)
                {
                    Change(transaction);
                    await PauseAsync(60);
                }

                break;
        }

        transaction.End(commit: random.Next(5) > 0);
    }

    /// <summary>Most of what the view holds of a project goes.</summary>
    private void Clear(WindowDatabase.Transaction transaction, string project)
    {
        foreach (var id in database.IdsOf(project).Where(_ => random.Next(4) > 0).Take(90).ToList())
        {
            transaction.Change(id, new() { Status = WindowStatus.Cancelled });
            transaction.Purge(id);
        }
    }

    private void Change(WindowDatabase.Transaction transaction)
    {
        var ids = database.Ids.ToList();
        if (ids.Count == 0 || random.Next(100) < (ids.Count < most ? 50 : 20))
        {
            transaction.Create(
                Times() with
                {
                    Title = "Upgrade",
                    Description = "Text",
                    Status = (WindowStatus)random.Next(3),
                    AutoTransition = random.Next(2) == 0,
                    AffectedServices = random.Next(2) == 0 ? [] : [random.Next(2) == 0 ? "Dashboard" : "Model Storage"],
                },
                callers[Math.Min(random.Next(8), callers.Length - 1)]); // one has half of all windows
            return;
        }

        var id = ids[random.Next(ids.Count)];
        switch (random.Next(6))
        {
            case 0:
                transaction.Change(id, new() { Title = $"Upgrade {random.Next(1_000)}" });
                break;
            case 1:
                transaction.Change(id, Times());
                break;
            case 2:
                transaction.Change(id, new() { Status = WindowStatus.Active });
                break;
            case 3:
                transaction.Change(id, new() { Status = random.Next(2) == 0 ? WindowStatus.Completed : WindowStatus.Cancelled });
                break;
            default:
                transaction.Purge(id);
                break;
        }
    }

    private MaintenanceWindowUpdate Times()
    {
        var start = time.GetUtcNow().AddMilliseconds(100 * random.Next(-30, 100)); // equal times are common
        return new() { StartsAt = start, EndsAt = start.AddMilliseconds(100 * random.Next(1, 80)) };
    }

    private void Trouble()
    {
        switch (random.Next(1_000))
        {
            case < 3:
                link.Cut();
                break;
            case < 6:
                link.Hang();
                break;
            case < 8:
                link.Mute();
                break;
            case < 30:
                link.Mend();
                break;
            case < 33:
                database.SetSuspended(callers[random.Next(callers.Length)].ProjectId, suspended: random.Next(2) == 0);
                break;
            case 33:
                database.BackUp();
                break;
            case 34 when random.Next(3) == 0:
                database.Restore();
                break;
            case 35:
                database.Crash();
                break;
        }
    }

    private async Task PauseAsync(int longest) => await Task.Delay(TimeSpan.FromMilliseconds(random.Next(1, longest)), time);

    private void Take(NoticesView current)
    {
        view = current.Current;
        var windows = BoardWindows.From(view);
        inbox.Enqueue((inputs, at) => inputs.WithNotices(windows, inputs.Announced, at));
        if (!link.IsBetweenPages && !Find(shown))
        {
            differences.Add($"seed {seed}, {time.GetUtcNow():mm:ss.fff}: the view is nothing that the database had since {database.History[shown].Since:mm:ss.fff}");
        }
    }

    /// <summary>Which state the view is, from <paramref name="first"/> on.</summary>
    private bool Find(int first)
    {
        for (var i = first; i < database.History.Count; i++)
        {
            if (database.History[i].Shown.Equals(view))
            {
                shown = i;
                return true;
            }
        }

        return false;
    }

    /// <summary>What was so for more than a second, and more than a second after the network's return, counts.</summary>
    private void Check()
    {
        var now = time.GetUtcNow();
        while (inbox.TryDequeue(now, out var message))
        {
            board.Apply(message.At, message.Change);
        }

        var state = board.Observe(now);
        if (link.UpSince is not { } up || now - up < Bound || link.IsBetweenPages)
        {
            return;
        }

        var oldest = database.History.Count - 1;
        while (database.History[oldest].Since > now - Bound)
        {
            oldest--;
        }

        if (view is null || (shown < oldest && !Find(oldest)))
        {
            differences.Add($"seed {seed}, {now:mm:ss.fff}: the view is still that of {database.History[shown].Since:mm:ss.fff} (the network is up since {up:mm:ss.fff})");
        }

        var covered = database.History.Skip(oldest).Select(one => one.Windows.Any(window => Covers(window, now))).ToList();
        var isMaintenance = state.Recorded[Component].Counted() == RecordedState.Maintenance;
        if (!covered.Contains(isMaintenance))
        {
            differences.Add($"seed {seed}, {now:mm:ss.fff}: the board is {(isMaintenance ? "" : "not ")}under maintenance, and the database said otherwise for a second");
        }
    }

    private static bool Covers(Window window, DateTimeOffset now) =>
        window is { Platform: true, Value: { Status: WindowStatus.Active } value }
        && value.StartsAt <= now && now < value.EndsAt && (value.AffectedServices.Count == 0 || value.AffectedServices.Contains("Dashboard"));
}
