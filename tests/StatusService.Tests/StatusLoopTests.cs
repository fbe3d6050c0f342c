using System.Collections.Concurrent;
using Grpc.Core;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Xerotier.Fleet.V1;
using Xerotier.Maintenance.V1;
using Xerotier.Page.V1;
using Xerotier.StatusService.Publishing;
using Xerotier.TestKit;

namespace Xerotier.StatusService.Tests;

/// <summary>The loop of one or more replicas with a real Postgres; the time that passes is the test's.</summary>
public sealed class StatusLoopTests(PostgresFixture postgres) : IAsyncLifetime
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(250);
    private readonly FakeTimeProvider time = new(BoardTests.Start);
    private HistoryDatabase database = null!;
    private WatchPlatformHealthResponse health = Counts(routersOnline: 3);
    private NoticeLists windows = new();
    private bool silent;

    public async ValueTask InitializeAsync() => database = await HistoryDatabase.CreateAsync(postgres.Server, BoardTests.Start);

    public ValueTask DisposeAsync() => database.DisposeAsync();

    [Fact]
    public async Task The_first_page_already_knows_the_fleet_and_later_ones_come_only_on_change()
    {
        await using var replica = await ReplicaAsync();
        Assert.Equal("operational", PageStream.Overall(await UntilAsync(replica, _ => true)));
        var stream = new ResponseStream();
        using var ended = new CancellationTokenSource();
        var watching = new StatusPagesService(replica.Published, time, new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance))
            .WatchPage(new(), stream, new CallContext(ended.Token));
        await PassAsync(2.5, replica);
        await ended.CancelAsync();
        await watching.ContinueWith(_ => { }, TaskScheduler.Default);
        Assert.Equal("operational", PageStream.Overall(stream.Received.First().Page));
        Assert.InRange(stream.Received.Count(r => r.Page is not null), 1, 3); // a full minute, and the recorder's stamp, may lie within
        Assert.InRange(stream.Received.Count(r => r.Page is null), 2, 7); // keepalives
    }

    [Fact]
    public async Task Neighbours_that_fall_silent_make_the_page_unknown_after_five_seconds_and_windows_unavailable()
    {
        await using var replica = await ReplicaAsync();
        await UntilAsync(replica, "operational");
        var began = time.GetUtcNow();
        silent = true;
        await UntilAsync(replica, "unknown");
        Assert.InRange((time.GetUtcNow() - began).TotalSeconds, 4, 9);
        await UntilAsync(replica, page => Html(page).Contains("unavailable", StringComparison.OrdinalIgnoreCase));
        silent = false;
        await UntilAsync(replica, "operational");
    }

    [Fact]
    public async Task Two_replicas_show_the_same_bytes_and_one_that_starts_later_too()
    {
        await using var one = await ReplicaAsync();
        await UntilAsync(one, "operational");
        await using var two = await ReplicaAsync();
        await SameAsync(one, two);

        foreach (var (online, level) in new[] { (2, "degraded"), (3, "operational"), (0, "partial_outage") })
        {
            health = Counts(online);
            await SameAsync(one, two, () => PageStream.Overall(one.Page!) == level);
            await PassAsync(1.2, one, two);
        }

        await using var three = await ReplicaAsync();
        await SameAsync(one, three, () => one.Page!.Json.Etag == three.Page!.Json.Etag);
        await SameAsync(one, two, () => one.Page!.StaleHtml.Equals(two.Page!.StaleHtml));
    }

    [Fact]
    public async Task The_history_survives_a_restart_and_a_killed_recorder_loses_at_most_two_seconds()
    {
        await using var one = await ReplicaAsync();
        await UntilAsync(one, "operational");
        await PassAsync(2.5, one);
        await using var two = await ReplicaAsync();
        await UntilAsync(two, "operational", one);
        await PassAsync(1, one, two);
        Assert.True(one.Recording);
        await PassAsync(4, two); // one is dead, with its lease
        Assert.True(two.Recording);

        await using var command = database.Source.CreateCommand(
            """
            select count(*), coalesce(sum(extract(epoch from coalesce(ends_at, recorded_until) - starts_at)), 0)::int,
                extract(epoch from max(recorded_until) - min(starts_at))::int
            from intervals join components on id = component, recorder where key = 'dashboard'
            """);
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        var (recorded, passed) = (reader.GetInt32(1), reader.GetInt32(2));
        Assert.InRange(passed, 6, 60);
        Assert.InRange(passed - recorded, 0, 2);
    }

    [Fact]
    public async Task A_recorder_that_stops_hands_its_lease_over()
    {
        await using var one = await ReplicaAsync();
        await UntilAsync(one, "operational");
        await using var two = await ReplicaAsync();
        await UntilAsync(two, "operational", one);
        Assert.True(one.Recording);
        await one.StopAsync();
        await PassAsync(0.5, two);
        Assert.True(two.Recording);
    }

    [Fact]
    public async Task Without_postgres_there_is_a_page_and_what_was_seen_is_written_when_it_comes()
    {
        await using var server = await TestPostgres.StartAsync();
        await using var own = await HistoryDatabase.CreateAsync(server, BoardTests.Start);
        await using var replica = await LoopReplica.StartAsync(own.Source, time);
        await UntilAsync(replica, "operational");
        await PassAsync(1.5, replica);
        await server.KillAsync();
        health = Counts(routersOnline: 0);
        await UntilAsync(replica, "partial_outage");
        await PassAsync(3, replica);
        health = Counts(routersOnline: 3);
        await UntilAsync(replica, "operational");
        await server.RestartAsync();
        own.ForgetConnections();
        await own.SetClockAsync(time.GetUtcNow().AddSeconds(3)); // the lease has expired
        for (var i = 0; i < 20 && await OutageAsync() < 3; i++)
        {
            await PassAsync(1, replica);
        }

        Assert.InRange(await OutageAsync(), 3, 10);

        async Task<int> OutageAsync()
        {
            await using var command = own.Source.CreateCommand(
                "select coalesce(sum(extract(epoch from ends_at - starts_at)), 0)::int from intervals join components on id = component where key = 'inference_routing' and state = 4");
            return (int)(await command.ExecuteScalarAsync())!;
        }
    }

    [Fact]
    public async Task An_outage_that_outlives_a_restart_keeps_its_beginning()
    {
        await using var one = await ReplicaAsync();
        await UntilAsync(one, "operational");
        await PassAsync(1.5, one);
        health = Counts(routersOnline: 0);
        var since = Since(await UntilAsync(one, "partial_outage"));
        Assert.NotNull(since);
        await PassAsync(3, one); // the stamp is written
        await one.StopAsync();

        await using var two = await ReplicaAsync();
        await UntilAsync(two, page => PageStream.Overall(page) == "partial_outage" && Since(page) == since);
        await two.StopAsync();

        // And what was shown stays shown, though nothing is known.
        health = new() { Store = StoreState.Young };
        await using var three = await ReplicaAsync();
        var unknown = await UntilAsync(three, page => PageStream.Json(page).GetProperty("indicators").GetArrayLength() == 4);
        Assert.Equal("unknown", PageStream.Json(unknown).GetProperty("indicators")[2].GetProperty("status").GetString());

        static string? Since(PageSnapshot page) => PageStream.Json(page).GetProperty("indicators")[1].GetProperty("since").GetString();
    }

    [Fact]
    public async Task A_service_that_starts_while_windows_are_unavailable_shows_those_that_were_known_last()
    {
        await using var one = await ReplicaAsync();
        windows = BoardTests.Feed(Now(BoardTests.PlatformWindow(0, 1)));
        await UntilAsync(one, "maintenance");
        await PassAsync(2, one); // and are written
        await one.StopAsync();

        silent = true;
        await using var two = await ReplicaAsync();
        var page = await UntilAsync(two, page => Html(page).Contains("Upgrade", StringComparison.Ordinal) && Html(page).Contains("unavailable", StringComparison.OrdinalIgnoreCase));
        Assert.Equal("maintenance", PageStream.Overall(page));
        Assert.DoesNotContain("proj_", await StoredWindowsAsync(), StringComparison.Ordinal);
        await two.StopAsync();

        // What comes counts, though it says that there are none.
        silent = false;
        windows = new();
        await using var three = await ReplicaAsync();
        await UntilAsync(three, "operational");
        await PassAsync(1, three);
        Assert.DoesNotContain("Upgrade", await StoredWindowsAsync(), StringComparison.Ordinal);

        async Task<string> StoredWindowsAsync()
        {
            await using var command = database.Source.CreateCommand("select windows::text from recorder");
            return (string)(await command.ExecuteScalarAsync())!;
        }
    }

    [Fact]
    public async Task A_turn_that_waits_for_postgres_delays_no_look()
    {
        await using var replica = await ReplicaAsync();
        await UntilAsync(replica, "operational");
        await using (var connection = await database.Source.OpenConnectionAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await using var block = new Npgsql.NpgsqlCommand("lock table recorder", connection, transaction);
            await block.ExecuteNonQueryAsync();
            health = Counts(routersOnline: 0);
            for (var i = 0; i < 6; i++)
            {
                time.Advance(Step);
                Hear(replica);
                await replica.RoundAsync(awaitTurn: false);
            }

            Assert.True(replica.IsTurning);
            Assert.Equal("partial_outage", PageStream.Overall(replica.Page!));
            Assert.True(replica.Published.IsLoopAlive);
        }

        await PassAsync(1, replica);
        Assert.True(replica.Recording);
    }

    [Theory]
    [InlineData(24 * 400, 2.5)]
    [InlineData(1, 10)]
    [InlineData(-1, 10)]
    public async Task A_clock_that_leaps_leaves_history_and_page_as_they_were(int hours, double seconds)
    {
        await using (var past = database.Source.CreateCommand(
            "insert into days select day, component, 86400, 0, 0, 0 from generate_series(date '2026-08-07', date '2026-11-02', interval '1 day') as day, generate_series(0, 3) as component"))
        {
            Assert.Equal(352, await past.ExecuteNonQueryAsync());
        }

        var clock = new LeapingTime(time);
        await using var replica = await LoopReplica.StartAsync(database.Source, clock);
        await UntilAsync(replica, "operational");
        await PassAsync(3, replica);
        var page = replica.Page;

        clock.Ahead = TimeSpan.FromHours(hours);
        await PassAsync(seconds, replica);
        Assert.Same(page, replica.Page);
        Assert.False(replica.Published.IsLoopAlive); // the Gateways say that it is the last known state
        Assert.False(replica.SaysThatItRecords);
        await IsWholeAsync();

        clock.Ahead = default;
        await PassAsync(3, replica);
        Assert.True(replica.Published.IsLoopAlive);
        Assert.True(replica.SaysThatItRecords);
        await PassAsync(45, replica);
        Assert.Equal(new(2026, 11, 3, 14, 3, 0, TimeSpan.Zero), GeneratedAt(replica.Page!)); // the next full minute
        await IsWholeAsync();
        await replica.StopAsync();

        await using var later = await ReplicaAsync();
        await UntilAsync(later, "operational");
        await PassAsync(2, later);
        Assert.InRange(GeneratedAt(later.Page!), BoardTests.Start, time.GetUtcNow());
        await IsWholeAsync(restarts: 1);

        async Task IsWholeAsync(int restarts = 0)
        {
            // What passed while the clock was off is in the history too: what was heard then came at instants that are known.
            await using var command = database.Source.CreateCommand(
                """
                select (select count(*) from days), count(*), min(starts_at), extract(epoch from max(recorded_until) - clock_timestamp())::float8
                from intervals join components on id = component, recorder where key = 'dashboard'
                """);
            await using var reader = await command.ExecuteReaderAsync();
            await reader.ReadAsync();
            Assert.Equal(352, reader.GetInt64(0));
            Assert.InRange(reader.GetInt64(1), 1, 1 + restarts);
            Assert.InRange(reader.GetDateTime(2), BoardTests.Start.UtcDateTime, BoardTests.Start.UtcDateTime.AddSeconds(2));
            Assert.InRange(reader.GetDouble(3), -seconds - 2, 2);
        }
    }

    [Fact]
    public async Task While_the_clock_is_off_no_message_says_that_the_page_is_live()
    {
        var clock = new LeapingTime(time);
        await using var replica = await LoopReplica.StartAsync(database.Source, clock);
        await UntilAsync(replica, "operational");
        var stream = new ResponseStream();
        using var ended = new CancellationTokenSource();
        var watching = new StatusPagesService(replica.Published, clock, new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance))
            .WatchPage(new(), stream, new CallContext(ended.Token));
        await PassAsync(1, replica);

        clock.Ahead = TimeSpan.FromHours(1);
        await PassAsync(Published.LivenessTimeout.TotalSeconds + 0.5, replica); // so long the loop still counts as alive
        var sent = stream.Received.Count;
        Assert.NotEqual(0, sent);
        await PassAsync(10, replica);
        Assert.Equal(sent, stream.Received.Count);

        clock.Ahead = default;
        await PassAsync(3, replica);
        await Eventually.TrueAsync(() => stream.Received.Count > sent);
        await ended.CancelAsync();
        await watching.ContinueWith(_ => { }, TaskScheduler.Default);
    }

    [Fact]
    public async Task What_an_earlier_service_with_a_wrong_clock_left_in_the_database_is_not_shown()
    {
        await using var one = await ReplicaAsync();
        await UntilAsync(one, "operational");
        await PassAsync(3, one);
        await one.StopAsync();
        await using (var poison = database.Source.CreateCommand(
            """
            update recorder set recorded_until = '2027-12-08 14:02Z', windows_heard_at = '2027-12-08 14:02Z', expires_at = '2027-12-08 14:02Z',
                stamp = jsonb_set(stamp, '{changed_at}', to_jsonb(extract(epoch from timestamptz '2027-12-08 14:02Z')::bigint))
            """))
        {
            Assert.Equal(1, await poison.ExecuteNonQueryAsync());
        }

        await using var two = await ReplicaAsync();
        await UntilAsync(two, "operational");
        await PassAsync(3, two);
        Assert.InRange(GeneratedAt(two.Page!), BoardTests.Start, time.GetUtcNow());
        await using var recorder = database.Source.CreateCommand("select recorded_until, to_timestamp((stamp ->> 'changed_at')::bigint) from recorder");
        await using var reader = await recorder.ExecuteReaderAsync();
        await reader.ReadAsync();
        Assert.InRange(reader.GetDateTime(0), time.GetUtcNow().UtcDateTime.AddSeconds(-2), time.GetUtcNow().UtcDateTime);
        Assert.InRange(reader.GetDateTime(1), BoardTests.Start.UtcDateTime, time.GetUtcNow().UtcDateTime);
    }

    private static DateTimeOffset GeneratedAt(PageSnapshot page) => PageStream.Json(page).GetProperty("generated_at").GetDateTimeOffset();

    private static string Html(PageSnapshot page) => page.Html.Identity.ToStringUtf8();

    private static WatchPlatformHealthResponse Counts(int routersOnline) =>
        new() { Store = StoreState.Ready, RoutersTotal = 3, RoutersOnline = routersOnline, SharedAgentsTotal = 8 };

    private Task<LoopReplica> ReplicaAsync() => LoopReplica.StartAsync(database.Source, time);

    private Window Now(Window window) => window.With(w => w with { StartsAt = time.GetUtcNow().AddMinutes(-1), EndsAt = time.GetUtcNow().AddMinutes(10) });

    private void Hear(LoopReplica replica)
    {
        if (!silent)
        {
            replica.Hear(health);
            replica.Hear(windows);
        }
    }

    /// <summary>Lets time pass; the replicas hear their neighbours and look some milliseconds apart.</summary>
    private async Task PassAsync(double seconds, params LoopReplica[] replicas)
    {
        for (var end = time.GetUtcNow().AddSeconds(seconds); time.GetUtcNow() < end;)
        {
            time.Advance(Step - TimeSpan.FromMilliseconds(30 * replicas.Length));
            await database.SetClockAsync(time.GetUtcNow());
            foreach (var replica in replicas)
            {
                time.Advance(TimeSpan.FromMilliseconds(30));
                Hear(replica);
                await replica.RoundAsync();
            }
        }
    }

    private Task<PageSnapshot> UntilAsync(LoopReplica replica, string overall, params LoopReplica[] others) =>
        UntilAsync(replica, page => PageStream.Overall(page) == overall, others);

    private async Task<PageSnapshot> UntilAsync(LoopReplica replica, Func<PageSnapshot, bool> wanted, params LoopReplica[] others)
    {
        for (var deadline = time.GetUtcNow().AddSeconds(20); ;)
        {
            if (replica.Page is { } page && wanted(page))
            {
                return page;
            }

            Assert.True(time.GetUtcNow() < deadline, $"The page did not become as wanted; it is: {(replica.Page is { } last ? PageStream.Json(last).ToString()[..300] : "none")}");
            await PassAsync(Step.TotalSeconds, [.. others, replica]);
        }
    }

    private async Task SameAsync(LoopReplica one, LoopReplica two, Func<bool>? also = null)
    {
        for (var deadline = time.GetUtcNow().AddSeconds(15); ;)
        {
            if (one.Page is { } a && two.Page is { } b && a.Equals(b) && also?.Invoke() != false)
            {
                return;
            }

            Assert.True(time.GetUtcNow() < deadline, $"The pages stay different:\n{Start(one)}\n{Start(two)}");
            await PassAsync(Step.TotalSeconds, one, two);
        }

        static string Start(LoopReplica replica) => replica.Page?.Json.Identity.ToStringUtf8()[..500] ?? "none";
    }

    private sealed class ResponseStream : IServerStreamWriter<WatchPageResponse>
    {
        public ConcurrentQueue<WatchPageResponse> Received { get; } = new();

        public WriteOptions? WriteOptions { get; set; }

        public Task WriteAsync(WatchPageResponse message)
        {
            Received.Enqueue(message);
            return Task.CompletedTask;
        }

        public Task WriteAsync(WatchPageResponse message, CancellationToken cancellationToken) => WriteAsync(message);
    }

    /// <summary>The call of a client that can end it.</summary>
    private sealed class CallContext(CancellationToken cancellation) : ServerCallContext
    {
        protected override CancellationToken CancellationTokenCore => cancellation;

        protected override string MethodCore => throw new NotSupportedException();

        protected override string HostCore => throw new NotSupportedException();

        protected override string PeerCore => throw new NotSupportedException();

        protected override DateTime DeadlineCore => throw new NotSupportedException();

        protected override Metadata RequestHeadersCore => throw new NotSupportedException();

        protected override Metadata ResponseTrailersCore => throw new NotSupportedException();

        protected override Status StatusCore { get; set; }

        protected override WriteOptions? WriteOptionsCore { get; set; }

        protected override AuthContext AuthContextCore => throw new NotSupportedException();

        protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) => throw new NotSupportedException();

        protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders) => throw new NotSupportedException();
    }
}
