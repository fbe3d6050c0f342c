using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using NpgsqlTypes;
using Xerotier.MaintenanceService.Clock;
using Xerotier.MaintenanceService.Series;
using Xerotier.ServiceDefaults;
using Xerotier.TestKit;

namespace Xerotier.MaintenanceService.Tests;

/// <summary>Occurrences that are made as the days pass: two replicas on one database, and one clock that the test turns; it stays behind the database's.</summary>
public sealed class SeriesClockTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Days = 30;

    private static readonly string[] Rules = ["FREQ=DAILY", "FREQ=DAILY;INTERVAL=3", "FREQ=WEEKLY;BYDAY=MO,TH", "FREQ=MONTHLY;BYMONTHDAY=1,15,-1", "FREQ=DAILY;COUNT=45"];

    private readonly DateOnly firstDay = DateOnly.FromDateTime(DateTime.UtcNow).AddDays(-Days - 5);
    private readonly FakeTimeProvider time = new(new DateTimeOffset(DateTime.UtcNow.Date.AddDays(-Days - 6).AddHours(12), TimeSpan.Zero));
    private readonly List<InProcessService<Program>> replicas = [];
    private readonly List<Project> clients = [];
    private TestPostgres postgres = null!;
    private NpgsqlDataSource database = null!;

    private DateOnly Today => DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);

    private string Path => $"/{clients[0].Id}/v1/management/maintenance-series";

    public async ValueTask InitializeAsync()
    {
        postgres = await TestPostgres.StartAsync();
        var connectionString = await postgres.CreateDatabaseAsync<Program>();
        database = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        replicas.AddRange(await Task.WhenAll(
            ManagementApi.StartServiceAsync(connectionString, time, decides: true), ManagementApi.StartServiceAsync(connectionString, time, decides: true)));
        clients.Add(Project.Of(replicas[0]));
        clients.Add(Project.Of(replicas[1], id: clients[0].Id));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var disposable in (IEnumerable<IAsyncDisposable>)[.. replicas, database, postgres])
        {
            await disposable.DisposeAsync();
        }
    }

    [Fact]
    public async Task Every_occurrence_is_made_exactly_once_whatever_is_killed_and_written_while_the_days_pass()
    {
        var series = new Dictionary<string, Recurrence>();
        foreach (var rule in Rules)
        {
            series.Add(await CreateAsync(rule), Recurrence.Parse(rule).Rule!);
        }

        using var done = new CancellationTokenSource();
        var (kills, writes, failures) = (0, 0, 0);
        var others = new[] { WriteAsync(0), WriteAsync(1), KillAsync(), BothAtOnceAsync() };
        for (var end = time.GetUtcNow().AddDays(Days); time.GetUtcNow() < end;)
        {
            time.Advance(TimeSpan.FromMinutes(Random.Shared.Next(30, 180)));
            await Task.Delay(Random.Shared.Next(10, 50));
        }

        await done.CancelAsync();
        await Task.WhenAll(others);
        await MadeAsync();

        output.WriteLine($"{kills} kills, {writes} writes, {failures} failed requests");
        Assert.True(kills > 5 && writes > 20 && failures > 0, $"{kills} kills, {writes} writes, {failures} failed requests");
        var made = await ReadAsync("""
            select after ->> 'series_id', (after ->> 'occurrence')::date from window_events where action = 'created' order by 1, 2
            """, row => (row.GetString(0), row.GetFieldValue<DateOnly>(1)));
        var expected = from each in series from date in each.Value.Dates(firstDay, firstDay, Today.AddDays(30)) orderby each.Key, date select (each.Key, date);
        Assert.Equal(expected.Order(), made.Order());
        Assert.Equal(made.Count, await CountAsync("select (select count(*) from windows) + (select count(*) from window_events where action = 'purged')"));

        // Whatever came first, those to come are what their series says.
        Assert.Equal(0, await CountAsync("""
            select count(*) from windows w join series s on s.id = w.series_id
            where w.status = 'scheduled' and not detached and starts_at > (document ->> 'updated_at')::timestamptz and w.title <> document ->> 'title'
            """));

        async Task WriteAsync(int client)
        {
            var project = clients[client];
            for (var i = 0; !done.IsCancellationRequested; i++)
            {
                var id = series.Keys.ElementAt(Random.Shared.Next(series.Count));
                Sent(await project.SendAsync(HttpMethod.Patch, $"{Path}/{id}", new JsonObject { ["title"] = $"Title {client}-{i}" }));
                var windows = await project.GetAsync($"?limit=50&status=scheduled");
                if (Sent(windows) && windows.Data.Count > 0) // all may have begun, or have been cancelled
                {
                    Sent(await project.PatchAsync(Any(windows), new JsonObject { ["description"] = $"By itself {client}-{i}" }));
                    var cancelled = Any(windows);
                    if (Sent(await project.CancelAsync(cancelled)))
                    {
                        Sent(await project.PurgeAsync(cancelled));
                    }
                }
            }
        }

        async Task KillAsync()
        {
            while (!done.IsCancellationRequested)
            {
                await Task.Delay(Random.Shared.Next(100, 500));
                if (++kills % 10 == 0)
                {
                    await postgres.KillAsync();
                    await postgres.RestartAsync();
                }
                else
                {
                    await ReadAsync("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()", row => row.FieldCount);
                }
            }
        }

        // As if the replica that has the lease were paused, over and over.
        async Task BothAtOnceAsync()
        {
            while (!done.IsCancellationRequested)
            {
                try
                {
                    await ReadAsync("update series_lease set expires_at = '-infinity' returning 1", row => row.FieldCount);
                }
                catch (NpgsqlException)
                {
                    // killed
                }

                await Task.Delay(5);
            }
        }

        bool Sent(Reply reply)
        {
            var acknowledged = (int)reply.Status is 200 or 201;
            Assert.True(acknowledged || (int)reply.Status is 404 or 409 or 503 or 504, $"{reply.Status}: {reply.Text}");
            Interlocked.Increment(ref acknowledged ? ref writes : ref failures);
            return acknowledged;
        }

        static string Any(Reply page) => page.Data[Random.Shared.Next(page.Data.Count)]!["id"]!.GetValue<string>();
    }

    [Fact]
    public async Task A_series_that_cannot_be_made_does_not_keep_the_others_from_it()
    {
        var (broken, sound) = (await CreateAsync("FREQ=DAILY"), await CreateAsync("FREQ=DAILY"));
        await ReadAsync($"""update series set document = jsonb_set(document, '[timezone]', '"Europe/Nowhere"') where id = '{broken}' returning 1""".Replace('[', '{').Replace(']', '}'), row => row.FieldCount);
        time.Advance(TimeSpan.FromDays(1));
        await MadeAsync(broken);
        Assert.Equal(
            [(broken, 30), (sound, 31)],
            (await ReadAsync("select series_id, count(*) from series_occurrences group by 1", row => (row.GetString(0), row.GetInt64(1)))).OrderBy(of => of.Item2));
    }

    [Fact]
    public async Task A_lease_of_before_the_databases_clock_was_set_back_keeps_nobody_from_it()
    {
        await CreateAsync("FREQ=DAILY");
        await ReadAsync("update series_lease set holder = 'one that is gone', expires_at = clock_timestamp() + interval '1 hour' returning 1", row => row.FieldCount);
        time.Advance(TimeSpan.FromDays(1));
        await MadeAsync();
    }

    [Fact]
    public async Task A_service_that_is_killed_amid_its_work_leaves_no_occurrence_out_and_makes_none_twice()
    {
        const int Series = 200;
        var connectionString = await postgres.CreateDatabaseAsync<Program>();
        await using var own = NpgsqlDataSource.Create(connectionString);
        await using (var insert = own.CreateCommand("insert into series (project_id, id, created_at, made_through, document) select d ->> 'project_id', d ->> 'id', now(), current_date, d from unnest(@documents) d"))
        {
            insert.Parameters.Add(new("documents", NpgsqlDbType.Array | NpgsqlDbType.Jsonb) { Value = Enumerable.Range(0, Series).Select(DocumentOf).ToArray() });
            await insert.ExecuteNonQueryAsync();
        }

        string[] settings = ["ConnectionStrings__maintenancedb", "services__gateway__internal__0", "services__statusservice__grpc__0"];
        var (kills, left) = (0, (long)Series);
        while (left > 0)
        {
            await ReadAsync(own, "update series_lease set expires_at = '-infinity' returning 1", row => row.FieldCount); // the killed one's lease would run for 15 s
            await using var process = new ServiceProcess("MaintenanceService", settings.Zip([connectionString, "http://127.0.0.1:9", "http://127.0.0.1:9"], KeyValuePair.Create));
            var enough = kills < 3 ? left - Random.Shared.Next(10, 50) : 0;
            await Eventually.TrueAsync(async () => (left = await CountAsync(own, "select count(*) from series where made_through = current_date")) <= enough, seconds: 60);
            await process.KillAsync();
            kills++;
        }

        Assert.Equal(4, kills);
        Assert.Equal(
            (Series * 30, Series * 30, Series * 30),
            (await ReadAsync(own, """
                select (select count(*) from windows), (select count(distinct (series_id, occurrence)) from windows), (select count(*) from window_events where action = 'created' and actor = 'system')
                """, row => (row.GetInt64(0), row.GetInt64(1), row.GetInt64(2))))[0]);

        static string DocumentOf(int n)
        {
            var now = DateTimeOffset.UtcNow;
            var fields = new MaintenanceSeriesUpdate
            {
                Title = "Maintenance",
                Description = "",
                Timezone = "UTC",
                StartsOn = DateOnly.FromDateTime(now.UtcDateTime).AddDays(1),
                LocalTime = "12:00",
                Duration = "PT1H",
                Rrule = "FREQ=DAILY",
                HorizonDays = 30,
            };
            return SeriesRules.Create(fields, new Caller("key_1", "ops", $"proj_{n / SeriesRules.Most}", false, []), now).Value.ToDocument();
        }
    }

    private async Task<string> CreateAsync(string rule) => (await clients[0].SendAsync(HttpMethod.Post, Path, new JsonObject
    {
        ["title"] = "Maintenance",
        ["description"] = "",
        ["timezone"] = "Europe/Berlin",
        ["starts_on"] = firstDay.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        ["local_time"] = "02:30",
        ["duration"] = "PT1H",
        ["rrule"] = rule,
        ["horizon_days"] = 30,
    })).Is(HttpStatusCode.Created).Id;

    /// <summary>Until all series but one are made up to their horizon.</summary>
    private Task MadeAsync(string except = "") => Eventually.TrueAsync(async () =>
    {
        time.Advance(SeriesClock.Interval);
        return await CountAsync($"select count(*) from series where made_through < date '{Today.AddDays(30):yyyy-MM-dd}' and id <> '{except}'") == 0;
    });

    private Task<long> CountAsync(string sql) => CountAsync(database, sql);

    private Task<List<T>> ReadAsync<T>(string sql, Func<NpgsqlDataReader, T> read) => ReadAsync(database, sql, read);

    private static async Task<long> CountAsync(NpgsqlDataSource database, string sql) => (await ReadAsync(database, sql, row => row.GetInt64(0)))[0];

    private static async Task<List<T>> ReadAsync<T>(NpgsqlDataSource database, string sql, Func<NpgsqlDataReader, T> read)
    {
        await using var command = database.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<T>();
        while (await reader.ReadAsync())
        {
            rows.Add(read(reader));
        }

        return rows;
    }
}
