using Grpc.Core;
using Grpc.Net.Client;
using Xerotier.Fleet.V1;
using Xerotier.Statuses.V1;
using Xerotier.StatusService.History;
using Xerotier.StatusService.Model;
using Xerotier.TestKit;
using static Xerotier.StatusService.Model.ComponentStatus;

namespace Xerotier.StatusService.Tests;

/// <summary>The log of what components were shown as: in SQL with a clock of the test's, and as another service reads it.</summary>
public sealed class StatusChangeLogTests(PostgresFixture postgres)
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 3, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task A_change_is_logged_once_with_the_recorders_instant_whoever_records()
    {
        await using var database = await HistoryDatabase.CreateAsync(postgres.Server, Noon);
        var log = new StatusChangeLog(database.Source);
        var (start, none) = await log.CurrentAsync(default);
        Assert.Empty(none);

        var one = new Writer(database);
        await one.WriteAsync(0, ("model_storage", Operational, null), ("dashboard", Operational, null));
        await one.WriteAsync(5, ("model_storage", Outage, 4), ("dashboard", Operational, null));
        await one.WriteAsync(6, ("model_storage", Outage, 4), ("dashboard", Operational, null));
        await database.SetClockAsync(Noon.AddSeconds(600)); // nobody recorded for ten minutes, and who comes then has seen no change
        var two = new Writer(database);
        await two.WriteAsync(600, ("model_storage", Operational, null), ("dashboard", Operational, null));
        Assert.Null(await one.TryWriteAsync(601, ("model_storage", Outage, 601))); // it has lost the lease

        var (mark, changes) = (await log.AfterAsync(start, default))!.Value;
        Assert.Equal(
            [("dashboard", 0, null, "operational"), ("model_storage", 0, null, "operational"), ("model_storage", 4, "operational", "outage"), ("model_storage", 600, "outage", "operational")],
            changes.Select(c => (c.ComponentKey, (c.At - Noon).TotalSeconds, c.Before, c.After)));
        Assert.Equal(changes.Select(c => c.Number).Order(), changes.Select(c => c.Number));
        Assert.Empty((await log.AfterAsync(mark, default))!.Value.Changes);
        Assert.Equal([changes[0], changes[3]], (await log.CurrentAsync(default)).Statuses);
        Assert.Equal(mark, (await log.CurrentAsync(default)).Mark);
    }

    [Fact]
    public async Task A_mark_whose_changes_are_no_longer_kept_or_that_is_of_another_database_leads_nowhere()
    {
        await using var database = await HistoryDatabase.CreateAsync(postgres.Server, Noon);
        var log = new StatusChangeLog(database.Source);
        var (start, _) = await log.CurrentAsync(default);
        var writer = new Writer(database);
        await writer.WriteAsync(0, ("model_storage", Operational, null), ("dashboard", Operational, null));
        await writer.WriteAsync(1, ("model_storage", Outage, 1), ("dashboard", Operational, null));
        var read = (await log.AfterAsync(start, default))!.Value.Mark;
        await writer.WriteAsync(2, ("model_storage", Operational, 2), ("dashboard", Operational, null));

        await database.SetClockAsync(Noon.AddSeconds(2) + StatusChangeLog.Kept);
        await database.Store().PurgeAsync(90, default);
        Assert.Null(await log.AfterAsync(start, default));
        Assert.Equal("operational", Assert.Single((await log.AfterAsync(read, default))!.Value.Changes).After);
        Assert.Equal(["dashboard", "model_storage"], (await log.CurrentAsync(default)).Statuses.Select(c => c.ComponentKey)); // the last one of each stays

        // A failover changes the timeline alone; a mark goes on where the last change that it has seen is still there.
        var timeline = string.Join('.', read.Database.Split('.').Select((part, place) => place == 1 ? part + "7" : part));
        var (next, unseen) = (await log.AfterAsync(read with { Database = timeline }, default))!.Value;
        Assert.Equal((read.Database, "operational"), (next.Database, Assert.Single(unseen).After));
        await using (var lose = database.Source.CreateCommand($"""
            delete from status_changes where number = {next.Number};
            insert into status_changes (component, at, before, after) values ('dashboard', '2026-11-03T12:00:09Z', 'operational', 'degraded')
            """))
        {
            await lose.ExecuteNonQueryAsync();
        }

        Assert.Null(await log.AfterAsync(next with { Database = timeline }, default));
        Assert.Equal("degraded", Assert.Single((await log.AfterAsync(next, default))!.Value.Changes).After);

        Assert.Null(await log.AfterAsync(read with { Database = "another" }, default));
        Assert.Null(await log.AfterAsync(read with { Number = read.Number + 5 }, default));
        Assert.Equal(read, StatusMark.Parse(read.ToString()));
        Assert.All(["", ";", "1", ";1", "a;b", "a;-1", "a;1;2"], text => Assert.Null(StatusMark.Parse(text)));
    }

    [Fact]
    public async Task Another_service_reads_the_statuses_and_then_each_change()
    {
        await using var neighbours = await Neighbours.StartAsync();
        await using var service = neighbours.StatusService(await postgres.Server.CreateDatabaseAsync<Program>());
        await using var pages = new PageStream(service);
        await pages.UntilAsync("operational");
        using var channel = GrpcChannel.ForAddress(service.GrpcAddress);
        var client = new StatusChanges.StatusChangesClient(channel);
        var headers = new Metadata { { "authorization", $"Bearer {TestTokens.ForService()}" } };
        GetStatusesResponse known = new();
        await Eventually.TrueAsync(async () => (known = await client.GetStatusesAsync(new(), headers)).Statuses.Count == 4);
        Assert.All(known.Statuses, status => Assert.Equal(("", "operational"), (status.Before, status.After)));

        using var call = client.WatchChanges(new() { Mark = known.Mark }, headers);
        neighbours.Say(new WatchPlatformHealthResponse { Store = StoreState.Ready, RoutersTotal = 3, RoutersOnline = 0, SharedAgentsTotal = 10 });
        var changes = new List<Xerotier.Statuses.V1.StatusChange>();
        var mark = "";
        while (changes.Count == 0 && await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken))
        {
            changes.AddRange(call.ResponseStream.Current.Changes);
            mark = call.ResponseStream.Current.Mark;
        }

        Assert.Equal(("cmp_inference_routing", "operational", "outage"), changes.Select(c => (c.ComponentId, c.Before, c.After)).Single());
        Assert.Equal((await client.GetStatusesAsync(new(), headers)).Mark, mark);

        Assert.Equal(StatusCode.InvalidArgument, await EndOfAsync("no mark", headers));
        Assert.Equal(StatusCode.OutOfRange, await EndOfAsync("another;1", headers));
        Assert.Equal(StatusCode.PermissionDenied, await EndOfAsync(mark, new Metadata { { "authorization", $"Bearer {TestTokens.ForCaller("proj_ABC123", true, "management")}" } }));

        async Task<StatusCode> EndOfAsync(string from, Metadata with)
        {
            using var ended = client.WatchChanges(new() { Mark = from }, with);
            return (await Assert.ThrowsAsync<RpcException>(() => ended.ResponseStream.MoveNext(TestContext.Current.CancellationToken))).StatusCode;
        }
    }

    /// <summary>A recorder that writes nothing but what components are shown as.</summary>
    private sealed class Writer(HistoryDatabase database)
    {
        private readonly HistoryStore store = database.Store();
        private RecorderRow? row;

        public async Task WriteAsync(int second, params (string Component, ComponentStatus Status, int? At)[] shown) => Assert.NotNull(await TryWriteAsync(second, shown));

        /// <summary>Takes the lease at first, and extends the record to <paramref name="second"/>.</summary>
        public async Task<RecorderRow?> TryWriteAsync(int second, params (string Component, ComponentStatus Status, int? At)[] shown)
        {
            row ??= await store.TryTakeAsync(Guid.NewGuid(), default);
            await database.SetClockAsync(Noon.AddSeconds(second));
            var written = await store.WriteAsync(row.Generation, row.Revision, new(row.RecordedUntil, Noon.ToUnixTimeSeconds() + second, [], [], $$"""{"at":{{second}}}""")
            {
                Shown = shown.ToDictionary(s => s.Component, s => new StateSince(s.Status, s.At is { } at ? Noon.ToUnixTimeSeconds() + at : null)),
            }, default);
            row = written ?? row;
            return written;
        }
    }
}
