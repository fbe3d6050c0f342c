using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Xerotier.ServiceDefaults;
using Xerotier.StatusService.Board;
using Xerotier.StatusService.Model;
using Xerotier.StatusService.Probes;
using Xerotier.StatusService.Publishing;
using Component = Xerotier.StatusService.Model.Component;

namespace Xerotier.StatusService.Tests;

/// <summary>Probers with a real server to ask and a real Postgres; the time that passes is the test's.</summary>
public sealed class ProberTests(PostgresFixture postgres) : IAsyncLifetime
{
    private readonly FakeTimeProvider time = new(BoardTests.Start);
    private HistoryDatabase database = null!;
    private HealthCheck check = null!;
    private Migrations migrations = null!;
    private Component batch = null!;

    public async ValueTask InitializeAsync()
    {
        database = await HistoryDatabase.CreateAsync(postgres.Server, BoardTests.Start);
        check = await HealthCheck.StartAsync();
        migrations = new(database.Source, typeof(StatusLoop).Assembly, NullLogger<Migrations>.Instance);
        batch = Probed("batch", check.Url);
    }

    public async ValueTask DisposeAsync()
    {
        migrations.Dispose();
        await check.DisposeAsync();
        await database.DisposeAsync();
    }

    [Fact]
    public async Task Two_failures_in_a_row_are_an_outage_and_the_first_success_ends_it()
    {
        using var one = new Replica(this, batch);
        await one.RoundAsync();
        Assert.Equal(Verdict.Operational, one.Of(batch)); // the first answer

        check.Status = 503;
        await PassUntilAskedAsync(2, one);
        Assert.Equal(Verdict.Operational, one.Of(batch));
        var failed = time.GetUtcNow();
        await PassUntilAskedAsync(3, one);
        Assert.Equal(Rules.ProbeFailing, one.Of(batch));
        Assert.Equal(10, (time.GetUtcNow() - failed).TotalSeconds); // sooner than the interval

        check.Status = 200;
        await PassUntilAskedAsync(4, one);
        Assert.Equal(Verdict.Operational, one.Of(batch));

        // The count begins anew.
        check.Status = 503;
        await PassUntilAskedAsync(5, one);
        check.Status = 200;
        await PassUntilAskedAsync(6, one);
        check.Status = 503;
        await PassUntilAskedAsync(7, one);
        Assert.Equal(Verdict.Operational, one.Of(batch));
    }

    [Fact]
    public async Task Nothing_is_known_before_the_first_answer_nor_when_the_newest_is_too_old()
    {
        using var one = new Replica(this, batch);
        var hanging = new TaskCompletionSource();
        check.Answer = _ => hanging.Task;
        await one.RoundAsync(answered: false);
        Assert.Equal(Rules.NotProbed, one.Of(batch));
        hanging.SetResult();
        await one.RoundAsync();
        Assert.Equal(Verdict.Operational, one.Of(batch));

        var last = time.GetUtcNow(); // and then nobody probes
        Assert.Equal(Verdict.Operational, one.Of(batch, last.AddSeconds((2 * 60) + 5).AddTicks(-1)));
        Assert.Equal(Rules.NotProbed, one.Of(batch, last.AddSeconds((2 * 60) + 5)));
    }

    [Fact]
    public async Task One_replica_probes_and_the_others_say_the_same_and_one_takes_over_within_two_seconds()
    {
        using var one = new Replica(this, batch);
        await one.RoundAsync();
        using var two = new Replica(this, batch);
        await two.RoundAsync();
        Assert.Equal((true, false), (one.Probing, two.Probing));
        Assert.Equal(Verdict.Operational, two.Of(batch));
        check.Status = 503;
        await PassUntilAskedAsync(3, one, two);
        await PassAsync(0.5, one, two);
        Assert.Equal((Rules.ProbeFailing, Rules.ProbeFailing), (one.Of(batch), two.Of(batch)));
        var until = two.Board.Inputs.Probes[batch.Key].Until - one.Board.Inputs.Probes[batch.Key].Until;
        Assert.InRange(until.TotalSeconds, -0.01, 0.01);

        await PassAsync(2, two); // one is dead
        Assert.True(two.Probing);
        Assert.Equal(Rules.ProbeFailing, two.Of(batch));
        Assert.Equal(3, check.Asked); // the failures are not counted again, and the next try follows when it would have

        check.Status = 200;
        await PassUntilAskedAsync(4, two);
        Assert.Equal(Verdict.Operational, two.Of(batch));

        // The dead one was only paused: it finds that its lease is over, and takes what it missed.
        await one.RoundAsync();
        Assert.Equal((false, Verdict.Operational), (one.Probing, one.Of(batch)));
        Assert.Equal(4, check.Asked);
    }

    [Fact]
    public async Task A_prober_that_stops_hands_over_at_once_and_one_that_starts_goes_on_from_what_is_known()
    {
        using (var one = new Replica(this, batch))
        {
            check.Status = 503;
            await one.RoundAsync();
            await PassUntilAskedAsync(2, one);
            await one.StopAsync();
        }

        using var two = new Replica(this, batch);
        Assert.True(two.Board.Inputs.ProbesAwaited);
        await two.RoundAsync();
        Assert.True(two.Probing);
        Assert.False(two.Board.Inputs.ProbesAwaited);
        Assert.Equal(Rules.ProbeFailing, two.Of(batch));
        Assert.Equal(2, check.Asked);
    }

    [Fact]
    public async Task Another_target_is_asked_at_once_and_what_was_found_of_the_earlier_one_is_forgotten()
    {
        using var one = new Replica(this, batch);
        check.Status = 503;
        await one.RoundAsync();
        await PassUntilAskedAsync(2, one);
        Assert.Equal(Rules.ProbeFailing, one.Of(batch));

        var longer = batch with { Probe = batch.Probe! with { IntervalSeconds = 3600 } }; // the same target
        one.Announce(longer);
        await one.RoundAsync();
        Assert.Equal((3, Rules.ProbeFailing), (check.Asked, one.Of(longer)));
        Assert.Equal(Rules.ProbeFailing, one.Of(longer, time.GetUtcNow().AddSeconds(7_200)));

        var moved = batch with { Probe = batch.Probe! with { Url = check.Url + "/other" } };
        one.Announce(moved);
        await one.RoundAsync();
        Assert.Equal((4, Rules.NotProbed), (check.Asked, one.Of(moved))); // one failure
        one.Announce(moved with { Probe = null });
        await one.RoundAsync();
        Assert.Equal(Verdict.Operational, one.Of(moved with { Probe = null }));
    }

    [Fact]
    public async Task Many_components_are_not_asked_all_at_once()
    {
        var many = Enumerable.Range(0, 30).Select(i => Probed($"c{i}", check.Url)).ToArray();
        using var one = new Replica(this, many);
        await one.RoundAsync();
        Assert.Equal(1, check.Asked);
        await PassAsync(3, one);
        Assert.Equal(30, check.Asked);

        await PassAsync(60, one); // each has come to its place in the interval
        var (before, most) = (check.Asked, 0);
        for (var i = 0; i < 12; i++)
        {
            var begun = check.Asked;
            await PassAsync(5, one);
            most = Math.Max(most, check.Asked - begun);
        }

        Assert.Equal(30, check.Asked - before);
        Assert.InRange(most, 1, 10);
    }

    [Fact]
    public async Task A_target_that_hangs_delays_no_other()
    {
        await using var hanging = await HealthCheck.StartAsync();
        hanging.Answer = context => Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        var slow = Probed("slow", hanging.Url);
        using var one = new Replica(this, slow, batch);
        await one.RoundAsync(answered: false);
        time.Advance(TimeSpan.FromSeconds(0.2));
        await one.RoundAsync(answered: false);
        for (var tries = 0; one.Of(batch) != Verdict.Operational && tries < 500; tries++)
        {
            await Task.Delay(20);
            await one.RoundAsync(answered: false);
        }

        Assert.Equal((Verdict.Operational, Rules.NotProbed), (one.Of(batch), one.Of(slow)));
    }

    [Fact]
    public async Task What_is_not_public_is_not_asked_and_not_known_unless_it_is_allowed_or_the_storages()
    {
        using var one = new Replica(this, allowPrivate: false, new() { ProbeUrl = check.Url }, batch);
        await one.RoundAsync();
        Assert.Equal(Rules.ProbeRefused, one.Of(batch));
        Assert.Equal(0, check.Asked);
        await PassAsync(0.5, one);
        Assert.Equal(Verdict.Operational, one.Of(Components.ModelStorage));
        Assert.Equal(1, check.Asked);
    }

    [Theory]
    [InlineData(null, 2)]
    [InlineData(3, 3)]
    public async Task The_storage_is_out_after_as_many_failures_in_a_row_as_its_setting_says(int? setting, int failures)
    {
        using var one = new Replica(this, allowPrivate: false, new() { ProbeUrl = check.Url, FailuresBeforeOutage = setting ?? new ModelStorageOptions().FailuresBeforeOutage });
        await one.RoundAsync();
        Assert.Equal(Verdict.Operational, one.Of(Components.ModelStorage));
        check.Status = 503;
        for (var failed = 1; failed <= failures; failed++)
        {
            await PassUntilAskedAsync(1 + failed, one);
            Assert.Equal(failed < failures ? Verdict.Operational : Rules.ProbeFailing, one.Of(Components.ModelStorage));
        }
    }

    [Fact]
    public async Task While_the_database_is_away_whoever_probed_last_goes_on()
    {
        await using var server = await TestKit.TestPostgres.StartAsync();
        await using var own = await HistoryDatabase.CreateAsync(server, BoardTests.Start);
        using var one = new Replica(this, own.Source, true, new(), batch);
        using var two = new Replica(this, own.Source, true, new(), batch);
        await one.RoundAsync();
        await two.RoundAsync();
        await server.KillAsync();
        check.Status = 503;
        await PassAsync(75, one, two);
        Assert.Equal((Rules.ProbeFailing, Verdict.Operational), (one.Of(batch), two.Of(batch)));
        await server.RestartAsync();
        own.ForgetConnections();
        await own.SetClockAsync(time.GetUtcNow());
        await one.RoundAsync();
        await two.RoundAsync();
        Assert.Equal((true, false, Rules.ProbeFailing), (one.Probing, two.Probing, two.Of(batch)));
    }

    [Fact]
    public async Task A_probe_that_nobody_asks_any_more_does_not_go_on_failing()
    {
        using var failing = new FailingWork("The probe of gone fails");
        using var one = new Replica(this, Probed("gone", check.Url));
        check.Status = 503;
        await one.RoundAsync();
        Assert.Equal(1, failing.Count);
        one.Announce();
        await one.RoundAsync();
        Assert.Equal(0, failing.Count);

        // One that is under way when its component goes.
        using var late = new FailingWork("The probe of late fails");
        var hanging = new TaskCompletionSource();
        check.Answer = async context =>
        {
            await hanging.Task;
            context.Response.StatusCode = 503;
        };
        one.Announce(Probed("late", check.Url));
        await one.RoundAsync(answered: false);
        var asked = one.UnderWay;
        one.Announce();
        await one.RoundAsync(answered: false);
        hanging.SetResult();
        await asked.WaitAsync(TimeSpan.FromSeconds(30));
        await one.RoundAsync();
        Assert.Equal(0, late.Count);
    }

    [Fact]
    public async Task A_replica_that_has_lost_the_lease_says_of_no_probe_that_it_fails()
    {
        using var failing = new FailingWork("The probe of taken fails");
        var taken = Probed("taken", check.Url);
        using var one = new Replica(this, taken);
        check.Status = 503;
        await one.RoundAsync();
        Assert.Equal(1, failing.Count);
        check.Status = 200;
        using var two = new Replica(this, taken);
        await PassAsync(2.5, two); // one is dead
        Assert.Equal((true, 1), (two.Probing, failing.Count));
        await one.RoundAsync(); // it was only paused
        Assert.Equal((false, 0), (one.Probing, failing.Count));
    }

    private static Component Probed(string key, string url) => new($"cmp_{key}", key, 9) { Probe = new() { Url = url } };

    private async Task PassAsync(double seconds, params Replica[] replicas)
    {
        for (var until = time.GetUtcNow().AddSeconds(seconds); time.GetUtcNow() < until;)
        {
            time.Advance(TimeSpan.FromSeconds(0.5));
            await database.SetClockAsync(time.GetUtcNow());
            foreach (var replica in replicas)
            {
                await replica.RoundAsync();
            }
        }
    }

    private async Task PassUntilAskedAsync(int times, params Replica[] replicas)
    {
        for (var seconds = 0.0; check.Asked < times; seconds += 0.5)
        {
            Assert.InRange(seconds, 0, 75);
            await PassAsync(0.5, replicas);
        }

        Assert.Equal(times, check.Asked);
    }

    private sealed class Replica : IDisposable
    {
        private readonly ProberTests test;
        private readonly Published published;
        private readonly BoardInbox inbox;
        private readonly Prober prober;

        public Replica(ProberTests test, params Component[] components)
            : this(test, test.database.Source, true, new(), components)
        {
        }

        public Replica(ProberTests test, bool allowPrivate, ModelStorageOptions storage, params Component[] components)
            : this(test, test.database.Source, allowPrivate, storage, components)
        {
        }

        public Replica(ProberTests test, NpgsqlDataSource source, bool allowPrivate, ModelStorageOptions storage, params Component[] components)
        {
            this.test = test;
            (published, inbox) = (new(test.time), new(test.time));
            prober = new(
                published,
                inbox,
                new(source),
                test.migrations,
                Options.Create(new ProbesOptions { AllowPrivateTargets = allowPrivate }),
                Options.Create(storage),
                test.time,
                NullLogger<Prober>.Instance);
            prober.StartAsync(default); // it waits for migrations, which nobody runs: the rounds are the test's
            Announce(components);
            Hear();
        }

        public LiveBoard Board { get; } = new((_, _) => { });

        public bool Probing => prober.Probing;

        public Task UnderWay => prober.UnderWay;

        public void Announce(params Component[] components) => published.Announced.Set(new([.. Components.BuiltIn, .. components], []));

        public Verdict? Of(Component component, DateTimeOffset? at = null) => Measures.Judge(component, Board.Inputs, at ?? test.time.GetUtcNow());

        /// <summary>A round, and another one when what was asked is answered.</summary>
        public async Task RoundAsync(bool answered = true)
        {
            await prober.RoundAsync(default);
            if (answered)
            {
                await prober.UnderWay.WaitAsync(TimeSpan.FromSeconds(30));
                await prober.RoundAsync(default);
            }

            Hear();
        }

        public Task StopAsync() => prober.StopAsync(default);

        public void Dispose() => prober.Dispose();

        private void Hear()
        {
            while (inbox.TryDequeue(test.time.GetUtcNow(), out var message))
            {
                Board.Apply(message.At, message.Change);
            }
        }
    }
}
