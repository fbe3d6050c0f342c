using Microsoft.Extensions.DependencyInjection;
using Xerotier.NotificationService.Following;

namespace Xerotier.NotificationService.Tests;

/// <summary>Messages to real receivers.</summary>
public sealed class SenderTests(PostgresFixture postgres)
{
    [Fact]
    public async Task An_event_is_told_once_to_everybody_who_asked_for_it()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server);
        await notifier.SubscribeAsync("sub_all", "/all");
        await notifier.SubscribeAsync("sub_other", "/other", components: "{cmp_other}");
        await notifier.SubscribeAsync("sub_named", "/named", components: "{cmp_named}");
        await notifier.SubscribeAsync("sub_types", "/types", events: "{incident.created}");
        Assert.Equal(2, await notifier.HappenAsync("one", components: "cmp_named"));
        Assert.Equal(0, await notifier.HappenAsync("one", components: "cmp_named")); // the same event
        await DeliveredAsync(notifier, 2);
        Assert.Equal(["/all", "/named"], notifier.Receiver.Messages.Select(message => message.Path).Order());
        Assert.Equal(2, notifier.Receiver.Messages.Select(message => message.Id).Distinct().Count());
        Assert.Equal("1,,", await notifier.ScalarAsync("select concat_ws(',', delivered_count, coalesce(last_error, ''), coalesce(failing_since::text, '')) from subscriptions where id = 'sub_all'"));
    }

    [Fact]
    public async Task Another_tenants_windows_and_what_happens_while_suspended_are_told_to_nobody()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server);
        await notifier.SubscribeAsync("sub_own", "/own", project: "proj_tenant1");
        await notifier.SubscribeAsync("sub_other", "/other", project: "proj_tenant2");
        Assert.Equal(1, await notifier.HappenAsync("own", project: "proj_tenant1", platform: false));
        await notifier.ExecuteAsync("insert into suspended_projects values ('proj_tenant1')");
        Assert.Equal(0, await notifier.HappenAsync("suspended", project: "proj_tenant1", platform: false));
        Assert.Equal(1, await notifier.HappenAsync("platform"));
        await DeliveredAsync(notifier, 2);
        Assert.Equal(["/other", "/own"], notifier.Receiver.Messages.Select(message => message.Path).Order());
    }

    [Fact]
    public async Task While_a_project_is_suspended_what_it_was_to_be_told_is_given_up_and_nothing_new_is_told()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server);
        var suspensions = notifier.Services.GetRequiredService<Suspensions>();
        notifier.Receiver.Answer = (_, _) => Task.FromResult(500);
        await notifier.SubscribeAsync("sub_1", "/hook", project: "proj_tenant1");
        await notifier.SubscribeAsync("sub_2", "/hook", project: "proj_tenant2");
        Assert.Equal(2, await notifier.HappenAsync("before"));
        await TestKit.Eventually.TrueAsync(async () => await notifier.ScalarAsync("select count(*) from deliveries where attempts = 1") is 2L, "both are tried");

        await suspensions.WriteAsync(["proj_tenant1"], TestContext.Current.CancellationToken);
        Assert.Equal("failed The project is suspended.,pending The response was 500.", await notifier.ScalarAsync("select string_agg(state || ' ' || last_error, ',' order by subscription_id) from deliveries"));
        Assert.Equal("1,0", await notifier.ScalarAsync("select string_agg(failed_count::text, ',' order by id) from subscriptions"));
        Assert.Equal(1, await notifier.HappenAsync("meanwhile"));

        await suspensions.WriteAsync([], TestContext.Current.CancellationToken);
        Assert.Equal(2, await notifier.HappenAsync("after"));
    }

    [Fact]
    public async Task A_message_waits_for_the_earlier_ones_until_they_were_tried_three_times()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server);
        notifier.Receiver.Answer = (message, _) => Task.FromResult(message.Sequence == 1 ? 500 : 204);
        await notifier.SubscribeAsync("sub_1", "/hook");
        await notifier.HappenAsync("one");
        await notifier.HappenAsync("two");
        await notifier.HappenAsync("three");
        await TriedAsync(1);
        Assert.Equal(DBNull.Value, await notifier.ScalarAsync("select next_attempt_at from deliveries where sequence = 2"));
        for (var tried = 2; tried <= 3; tried++)
        {
            await notifier.ExecuteAsync("update deliveries set next_attempt_at = clock_timestamp() where sequence = 1"); // its time comes
            await TriedAsync(tried);
        }

        await DeliveredAsync(notifier, 2);
        Assert.Equal([1, 1, 1, 2, 3], notifier.Receiver.Messages.Select(message => message.Sequence));
        Assert.Single(notifier.Receiver.Messages.Where(message => message.Sequence == 1).Select(message => message.Id).Distinct());
        Assert.Equal("pending", await notifier.ScalarAsync("select state from deliveries where sequence = 1"));

        int Attempts() => notifier.Receiver.Messages.Count(message => message.Sequence == 1);

        // Tried, and written down: what is written after the test has changed the row would undo the change.
        Task TriedAsync(int times) => TestKit.Eventually.TrueAsync(
            async () => Attempts() == times && (int)(await notifier.ScalarAsync("select attempts from deliveries where sequence = 1"))! == times, $"tried {times} times");
    }

    [Fact]
    public async Task A_dead_and_a_slow_receiver_delay_nobody_else()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server);
        using var ends = new CancellationTokenSource();
        notifier.Receiver.Answer = async (message, _) =>
        {
            if (message.Path == "/slow")
            {
                await Task.Delay(TimeSpan.FromMinutes(1), ends.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            return 204;
        };
        await notifier.SubscribeAsync("sub_dead", "", target: "http://127.0.0.1:9/");
        await notifier.SubscribeAsync("sub_slow", "/slow");
        for (var i = 0; i < 50; i++)
        {
            await notifier.SubscribeAsync($"sub_well{i}", $"/well{i}");
        }

        for (var i = 0; i < 5; i++)
        {
            await notifier.HappenAsync($"event{i}");
        }

        await DeliveredAsync(notifier, 250);
        var order = notifier.Receiver.Messages.Where(message => message.Path != "/slow").GroupBy(message => message.Path);
        Assert.All(order, path => Assert.Equal([1L, 2, 3, 4, 5], path.Select(message => message.Sequence)));
        await ends.CancelAsync();
    }

    [Fact]
    public async Task Who_answers_410_is_disabled_and_told_no_more()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server);
        notifier.Receiver.Answer = (_, _) => Task.FromResult(410);
        await notifier.SubscribeAsync("sub_1", "/gone");
        await notifier.StopAllAsync();
        await notifier.HappenAsync("one");
        await notifier.HappenAsync("two");
        await notifier.AddReplicaAsync();
        await TestKit.Eventually.TrueAsync(async () => await notifier.ScalarAsync("select state from subscriptions") is "disabled", "disabled");
        Assert.Equal(2L, await notifier.ScalarAsync("select count(*) from deliveries where state = 'failed'"));
        Assert.Equal(0, await notifier.HappenAsync("three"));
        Assert.Single(notifier.Receiver.Messages);
        Assert.Contains("410", (string)(await notifier.ScalarAsync("select disabled_reason from subscriptions"))!);
    }

    [Fact]
    public async Task A_410_of_a_target_that_is_not_the_subscriptions_any_more_disables_nothing()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server);
        await notifier.StopAllAsync();
        notifier.Receiver.Answer = async (message, _) =>
        {
            if (message.Path != "/old")
            {
                return 204;
            }

            await notifier.ExecuteAsync($"update subscriptions set target = '{notifier.Receiver.Url}/new'"); // while it is asked
            return 410;
        };
        await notifier.SubscribeAsync("sub_1", "/old");
        await notifier.HappenAsync("one");
        await notifier.HappenAsync("two");
        await notifier.AddReplicaAsync();
        await DeliveredAsync(notifier, 1);
        Assert.Equal(["/old", "/new"], notifier.Receiver.Messages.Select(message => message.Path));
        Assert.Equal("active", await notifier.ScalarAsync("select state from subscriptions where disabled_reason is null"));
    }

    [Fact]
    public async Task Five_days_without_a_success_disable_and_a_success_begins_anew()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server);
        var status = 204;
        notifier.Receiver.Answer = (_, _) => Task.FromResult(status);
        await notifier.SubscribeAsync("sub_1", "/hook");
        await notifier.ExecuteAsync("update subscriptions set failing_since = clock_timestamp() - interval '6 days', slow = true");
        await notifier.HappenAsync("one");
        await DeliveredAsync(notifier, 1);
        Assert.Equal(DBNull.Value, await notifier.ScalarAsync("select failing_since from subscriptions"));
        status = 500;
        await notifier.ExecuteAsync("update subscriptions set failing_since = clock_timestamp() - interval '4 days 23 hours'");
        await notifier.HappenAsync("two");
        await TestKit.Eventually.TrueAsync(async () => await notifier.ScalarAsync("select last_status from subscriptions") is 500, "tried");
        Assert.Equal("active", await notifier.ScalarAsync("select state from subscriptions"));
        await notifier.ExecuteAsync("update subscriptions set failing_since = clock_timestamp() - interval '5 days 1 second'; update deliveries set next_attempt_at = clock_timestamp() where state = 'pending'");
        await TestKit.Eventually.TrueAsync(async () => await notifier.ScalarAsync("select state from subscriptions") is "disabled", "disabled");
        Assert.Equal("Nothing arrived there for five days.", await notifier.ScalarAsync("select disabled_reason from subscriptions"));
    }

    [Fact]
    public async Task A_failure_after_days_in_which_nothing_was_tried_begins_anew()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server);
        await notifier.StopAllAsync();
        notifier.Receiver.Answer = (_, _) => Task.FromResult(500);
        await notifier.SubscribeAsync("sub_1", "/hook");
        await notifier.ExecuteAsync("update subscriptions set failing_since = clock_timestamp() - interval '6 days 1 hour', last_at = clock_timestamp() - interval '6 days'");
        await notifier.HappenAsync("one");
        await notifier.AddReplicaAsync();
        await TestKit.Eventually.TrueAsync(async () => await notifier.ScalarAsync("select last_status from subscriptions") is 500, "tried");
        Assert.Equal("active", await notifier.ScalarAsync("select state from subscriptions"));
        Assert.True(await notifier.ScalarAsync("select failing_since > clock_timestamp() - interval '1 hour' from subscriptions") is true);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Hundreds_that_hang_together_hold_up_nobody_for_their_timeouts(bool slow)
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server);
        await notifier.StopAllAsync();
        using var ends = new CancellationTokenSource();
        HangUntil(notifier, ends.Token);
        for (var i = 0; i < 300; i++)
        {
            await notifier.SubscribeAsync($"sub_hangs{i}", "/hangs");
        }

        await notifier.SubscribeAsync("sub_well", "/well", components: "{cmp_well}");
        await notifier.ExecuteAsync($"update subscriptions set slow = {slow}"); // all of them, as after a failure
        await notifier.HappenAsync("one", components: "cmp_other");
        await notifier.HappenAsync("two", components: "cmp_well"); // behind all of them
        await notifier.AddReplicaAsync();
        await TestKit.Eventually.TrueAsync(() => notifier.Receiver.At("/well").Count == 1, "it is told");
        Assert.Equal(0L, await notifier.ScalarAsync("select count(*) from deliveries where attempts > 0 and subscription_id <> 'sub_well'")); // no timeout has ended
        await ends.CancelAsync();
    }

    [Fact]
    public async Task What_has_waited_for_its_place_goes_where_it_is_wanted_then()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server);
        await notifier.StopAllAsync();
        using var ends = new CancellationTokenSource();
        HangUntil(notifier, ends.Token);
        await notifier.SubscribeAsync("sub_hangs", "/hangs");
        await notifier.ExecuteAsync("""
            insert into subscriptions (project_id, id, channel, target, components, events, state, secret, created_by, created_at, updated_at)
            select project_id, id || i, channel, target, components, events, state, secret, created_by, created_at, updated_at from subscriptions, generate_series(1, 679) i
            """); // more than are ever under way
        foreach (var one in new[] { "moved", "disabled", "deleted" })
        {
            await notifier.SubscribeAsync($"sub_{one}", $"/{one}", components: $"{{cmp_{one}}}");
        }

        await notifier.HappenAsync("one", components: "cmp_other");
        foreach (var one in new[] { "moved", "disabled", "deleted" })
        {
            await notifier.HappenAsync(one, components: $"cmp_{one}"); // behind all of them
        }

        await notifier.AddReplicaAsync();
        await TestKit.Eventually.TrueAsync(async () => await notifier.ScalarAsync("select count(*) from deliveries where first_attempt_at is not null and subscription_id not like 'sub_hangs%'") is 3L, "they are taken");
        await notifier.ExecuteAsync("""
            update subscriptions set target = replace(target, '/moved', '/there') where id = 'sub_moved';
            update deliveries set state = 'failed', next_attempt_at = null where subscription_id = 'sub_disabled';
            update subscriptions set state = 'disabled' where id = 'sub_disabled';
            delete from subscriptions where id = 'sub_deleted'
            """);
        await Task.Delay(TimeSpan.FromSeconds(1.2), TestContext.Current.CancellationToken); // longer than what was taken is believed
        await ends.CancelAsync();
        await TestKit.Eventually.TrueAsync(async () => await notifier.ScalarAsync("select count(*) from deliveries where state = 'pending' and sequence = 1") is 0L, "all are done");
        Assert.Equal((1, 0, 0, 0), (notifier.Receiver.At("/there").Count, notifier.Receiver.At("/moved").Count, notifier.Receiver.At("/disabled").Count, notifier.Receiver.At("/deleted").Count));
    }

    [Fact]
    public async Task What_a_sender_took_and_died_with_is_sent_by_another_with_the_same_id()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server);
        await notifier.StopAllAsync();
        await notifier.SubscribeAsync("sub_1", "/hook");
        await notifier.HappenAsync("one");
        await notifier.ExecuteAsync("update deliveries set next_attempt_at = clock_timestamp() + interval '2 s', first_attempt_at = clock_timestamp()"); // as taken by one that is dead
        var id = (string)(await notifier.ScalarAsync("select id from deliveries"))!;
        await notifier.AddReplicaAsync();
        await DeliveredAsync(notifier, 1);
        Assert.Equal(id, Assert.Single(notifier.Receiver.Messages).Id);
    }

    [Fact]
    public async Task What_is_told_again_after_its_database_was_set_back_has_the_ids_of_before()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server);
        await notifier.SubscribeAsync("sub_1", "/hook");
        await notifier.SubscribeAsync("sub_2", "/hook");
        var noon = new DateTimeOffset(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);
        foreach (var at in new[] { noon, noon, noon.AddSeconds(1) }) // what happened at another time is another event, whatever its version
        {
            Assert.Equal(2, await notifier.HappenAsync("one", at: at));
            await DeliveredAsync(notifier, 2);
            await notifier.ExecuteAsync("delete from deliveries; delete from events");
        }

        Assert.Equal([2, 2, 1, 1], notifier.Receiver.Messages.GroupBy(message => message.Id).Select(same => same.Count()).OrderDescending());
    }

    [Fact]
    public async Task What_a_replica_died_with_while_it_told_everybody_is_told_by_the_next_in_order_and_once()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server);
        await notifier.StopAllAsync();
        foreach (var id in (string[])["1", "2", "3"])
        {
            await notifier.SubscribeAsync($"sub_{id}", $"/{id}");
        }

        Assert.Equal(3, await notifier.HappenAsync("one"));
        Assert.Equal(3, await notifier.HappenAsync("two"));
        await notifier.ExecuteAsync("""
            delete from deliveries where subscription_id <> 'sub_1' or sequence > 1;
            update subscriptions set sequence = case id when 'sub_1' then 1 else 0 end;
            insert into telling select id, case key when 'one' then 'sub_1' else '' end from events;
            """);
        await notifier.SubscribeAsync("sub_4", "/4"); // too late for both
        await notifier.AddReplicaAsync();
        await DeliveredAsync(notifier, 6);
        Assert.Equal(6, notifier.Receiver.Messages.Select(message => message.Id).Distinct().Count());
        Assert.Equal(["/1", "/1", "/2", "/2", "/3", "/3"], notifier.Receiver.Messages.Select(message => message.Path).Order());
        Assert.Equal(0L, await notifier.ScalarAsync("select count(*) from deliveries d join events e on e.id = d.event_id where (e.key = 'one') <> (d.sequence = 1)"));
        Assert.Equal(0L, await notifier.ScalarAsync("select count(*) from telling"));
    }

    [Fact]
    public async Task Who_subscribed_before_the_databases_clock_was_set_back_is_told()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server);
        await notifier.SubscribeAsync("sub_1", "/hook");
        await notifier.ExecuteAsync("update subscriptions set created_at = clock_timestamp() + interval '1 hour'");
        Assert.Equal(1, await notifier.HappenAsync("one"));
    }

    [Fact]
    public async Task A_replica_that_stops_gives_back_what_it_is_sending()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server);
        await notifier.StopAllAsync();
        var first = await notifier.AddReplicaAsync();
        var hangs = true;
        notifier.Receiver.Answer = async (_, context) =>
        {
            if (hangs)
            {
                await Task.Delay(TimeSpan.FromMinutes(1), context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            return 204;
        };
        await notifier.SubscribeAsync("sub_1", "/hook");
        await notifier.HappenAsync("one");
        await TestKit.Eventually.TrueAsync(() => !notifier.Receiver.Messages.IsEmpty, "it is under way");
        hangs = false;
        await notifier.StopAsync(first);
        await notifier.AddReplicaAsync();
        await DeliveredAsync(notifier, 1);
        Assert.Single(notifier.Receiver.Messages.Select(message => message.Id).Distinct());
    }

    [Fact]
    public async Task While_events_come_and_replicas_come_and_go_each_is_delivered_in_order_and_none_is_stuck()
    {
        const int Subscribers = 10, Events = 60;
        await using var notifier = await Notifier.StartAsync(postgres.Server);
        notifier.Receiver.Answer = async (message, _) =>
        {
            await Task.Delay(Random.Shared.Next(5));
            return 204;
        };
        for (var i = 0; i < Subscribers; i++)
        {
            await notifier.SubscribeAsync($"sub_{i}", $"/{i}");
        }

        var happening = Task.WhenAll(Enumerable.Range(0, 4).Select(async worker =>
        {
            for (var i = 0; i < Events / 4; i++)
            {
                Assert.Equal(Subscribers, await notifier.HappenAsync($"{worker}.{i}"));
            }
        }));
        for (var i = 0; i < 3; i++)
        {
            var replica = await notifier.AddReplicaAsync();
            await Task.Delay(200);
            await notifier.StopAsync(replica);
        }

        await happening;
        await DeliveredAsync(notifier, Subscribers * Events);
        foreach (var path in notifier.Receiver.Messages.GroupBy(message => message.Path))
        {
            Assert.Equal(Enumerable.Range(1, Events).Select(i => (long)i), path.Select(message => message.Sequence).Distinct()); // in order, a second copy at most right after the first
            Assert.Equal(Events, path.Select(message => message.Id).Distinct().Count());
        }
    }

    /// <summary>What is sent to <c>/hangs</c> is answered after a minute, or once it ends.</summary>
    private static void HangUntil(Notifier notifier, CancellationToken end) => notifier.Receiver.Answer = async (message, _) =>
    {
        if (message.Path == "/hangs")
        {
            await Task.Delay(TimeSpan.FromMinutes(1), end).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return 204;
    };

    private static Task DeliveredAsync(Notifier notifier, long count) => TestKit.Eventually.TrueAsync(
        async () => (long)(await notifier.ScalarAsync("select count(*) from deliveries where state = 'delivered'"))! == count, $"{count} are delivered");
}
