using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Xerotier.MaintenanceService.Changes;
using Xerotier.MaintenanceService.Clock;
using Xerotier.ServiceDefaults;
using Xerotier.TestKit;

namespace Xerotier.MaintenanceService.Tests;

/// <summary>PostgreSQL gone, stopped, late or read-only: clear answers, no half writes, and recovery without help.</summary>
public sealed class OutageTests : IAsyncLifetime
{
    private TestPostgres postgres = null!;
    private string connectionString = "";
    private InProcessService<Program> service = null!;
    private Project project = null!;

    public async ValueTask InitializeAsync()
    {
        postgres = await TestPostgres.StartAsync();
        connectionString = await postgres.CreateDatabaseAsync<Program>();
        service = await ManagementApi.StartServiceAsync(connectionString);
        project = Project.Of(service);
    }

    public async ValueTask DisposeAsync()
    {
        project.Dispose();
        await service.DisposeAsync();
        await postgres.DisposeAsync();
    }

    [Fact]
    public async Task A_database_that_is_gone_is_503_until_it_is_back_and_nothing_is_written_twice()
    {
        var before = (await project.CreateAsync(idempotencyKey: "before")).Is(HttpStatusCode.Created);
        await using var stream = await FeedStream.OpenAsync(service);
        await postgres.KillAsync();
        var watch = Stopwatch.StartNew();
        (await project.GetAsync()).Is(503, "service_unavailable");
        (await project.GetAsync($"/{before.Id}")).Is(503, "service_unavailable");
        (await project.CreateAsync(idempotencyKey: "during")).Is(503, "service_unavailable");
        (await project.PatchAsync(before.Id, new JsonObject { ["title"] = "x" })).Is(503, "service_unavailable");
        (await project.CancelAsync(before.Id)).Is(503, "service_unavailable");
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(30));
        using (var http = service.Http())
        {
            Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/healthz")).StatusCode);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await http.GetAsync("/readyz")).StatusCode);
        }

        await EndsAsync(stream);
        await postgres.RestartAsync();
        await Eventually.TrueAsync(async () => (await project.GetAsync()).Status == HttpStatusCode.OK);
        Assert.Equal(before.Text, (await project.CreateAsync(idempotencyKey: "before")).Is(HttpStatusCode.Created).Text);
        var during = (await project.CreateAsync(idempotencyKey: "during")).Is(HttpStatusCode.Created);
        Assert.Equal([during.Id, before.Id], (await project.GetAsync()).Ids.OrderBy(id => id == before.Id));
        await SeesChangesAsync();
    }

    [Fact]
    public async Task A_database_that_hangs_is_answered_in_time_and_the_feed_shows_no_life()
    {
        var window = await project.CreateAsync();
        await using var stream = await FeedStream.OpenAsync(service);
        postgres.Signal(19);
        await Task.Delay(TimeSpan.FromMilliseconds(300)); // what was on its way has come
        var hung = Stopwatch.StartNew();
        var replies = await Task.WhenAll(Enumerable.Range(0, 60).Select(i => i % 2 == 0 ? project.GetAsync($"/{window.Id}") : project.CreateAsync(idempotencyKey: $"hung-{i}")));
        Assert.All(replies, reply => Assert.True((int)reply.Status is 503 or 504, reply.Text));
        Assert.All(replies, reply => Assert.True(reply.Code is "service_unavailable" or "upstream_timeout", reply.Text));
        Assert.InRange(hung.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(30));
        await EndsAsync(stream);

        postgres.Signal(18);
        await Eventually.TrueAsync(async () => (await project.GetAsync()).Status == HttpStatusCode.OK);
        var retried = await Task.WhenAll(Enumerable.Range(0, 60).Where(i => i % 2 == 1).Select(async i =>
        {
            Reply reply;
            do
            {
                reply = await project.CreateAsync(idempotencyKey: $"hung-{i}");
            }
            while (reply.Status != HttpStatusCode.Created);
            return reply.Id;
        }));
        var listed = (await project.GetAsync("?limit=100")).Ids.Where(id => id != window.Id);
        Assert.Equal(retried.Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
        await SeesChangesAsync();
    }

    [Fact]
    public async Task A_service_that_starts_before_its_database_works_when_that_comes()
    {
        await postgres.KillAsync();
        await using var early = new InProcessService<Program>(ManagementApi.Settings(connectionString));
        using var client = Project.Of(early);
        (await client.GetAsync()).Is(503, "service_unavailable");
        await postgres.RestartAsync();
        await Eventually.TrueAsync(async () => (await client.CreateAsync()).Status == HttpStatusCode.Created);
    }

    [Fact]
    public async Task A_database_whose_name_is_not_known_is_503_and_ends_no_background_work()
    {
        var unknown = new Npgsql.NpgsqlConnectionStringBuilder(connectionString) { Host = "does-not-exist.invalid" };
        await using var lost = new InProcessService<Program>(ManagementApi.Settings(unknown.ConnectionString));
        using var client = Project.Of(lost);
        (await client.GetAsync()).Is(503, "service_unavailable");

        // The same with a schema that was there: each loop asks, and goes on asking.
        await using var source = Npgsql.NpgsqlDataSource.Create(unknown);
        using var clock = new TransitionClock(
            new ClockStore(source),
            service.Services.GetRequiredService<ChangeNotifier>(),
            service.Services.GetRequiredService<Migrations>(),
            service.Services.GetRequiredService<DatabaseClock>(),
            TimeProvider.System,
            NullLogger<TransitionClock>.Instance);
        await clock.StartAsync(CancellationToken.None);
        await Task.Delay(1000);
        Assert.False(clock.ExecuteTask!.IsCompleted, clock.ExecuteTask.Exception?.ToString());
        await clock.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task A_database_that_only_reads_is_503_for_writes()
    {
        var id = await project.CreatedAsync();
        await using var connection = new Npgsql.NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "alter system set default_transaction_read_only = on";
        await command.ExecuteNonQueryAsync();
        command.CommandText = "select pg_reload_conf()";
        await command.ExecuteNonQueryAsync();
        await Eventually.TrueAsync(async () => (await project.CreateAsync()).Status == HttpStatusCode.ServiceUnavailable);
        (await project.CompleteAsync(id)).Is(503, "service_unavailable");
        Assert.Equal("scheduled", (await project.GetAsync($"/{id}")).Is(HttpStatusCode.OK)["status"]);
    }

    [Fact]
    public async Task A_write_that_waits_too_long_for_another_is_a_timeout_and_writes_nothing()
    {
        var id = await project.CreatedAsync();
        await using var connection = new Npgsql.NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "select 1 from windows for update";
        await command.ExecuteNonQueryAsync();
        (await project.CompleteAsync(id, "late")).Is(504, "upstream_timeout");
        await transaction.RollbackAsync();
        Assert.Equal("scheduled", (await project.GetAsync($"/{id}"))["status"]);
        (await project.CompleteAsync(id, "late")).Is(HttpStatusCode.OK);
    }

    /// <summary>The stream ends as unavailable; until then it must not pretend life for longer than a reader waits.</summary>
    private static async Task EndsAsync(FeedStream stream)
    {
        var failure = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (true)
            {
                await stream.NextAsync();
            }
        });
        Assert.Equal(StatusCode.Unavailable, failure.StatusCode);
    }

    private async Task SeesChangesAsync()
    {
        FeedStream? stream = null;
        await Eventually.TrueAsync(async () =>
        {
            try
            {
                stream = await FeedStream.OpenAsync(service);
                return true;
            }
            catch (RpcException failure) when (failure.StatusCode == StatusCode.Unavailable)
            {
                return false;
            }
        });
        using var other = Project.Of(service); // of one project the feed shows some only
        var id = await other.CreatedAsync();
        await stream!.UntilAsync(feed => feed.Recent.Any(w => w.Value.Id == id));
        await stream.DisposeAsync();
    }
}
