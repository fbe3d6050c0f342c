extern alias statusservice;

using System.Globalization;
using System.Text.Json.Nodes;
using Grpc.Core;
using Grpc.Net.Client;
using Npgsql;
using statusservice::Xerotier.StatusService.Notices;
using Xerotier.Maintenance.V1;
using Xerotier.MaintenanceService.Changes;
using Xerotier.MaintenanceService.Notices;
using Xerotier.ServiceDefaults;
using Xerotier.TestKit;

namespace Xerotier.MaintenanceService.Tests;

/// <summary>Readers of the change log get every change once and in order per window, whatever happens to writers, connections and readers.</summary>
public sealed class ChangeLogTests(ManagementApi api, ITestOutputHelper output) : IAsyncLifetime
{
    /// <summary>Rounds of the property: 3, or <c>XEROTIER_TEST_CHANGE_LOG_ROUNDS</c>; the first seed is random, or <c>XEROTIER_TEST_CHANGE_LOG_SEED</c>.</summary>
    private static readonly int Rounds = Setting("ROUNDS") ?? 3;

    private InProcessService<Program> first = null!;
    private InProcessService<Program> second = null!;
    private string connectionString = "";

    public async ValueTask InitializeAsync()
    {
        connectionString = await api.Postgres.CreateDatabaseAsync<Program>();
        first = await ManagementApi.StartServiceAsync(connectionString);
        second = await ManagementApi.StartServiceAsync(connectionString);
    }

    public async ValueTask DisposeAsync()
    {
        await first.DisposeAsync();
        await second.DisposeAsync();
    }

    [Fact]
    public async Task Nothing_is_missed_nothing_comes_twice_and_each_windows_changes_come_in_order()
    {
        var seed = Setting("SEED") ?? Random.Shared.Next();
        for (var round = 0; round < Rounds; round++, seed++)
        {
            output.WriteLine($"seed {seed}");
            await RoundAsync(new Random(seed));
        }
    }

    [Fact]
    public async Task A_change_that_commits_late_delays_no_other_and_is_not_missed()
    {
        using var project = Project.Of(first);
        await using var reader = await LogReader.OpenAsync(first);
        await using var late = new NpgsqlConnection(connectionString);
        await late.OpenAsync();
        await using var transaction = await late.BeginTransactionAsync();
        var lateId = await project.CreatedAsync();
        await reader.UntilAsync(seen => seen.Any(c => c.Id == lateId));
        await ExecuteAsync(late, Retitle(lateId));
        var ids = new List<string>();
        for (var i = 0; i < ChangeLog.PageSize + 10; i++)
        {
            ids.Add(await project.CreatedAsync());
        }

        await reader.UntilAsync(seen => ids.TrueForAll(id => seen.Any(c => c.Id == id)));
        Assert.DoesNotContain(reader.Seen, c => c == (lateId, 2));
        await using var restarted = await LogReader.OpenAsync(second, reader.Mark);
        await transaction.CommitAsync();
        await reader.UntilAsync(seen => seen.Contains((lateId, 2)));
        await restarted.UntilAsync(seen => seen.Contains((lateId, 2)));
        Assert.Equal([(lateId, 2L)], restarted.Seen);
    }

    [Fact]
    public async Task A_long_way_to_catch_up_comes_in_pages_that_can_be_left_anywhere()
    {
        using var project = Project.Of(first);
        string mark;
        await using (var reader = await LogReader.OpenAsync(first))
        {
            mark = reader.Mark;
        }

        await ExecuteAsync($"""
            with w as (
                insert into windows (project_id, id, title, description, severity, affected_services, starts_at, ends_at, status, version, created_by, created_at, updated_at)
                select '{project.Id}', 'mw_' || lpad(translate(n::text, '0189', 'abcd'), 26, 'a'), 'Many', '', 'info', array[]::text[], now(), now() + interval '1 hour', 'scheduled', 1, 'test', now(), now()
                from generate_series(1, 1000) n returning *)
            insert into window_events (project_id, window_id, version, occurred_at, actor, action, after) select project_id, id, 1, now(), 'test', 'created', to_jsonb(w) from w
            """);
        var seen = new List<(string, long)>();
        for (var page = 0; seen.Count < 1000; page++)
        {
            await using var reader = await LogReader.OpenAsync(page % 2 == 0 ? first : second, mark);
            await reader.UntilAsync(changes => changes.Count > 0);
            Assert.InRange(reader.Seen.Count, 1, ChangeLog.PageSize);
            seen.AddRange(reader.Seen);
            mark = reader.Mark;
            await project.CreatedAsync(); // comes later
        }

        Assert.Equal(1000, seen.Distinct().Count(c => c.Item2 == 1));
        Assert.Equal(seen.Count, seen.Distinct().Count());
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("other;0;3:3:")]
    public async Task A_mark_that_is_not_of_this_database_is_out_of_range(string mark) => await IsOutOfRangeAsync(mark);

    [Fact]
    public async Task A_mark_ahead_of_the_database_is_out_of_range()
    {
        await using var reader = await LogReader.OpenAsync(first);
        var mark = ChangeMark.Parse(reader.Mark)!;
        await IsOutOfRangeAsync((mark with { Seen = new(mark.Seen.Max + 1_000_000, []) }).ToString());
        await IsOutOfRangeAsync((mark with { Page = new(new(mark.Seen.Max + 1_000_000, []), "p", "w", 1) }).ToString());
    }

    [Fact]
    public async Task Rows_that_a_backup_brought_from_a_cluster_with_higher_numbers_are_not_taken_for_changes()
    {
        using var project = Project.Of(first);
        var old = await project.CreatedAsync();
        await ExecuteAsync("update window_events set xid = '4000000000'; update notice_events set xid = '4000000000'");
        await using var third = await ManagementApi.StartServiceAsync(connectionString);
        await using var reader = await LogReader.OpenAsync(third);
        var id = await project.CreatedAsync();
        await reader.UntilAsync(seen => seen.Any(c => c.Id == id));
        Assert.Equal([(id, 1L)], reader.Seen);
        Assert.Empty(reader.Components);
        Assert.NotEqual(old, id);
    }

    private static int? Setting(string name) =>
        Environment.GetEnvironmentVariable($"XEROTIER_TEST_CHANGE_LOG_{name}") is { } value ? int.Parse(value, CultureInfo.InvariantCulture) : null;

    private static string Retitle(string id) => $"""
        with changed as (update windows set title = 'Late', version = version + 1 where id = '{id}' returning *)
        insert into window_events (project_id, window_id, version, occurred_at, actor, action, after)
        select project_id, id, version, now(), 'late', 'updated', to_jsonb(changed) from changed
        """;

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await ExecuteAsync(connection, sql);
    }

    private async Task IsOutOfRangeAsync(string mark)
    {
        var failure = await Assert.ThrowsAsync<RpcException>(() => LogReader.OpenAsync(first, mark));
        Assert.Equal(StatusCode.OutOfRange, failure.StatusCode);
    }

    /// <summary>Writers through both replicas, transactions of several windows that commit late or never, killed connections, and readers that restart from their marks.</summary>
    private async Task RoundAsync(Random random)
    {
        using var written = new CancellationTokenSource();
        var client = Client(first);
        var start = await client.GetNoticesAsync(new() { Limit = NoticesView.Held }, FeedStream.Token);
        var readers = Enumerable.Range(0, 3).Select(i => new RestartingReader([first, second], start, random.Next())).ToList();
        var told = await FullLogReader.SnapshotAsync(first);
        var tellers = Enumerable.Range(0, 2).Select(i => new RestartingTeller([first, second], told.Mark, random.Next())).ToList();
        var reading = readers.Select(r => r.RunAsync(written.Token)).Concat(tellers.Select(t => t.RunAsync(written.Token))).ToList();
        var writers = Enumerable.Range(0, 4).Select(i => WriteAsync(i % 2 == 0 ? first : second, random.Next(), platform: i == 3))
            .Append(NoticesAsync(first, random.Next())).Append(NoticesAsync(second, random.Next()))
            .Append(TransactionsAsync(random.Next())).Append(TransactionsAsync(random.Next())).Append(KillAsync(random.Next())).ToList();
        await Task.WhenAll(writers);
        await written.CancelAsync();
        await Task.WhenAll(reading);

        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var all = source.CreateCommand("select window_id, version from window_events where not pg_visible_in_snapshot(xid, @start::pg_snapshot)").Text("start", ChangeMark.Parse(start.Mark)!.Seen.ToString());
        var expected = (await all.ReadAllAsync(row => (row.GetString(0), row.GetInt64(1)), CancellationToken.None)).Order().ToList();
        output.WriteLine($"{expected.Count} changes, {string.Join(", ", readers.Select(r => $"{r.Restarts} restarts"))}");
        var snapshot = await client.GetNoticesAsync(new() { Limit = NoticesView.Held }, FeedStream.Token);
        var fresh = new NoticesView(snapshot).Current;
        foreach (var reader in readers)
        {
            Assert.Equal(expected, reader.Seen.Order());
            Assert.All(reader.Seen.GroupBy(c => c.Id), changes => Assert.Equal(changes.Select(c => c.Version).Order(), changes.Select(c => c.Version)));
            Assert.False(reader.View.NeedsSnapshot);
            Assert.Equal(fresh, reader.View.Current);
            Assert.Equal(snapshot.Components.OrderBy(c => c.Id, StringComparer.Ordinal), reader.Components.Values);
            Assert.Equal(snapshot.Incidents.Select(i => (i.Id, i.Version)).OrderBy(i => i.Id, StringComparer.Ordinal), reader.Incidents.Values.Select(i => (i.Id, i.Version)));
            Assert.True(snapshot.Incidents.Count > start.Incidents.Count && snapshot.Components.Count > start.Components.Count);
        }

        await using var notices = source.CreateCommand("select object_id, version from notice_events where object_id like 'inc%' and not pg_visible_in_snapshot(xid, @start::pg_snapshot)")
            .Text("start", FullMark.Parse(told.Mark)!.Mark.Seen.ToString());
        var incidents = await notices.ReadAllAsync(row => (row.GetString(0), row.GetInt64(1)), CancellationToken.None);
        var open = (await FullLogReader.SnapshotAsync(second)).Windows.ToDictionary(window => window.Id);
        foreach (var teller in tellers)
        {
            Assert.Equal(expected.Concat(incidents).Order(), teller.Seen.Select(c => (c.ObjectId, c.Version)).Order());
            Assert.All(teller.Seen.GroupBy(c => c.ObjectId), changes => Assert.Equal(changes.Select(c => c.Version).Order(), changes.Select(c => c.Version)));
            var held = told.Windows.ToDictionary(window => window.Id);
            foreach (var change in teller.Seen.Where(change => change.ObjectId.StartsWith("mw_", StringComparison.Ordinal)))
            {
                held.Remove(change.ObjectId);
                if (FullLogReader.Window(change.After) is { Status: WindowStatus.Scheduled or WindowStatus.Active } window)
                {
                    held[change.ObjectId] = window;
                }
            }

            Assert.Equal(open.Keys.Order(), held.Keys.Order());
            Assert.All(open, window => Assert.Equal(window.Value.UpdatedAt, held[window.Key].UpdatedAt));
        }
    }

    private static MaintenanceFeed.MaintenanceFeedClient Client(InProcessService<Program> service) =>
        new(GrpcChannel.ForAddress(service.GrpcAddress, new GrpcChannelOptions { MaxReceiveMessageSize = null }));

    private static async Task WriteAsync(InProcessService<Program> service, int seed, bool platform)
    {
        var random = new Random(seed);
        using var project = Project.Of(service, platform);
        var ids = new List<string>();
        for (var i = 0; i < 40; i++)
        {
            if (ids.Count == 0 || random.Next(3) == 0)
            {
                // Due at once, or not before the test ends.
                var start = DateTimeOffset.UtcNow.AddMinutes(random.Next(2) == 0 ? random.Next(-100, -50) : random.Next(60, 160));
                var length = random.Next(2) == 0 ? random.Next(1, 40) : 200;
                var reply = await project.CreateAsync(Body.With(b => (b["status"], b["auto_transition"], b["starts_at"], b["ends_at"]) = (
                    random.Next(2) == 0 ? "scheduled" : "active", random.Next(3) == 0, start.ToString("O", CultureInfo.InvariantCulture), start.AddMinutes(length).ToString("O", CultureInfo.InvariantCulture))));
                if (reply.Status == System.Net.HttpStatusCode.Created)
                {
                    ids.Add(reply.Id);
                }

                continue;
            }

            var id = ids[random.Next(ids.Count)];
            _ = random.Next(5) switch // refusals, and failures of killed connections, change nothing
            {
                0 => await project.CompleteAsync(id, random.Next(2) == 0 ? $"{id}-{i}" : null),
                1 => await project.CancelAsync(id),
                2 => await project.PurgeAsync(id),
                _ => await project.PatchAsync(id, Body.With("title", $"Title {i}")),
            };
        }
    }

    /// <summary>Components and incidents, some of them drafts for a while. Those that are open at the end are resolved, so that the next round has room.</summary>
    private static async Task NoticesAsync(InProcessService<Program> service, int seed)
    {
        var random = new Random(seed);
        using var project = Project.Of(service, platform: true);
        using var platform = ComponentApiTests.Platform(service);
        var path = $"/{project.Id}/v1/management/incidents";
        var (incidents, components) = (new List<string>(), new List<string>());
        for (var i = 0; i < 40; i++)
        {
            _ = random.Next(8) switch // refusals, and failures of killed connections, change nothing
            {
                0 => Kept(components, await platform.SendAsync(HttpMethod.Post, "/v1/platform/components", new JsonObject { ["name"] = $"{seed} {i}" })),
                1 when components.Count > 0 => await platform.SendAsync(HttpMethod.Patch, $"/v1/platform/components/{Any(components)}", new JsonObject { ["position"] = i }),
                2 when components.Count > 1 => await platform.SendAsync(HttpMethod.Delete, $"/v1/platform/components/{components[0]}"),
                3 when incidents.Count > 0 => await project.SendAsync(HttpMethod.Post, $"{path}/{Any(incidents)}/publish", idempotencyKey: $"{seed} {i}"),
                4 when incidents.Count > 0 => await project.SendAsync(HttpMethod.Delete, $"{path}/{Any(incidents)}"),
                5 or 6 when incidents.Count > 0 => await project.SendAsync(HttpMethod.Post, $"{path}/{Any(incidents)}/updates", new JsonObject { ["body"] = $"Update {i}.", ["status"] = random.Next(3) == 0 ? "resolved" : null }),
                _ => Kept(incidents, await project.SendAsync(HttpMethod.Post, path, new JsonObject { ["title"] = $"Incident {i}", ["body"] = "We look.", ["draft"] = random.Next(2) == 0 })),
            };
        }

        foreach (var id in incidents)
        {
            await project.SendAsync(HttpMethod.Post, $"{path}/{id}/updates", new JsonObject { ["body"] = "Over.", ["status"] = "resolved" });
        }

        foreach (var id in components.Skip(1))
        {
            await platform.SendAsync(HttpMethod.Delete, $"/v1/platform/components/{id}");
        }

        string Any(List<string> ids) => ids[random.Next(ids.Count)];

        static Reply Kept(List<string> ids, Reply reply)
        {
            if (reply.Status == System.Net.HttpStatusCode.Created)
            {
                ids.Add(reply.Id);
            }

            return reply;
        }
    }

    /// <summary>Transactions over windows of all projects, like the clock's: their numbers are taken early, and their changes may follow those of later numbers.</summary>
    private async Task TransactionsAsync(int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 15; i++)
        {
            try
            {
                await using var connection = new NpgsqlConnection($"{connectionString};Pooling=false");
                await connection.OpenAsync();
                await using var transaction = await connection.BeginTransactionAsync();
                await ExecuteAsync(connection, "select pg_current_xact_id()");
                for (var step = random.Next(1, 4); step > 0; step--)
                {
                    await Task.Delay(random.Next(60));
                    await ExecuteAsync(connection, """
                        with due as (select * from windows where status in ('scheduled', 'active') order by random() limit 3 for update skip locked),
                        changed as (
                            update windows w set title = 'Transaction', version = w.version + 1 from due d where w.project_id = d.project_id and w.id = d.id returning w.*)
                        insert into window_events (project_id, window_id, version, occurred_at, actor, action, before, after)
                        select c.project_id, c.id, c.version, now(), 'test', 'updated', to_jsonb(d), to_jsonb(c) from changed c join due d using (project_id, id)
                        """);
                }

                await (random.Next(4) == 0 ? transaction.RollbackAsync() : transaction.CommitAsync());
            }
            catch (NpgsqlException)
            {
                // its connection was killed
            }
        }
    }

    private async Task KillAsync(int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 4; i++)
        {
            await Task.Delay(random.Next(100, 400));
            await ExecuteAsync("select pg_terminate_backend(pid) from (select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() order by random() limit 3) victims");
        }
    }

    /// <summary>Reads what is told to people over restarts, each from its last mark and on any replica.</summary>
    private sealed class RestartingTeller(IReadOnlyList<InProcessService<Program>> services, string mark, int seed)
    {
        private readonly Random random = new(seed);

        public List<Xerotier.Changes.V1.Change> Seen { get; } = [];

        /// <summary>Reads until <paramref name="written"/> and then until everything has come: three keepalives after one another.</summary>
        public async Task RunAsync(CancellationToken written)
        {
            for (var quiet = 0; quiet < 3;)
            {
                try
                {
                    using var reader = new FullLogReader(services[random.Next(services.Count)], mark);
                    for (var left = random.Next(1, 20); left > 0 && quiet < 3; left--)
                    {
                        var response = await reader.NextAsync();
                        Seen.AddRange(response.Changes);
                        mark = response.Mark;
                        quiet = response.Changes.Count > 0 || !written.IsCancellationRequested ? 0 : quiet + 1;
                    }
                }
                catch (RpcException failure) when (failure.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded)
                {
                    await Task.Delay(50, CancellationToken.None);
                }
            }
        }
    }

    /// <summary>Follows the log over restarts, each from its last mark and on any replica.</summary>
    private sealed class RestartingReader(IReadOnlyList<InProcessService<Program>> services, GetNoticesResponse start, int seed)
    {
        private readonly Random random = new(seed);

        public NoticesView View { get; } = new(start);

        public SortedDictionary<string, ComponentNotice> Components { get; } = new(start.Components.ToDictionary(c => c.Id), StringComparer.Ordinal);

        public SortedDictionary<string, IncidentNotice> Incidents { get; } = new(start.Incidents.ToDictionary(i => i.Id), StringComparer.Ordinal);

        public List<(string Id, long Version)> Seen { get; } = [];

        public int Restarts { get; private set; }

        /// <summary>Reads until <paramref name="written"/> and then until everything has come: two keepalives after one another.</summary>
        public async Task RunAsync(CancellationToken written)
        {
            for (var quiet = 0; quiet < 3;)
            {
                try
                {
                    await using var reader = await LogReader.OpenAsync(services[random.Next(services.Count)], View.Mark, Take);
                    for (var left = random.Next(1, 20); left > 0 && quiet < 3; left--)
                    {
                        var any = await reader.NextAsync() is { Changes.Count: > 0 } or { Components.Count: > 0 } or { Incidents.Count: > 0 };
                        quiet = any || !written.IsCancellationRequested ? 0 : quiet + 1;
                    }
                }
                catch (RpcException failure) when (failure.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded)
                {
                    await Task.Delay(50, CancellationToken.None);
                }

                Restarts++;
            }

            void Take(WatchChangesResponse response)
            {
                View.Apply(response);
                Seen.AddRange(response.Changes.Select(c => ((c.After ?? c.Before).Value.Id, c.Version)));
                foreach (var component in response.Components)
                {
                    Assert.True(!Components.TryGetValue(component.Id, out var held) || held.Version <= component.Version); // never older
                    Components[component.Id] = component;
                }

                foreach (var incident in response.Incidents)
                {
                    Assert.True(!Incidents.TryGetValue(incident.Id, out var held) || held.Version <= incident.Version);
                    Incidents[incident.Id] = incident;
                }
            }
        }
    }
}

/// <summary>An open stream of changes.</summary>
internal sealed class LogReader : IAsyncDisposable
{
    private readonly GrpcChannel channel;
    private readonly CancellationTokenSource deadline = new(TimeSpan.FromSeconds(60));
    private readonly AsyncServerStreamingCall<WatchChangesResponse> call;
    private readonly Action<WatchChangesResponse>? take;

    private LogReader(GrpcChannel channel, string mark, Action<WatchChangesResponse>? take)
    {
        this.channel = channel;
        this.take = take;
        Mark = mark;
        call = new MaintenanceFeed.MaintenanceFeedClient(channel).WatchChanges(new() { Mark = mark }, FeedStream.Token, cancellationToken: deadline.Token);
    }

    public string Mark { get; private set; }

    public List<(string Id, long Version)> Seen { get; } = [];

    /// <summary>The components that came, as the last response had them.</summary>
    public Dictionary<string, ComponentNotice> Components { get; } = [];

    /// <summary>The incidents that came, as the last response had them.</summary>
    public Dictionary<string, IncidentNotice> Incidents { get; } = [];

    /// <summary>Opens it at <paramref name="mark"/>, or now, and reads the first response.</summary>
    public static async Task<LogReader> OpenAsync(InProcessService<Program> service, string? mark = null, Action<WatchChangesResponse>? take = null)
    {
        var channel = GrpcChannel.ForAddress(service.GrpcAddress, new GrpcChannelOptions { MaxReceiveMessageSize = null });
        mark ??= (await new MaintenanceFeed.MaintenanceFeedClient(channel).GetNoticesAsync(new() { Limit = 1 }, FeedStream.Token)).Mark;
        var reader = new LogReader(channel, mark, take);
        await reader.NextAsync();
        return reader;
    }

    public async Task<WatchChangesResponse> NextAsync()
    {
        Assert.True(await call.ResponseStream.MoveNext(deadline.Token));
        var response = call.ResponseStream.Current;
        Mark = response.Mark;
        Seen.AddRange(response.Changes.Select(c => ((c.After ?? c.Before).Value.Id, c.Version)));
        foreach (var component in response.Components)
        {
            Components[component.Id] = component;
        }

        foreach (var incident in response.Incidents)
        {
            Incidents[incident.Id] = incident;
        }

        take?.Invoke(response);
        return response;
    }

    public async Task UntilAsync(Func<List<(string Id, long Version)>, bool> condition)
    {
        while (!condition(Seen))
        {
            await NextAsync();
        }
    }

    /// <summary>Until a component or an incident has come in the given version.</summary>
    public Task UntilAsync(string id, long version) => UntilAsync(_ =>
        (Components.TryGetValue(id, out var component) && component.Version == version) || (Incidents.TryGetValue(id, out var incident) && incident.Version == version));

    public ValueTask DisposeAsync()
    {
        call.Dispose();
        channel.Dispose();
        deadline.Dispose();
        return ValueTask.CompletedTask;
    }
}
