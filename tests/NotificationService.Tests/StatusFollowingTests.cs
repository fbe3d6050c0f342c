extern alias statusservice;

using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using NpgsqlTypes;
using Xerotier.ServiceDefaults;
using Xerotier.TestKit;

namespace Xerotier.NotificationService.Tests;

/// <summary>Changes in the real StatusService's log that become messages. The StatusService records nothing by itself here: what it has recorded is the test's.</summary>
public sealed class StatusFollowingTests(PostgresFixture postgres) : IAsyncLifetime
{
    private readonly Streams streams = new();
    private InProcessService<statusservice::Program> statuses = null!;
    private NpgsqlDataSource database = null!;
    private Notifier notifier = null!;

    public async ValueTask InitializeAsync()
    {
        var connection = await postgres.Server.CreateDatabaseAsync<statusservice::Program>();
        statuses = new(
            [
                new("ConnectionStrings:statusdb", connection),
                new("services:healthcollector:grpc:0", "http://127.0.0.1:9"),
                new("services:maintenanceservice:grpc:0", "http://127.0.0.1:9"),
            ],
            services =>
            {
                services.AddSingleton(streams);
                services.Configure<GrpcServiceOptions>(options => options.Interceptors.Add<Streams>());
                foreach (var loop in services.Where(service => service.ServiceType == typeof(IHostedService) && NotificationApi.TypeOf(service)?.Assembly == typeof(statusservice::Program).Assembly).ToList())
                {
                    services.Remove(loop);
                }
            });
        await statuses.Services.GetRequiredService<Migrations>().Done.WaitAsync(TimeSpan.FromSeconds(30));
        database = NpgsqlDataSource.Create(connection);
        notifier = await Notifier.StartAsync(postgres.Server, withMaintenance: true, new KeyValuePair<string, string?>("services:statusservice:grpc:0", statuses.GrpcAddress.ToString()));
        await FollowedAsync();
        await notifier.SubscribeAsync("sub_1", "/hook", events: "{component.status_changed}");
    }

    public async ValueTask DisposeAsync()
    {
        await notifier.DisposeAsync();
        await statuses.DisposeAsync();
        await database.DisposeAsync();
    }

    [Fact]
    public async Task A_status_that_holds_for_a_minute_is_told_to_those_who_asked_for_it()
    {
        await notifier.SubscribeAsync("sub_2", "/default", events: "{incident.created,maintenance.started}");
        await notifier.SubscribeAsync("sub_3", "/dashboard", events: "{component.status_changed}", components: "{cmp_dashboard}");
        await ChangeAsync("dashboard", null, "operational", secondsAgo: 90); // was not shown before
        await ChangeAsync("inference_routing", "operational", "outage", secondsAgo: 61);
        await ChangeAsync("model_storage", "operational", "degraded", secondsAgo: 5);
        var message = Assert.Single(await MessagesAsync(1));
        Assert.Equal(("/hook", "component.status_changed", 1L), (message.Path, message.Type, message.Sequence));
        var data = message.Json["data"]!;
        Assert.Equal(
            ("cmp_inference_routing", "component", "Inference Routing", "outage", "operational"),
            ((string?)data["id"], (string?)data["object"], (string?)data["name"], (string?)data["status"], (string?)data["previous_status"]));
        Assert.InRange(DateTimeOffset.UtcNow - DateTimeOffset.Parse((string)data["since"]!, System.Globalization.CultureInfo.InvariantCulture), TimeSpan.FromSeconds(61), TimeSpan.FromSeconds(120));

        Assert.Equal("cmp_model_storage", await notifier.ScalarAsync("select string_agg(component_id, ' ') from held_statuses where due_at = since + interval '60 s'"));
        await notifier.ExecuteAsync("update held_statuses set due_at = clock_timestamp()");
        Assert.Equal("cmp_model_storage", (string?)(await MessagesAsync(2))[1].Json["data"]!["id"]);
    }

    [Fact]
    public async Task What_flaps_back_is_not_told_and_what_goes_on_to_change_is_told_as_one()
    {
        await ChangeAsync("model_storage", "operational", "outage", secondsAgo: 4);
        await ChangeAsync("dashboard", "operational", "degraded", secondsAgo: 4);
        await HeldAsync("cmp_dashboard cmp_model_storage");
        await ChangeAsync("model_storage", "outage", "operational", secondsAgo: 2);
        await HeldAsync("cmp_dashboard");
        await ChangeAsync("dashboard", "degraded", "outage", secondsAgo: 1);
        await Eventually.TrueAsync(async () => await notifier.ScalarAsync("select after from held_statuses") is "outage", "its minute begins anew");
        await notifier.ExecuteAsync("update held_statuses set due_at = clock_timestamp()");
        var data = Assert.Single(await MessagesAsync(1)).Json["data"]!;
        Assert.Equal(("cmp_dashboard", "operational", "outage"), ((string?)data["id"], (string?)data["previous_status"], (string?)data["status"]));
    }

    [Fact]
    public async Task What_changed_while_nobody_followed_is_told_afterwards_in_order_and_once_whoever_follows()
    {
        await notifier.StopAllAsync();
        await ChangeAsync("shared_agents", "operational", "outage", secondsAgo: 900);
        await ChangeAsync("model_storage", "operational", "degraded", secondsAgo: 800);
        await ChangeAsync("dashboard", "operational", "outage", secondsAgo: 780); // for half a minute
        await ChangeAsync("dashboard", "outage", "operational", secondsAgo: 750);
        await ChangeAsync("shared_agents", "outage", "operational", secondsAgo: 600); // it was out for five minutes
        await ChangeAsync("inference_routing", "operational", "outage", secondsAgo: 500);
        await ChangeAsync("dashboard", "operational", "degraded", secondsAgo: 400);
        await Task.WhenAll(notifier.AddReplicaAsync(), notifier.AddReplicaAsync());
        Assert.Equal(
            [
                "1 cmp_shared_agents: operational, outage", "2 cmp_model_storage: operational, degraded", "3 cmp_shared_agents: outage, operational",
                "4 cmp_inference_routing: operational, outage", "5 cmp_dashboard: operational, degraded",
            ],
            Told(await MessagesAsync(5)));
    }

    [Fact]
    public async Task A_stream_that_is_lost_or_falls_silent_is_opened_again_where_it_was()
    {
        await ChangeAsync("dashboard", "operational", "outage", secondsAgo: 70);
        await MessagesAsync(1);
        streams.Break();
        await ChangeAsync("model_storage", "operational", "outage", secondsAgo: 70);
        await MessagesAsync(2);
        var opened = streams.Opened;
        streams.Silence(); // what is sent from now on gets lost, and the connection stays
        await ChangeAsync("inference_routing", "operational", "outage", secondsAgo: 70);
        await ChangeAsync("shared_agents", "operational", "degraded", secondsAgo: 70);
        Assert.Equal(
            ["1 cmp_dashboard: operational, outage", "2 cmp_model_storage: operational, outage", "3 cmp_inference_routing: operational, outage", "4 cmp_shared_agents: operational, degraded"],
            Told(await MessagesAsync(4)));
        Assert.True(streams.Opened > opened);
    }

    [Fact]
    public async Task What_happened_around_a_failover_is_told_once()
    {
        await ChangeAsync("inference_routing", "operational", "outage", secondsAgo: 100);
        await MessagesAsync(1);
        await ChangeAsync("model_storage", "operational", "degraded", secondsAgo: 1);
        await HeldAsync("cmp_model_storage");
        await notifier.StopAllAsync();
        await ChangeAsync("dashboard", "operational", "outage", secondsAgo: 70);
        await notifier.ExecuteAsync("update cursors set mark = regexp_replace(mark, '^([0-9]+)[.][0-9]+[.]', '\\1.77.') where name = 'statuses'");
        Assert.Contains(".77.", (string)(await notifier.ScalarAsync("select mark from cursors where name = 'statuses'"))!);
        await notifier.AddReplicaAsync();
        Assert.Equal(["1 cmp_inference_routing: operational, outage", "2 cmp_dashboard: operational, outage"], Told(await MessagesAsync(2)));
        await HeldAsync("cmp_model_storage");
    }

    [Fact]
    public async Task A_mark_of_another_database_begins_anew_and_tells_of_nothing_before()
    {
        await ChangeAsync("model_storage", "operational", "degraded", secondsAgo: 20);
        await HeldAsync("cmp_model_storage");
        await notifier.StopAllAsync();
        var last = await ChangeAsync("dashboard", "operational", "outage", secondsAgo: 70);
        await notifier.ExecuteAsync("update cursors set mark = 'another;1' where name = 'statuses'");
        await notifier.AddReplicaAsync();
        await Eventually.TrueAsync(async () => await notifier.ScalarAsync("select generation from cursors where name = 'statuses'") is 1, "it has begun anew");
        await HeldAsync(null);

        // Where the other database was set back, a number that was told of comes again, of another change.
        await notifier.ExecuteAsync($"insert into events (key, type, object_id, project_id, platform, components, occurred_at, data) values ('cmp_dashboard.{last + 1}', 'component.status_changed', 'cmp_dashboard', '', true, '{{}}', now(), '')");
        await ChangeAsync("dashboard", "outage", "operational", secondsAgo: 61);
        Assert.Equal(["1 cmp_dashboard: outage, operational"], Told(await MessagesAsync(1)));
    }

    private static IEnumerable<string> Told(List<Received> messages) => messages.Select(message => (message.Sequence, Data: message.Json["data"]!)).Select(told => $"{told.Sequence} {told.Data["id"]}: {told.Data["previous_status"]}, {told.Data["status"]}");

    private Task FollowedAsync() => Eventually.TrueAsync(async () => await notifier.ScalarAsync("select mark <> '' from cursors where name = 'statuses'") is true, "the statuses are followed");

    /// <summary>Records a change.</summary>
    /// <returns>Its number.</returns>
    private async Task<long> ChangeAsync(string component, string? before, string after, int secondsAgo)
    {
        await using var command = database
            .CreateCommand("insert into status_changes (component, at, before, after) values (@component, date_trunc('second', clock_timestamp()) - @ago, @before, @after) returning number")
            .Text("component", component).With("ago", NpgsqlDbType.Interval, TimeSpan.FromSeconds(secondsAgo)).Text("before", before).Text("after", after);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private Task HeldAsync(string? components) => Eventually.TrueAsync(
        async () => Equals(await notifier.ScalarAsync("select string_agg(component_id, ' ' order by component_id) from held_statuses"), components ?? (object)DBNull.Value), $"held: {components}");

    private async Task<List<Received>> MessagesAsync(int count)
    {
        await Eventually.TrueAsync(() => notifier.Receiver.Messages.Count >= count, $"{count} messages");
        await Task.Delay(700); // none too many
        Assert.Equal(count, notifier.Receiver.Messages.Count);
        return [.. notifier.Receiver.Messages];
    }

    /// <summary>What goes wrong with the streams of the log.</summary>
    private sealed class Streams : Interceptor
    {
        private int opened;
        private int broken;
        private int silent;

        /// <summary>How many there have been.</summary>
        public int Opened => Volatile.Read(ref opened);

        /// <summary>Those that are open end with an error.</summary>
        public void Break() => Volatile.Write(ref broken, Opened);

        /// <summary>Those that are open say nothing more.</summary>
        public void Silence() => Volatile.Write(ref silent, Opened);

        public override Task ServerStreamingServerHandler<TRequest, TResponse>(
            TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation) =>
            continuation(request, new Writer<TResponse>(this, Interlocked.Increment(ref opened), responseStream), context);

        private sealed class Writer<T>(Streams streams, int number, IServerStreamWriter<T> to) : IServerStreamWriter<T>
        {
            public WriteOptions? WriteOptions { get => to.WriteOptions; set => to.WriteOptions = value; }

            public Task WriteAsync(T message) => WriteAsync(message, CancellationToken.None);

            public Task WriteAsync(T message, CancellationToken cancellationToken) =>
                number <= Volatile.Read(ref streams.broken) ? throw new RpcException(new(StatusCode.Unavailable, "Broken by the test."))
                : number <= Volatile.Read(ref streams.silent) ? Task.CompletedTask
                : to.WriteAsync(message, cancellationToken);
        }
    }
}
