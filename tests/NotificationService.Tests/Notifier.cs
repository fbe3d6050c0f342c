extern alias maintenanceservice;

using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;
using Xerotier.NotificationService.Events;
using Xerotier.NotificationService.Model;
using Xerotier.ServiceDefaults;
using Xerotier.TestKit;

namespace Xerotier.NotificationService.Tests;

/// <summary>The service on a database of its own, with a receiver; and the MaintenanceService where a test asks for it.</summary>
internal sealed class Notifier : IAsyncDisposable
{
    private readonly List<InProcessService<Program>> services = [];
    private readonly string connection;
    private readonly KeyValuePair<string, string?>[] settings;
    private InProcessService<maintenanceservice::Program>? maintenance;

    private Notifier(string connection, Receiver receiver, KeyValuePair<string, string?>[] settings) => (this.settings, this.connection, Receiver, Database) = (settings, connection, receiver, NpgsqlDataSource.Create(connection));

    public Receiver Receiver { get; }

    public NpgsqlDataSource Database { get; }

    /// <summary>What replicas that are started from now on have registered last.</summary>
    public Action<IServiceCollection> Configure { get; set; } = _ => { };

    public static async Task<Notifier> StartAsync(TestPostgres postgres, bool withMaintenance = false, params KeyValuePair<string, string?>[] settings)
    {
        var notifier = new Notifier(await postgres.CreateDatabaseAsync<Program>(), await Receiver.StartAsync(), settings);
        if (withMaintenance)
        {
            notifier.maintenance = new([
                new("ConnectionStrings:maintenancedb", await postgres.CreateDatabaseAsync<maintenanceservice::Program>()),
                new("services:gateway:internal:0", "http://127.0.0.1:9"),
                new("services:statusservice:grpc:0", "http://127.0.0.1:9"),
            ]);
            using var http = notifier.maintenance.Http();
            await Eventually.TrueAsync(async () => (await http.GetAsync("/readyz")).IsSuccessStatusCode);
        }

        await notifier.AddReplicaAsync();
        return notifier;
    }

    /// <summary>The insides of the first replica.</summary>
    public IServiceProvider Services => services[0].Services;

    /// <summary>A client of the first replica.</summary>
    public HttpClient Http(string? token) => services[0].Http(token);

    /// <summary>Starts a replica of the service.</summary>
    public async Task<InProcessService<Program>> AddReplicaAsync(params KeyValuePair<string, string?>[] more)
    {
        var service = new InProcessService<Program>(SettingsWith(more), Configure);
        services.Add(service);
        await service.Services.GetRequiredService<Migrations>().Done.WaitAsync(TimeSpan.FromSeconds(90)); // one whose clock is off is never ready
        if (maintenance is not null)
        {
            await Eventually.TrueAsync(async () => await ScalarAsync("select mark <> '' from cursors where name = 'changes'") is true, "the changes are followed");
        }

        return service;
    }

    /// <summary>Starts a replica as a process of its own, which whoever starts it stops.</summary>
    public ServiceProcess StartProcess(params KeyValuePair<string, string?>[] more) =>
        new("NotificationService", SettingsWith(more).Select(setting => KeyValuePair.Create(setting.Key.Replace(":", "__"), setting.Value!)));

    /// <summary>Stops a replica.</summary>
    public async Task StopAsync(InProcessService<Program> service)
    {
        services.Remove(service);
        await service.DisposeAsync();
    }

    /// <summary>Stops all replicas.</summary>
    public async Task StopAllAsync()
    {
        foreach (var service in services.ToList())
        {
            await StopAsync(service);
        }
    }

    /// <summary>Adds a subscription of a webhook at a path of the receiver.</summary>
    public Task SubscribeAsync(string id, string path, string project = "proj_other1", string? events = null, string components = "{}", string? target = null, string channel = "webhook") => ExecuteAsync($"""
        insert into subscriptions (project_id, id, channel, target, components, events, state, secret, created_by, created_at, updated_at)
        values ('{project}', '{id}', '{channel}', '{target ?? Receiver.Url + path}', '{components}', '{events ?? "{" + string.Join(',', EventTypes.All) + "}"}', 'active', '{WebhookSecrets.New()}', 'test', now(), now())
        """);

    /// <summary>Adds an event of the platform's.</summary>
    public async Task<int> HappenAsync(string key, string objectId = "inc_1", string project = "proj_platform1", bool platform = true, string type = EventTypes.IncidentUpdated, DateTimeOffset? at = null, byte[]? data = null, params string[] components)
    {
        await using var opened = await Database.OpenConnectionAsync();
        return await EventStore.AddAsync(opened, new(key, type, objectId, project, platform, components, at ?? DateTimeOffset.UtcNow, data ?? "{\"id\":\"inc_1\",\"object\":\"incident\"}"u8.ToArray()), default)
            ? await ToldAsync()
            : 0;

        async Task<int> ToldAsync()
        {
            await EventStore.TellAsync(opened, () => { }, default); // a replica may be quicker
            return (int)(long)(await ScalarAsync($"select count(*) from deliveries d join events e on e.id = d.event_id where e.key = '{key}'"))!;
        }
    }

    /// <summary>Adds a test of a subscription.</summary>
    public Task HappenTestAsync(string key, string subscription) => ExecuteAsync($"""
        with happened as (
            insert into events (key, type, object_id, project_id, platform, components, occurred_at, data)
            values ('{key}', '{EventTypes.Test}', '{subscription}', 'proj_other1', false, '{"{}"}', now(), convert_to('{"{"}"object":"subscription","id":"{subscription}"{"}"}', 'UTF8')) returning id
        ),
        numbered as (update subscriptions set sequence = sequence + 1 where id = '{subscription}' returning id, sequence)
        insert into deliveries (id, project_id, subscription_id, event_id, sequence, next_attempt_at)
        select 'dlv_{key}', 'proj_other1', numbered.id, happened.id, sequence, now() from happened, numbered
        """);

    /// <summary>Calls the API of the MaintenanceService as a key of a project.</summary>
    public async Task<JsonObject> CallAsync(HttpMethod method, string path, JsonObject? body = null, string project = "proj_platform1", bool platform = true)
    {
        var tokens = new InternalTokens(Options.Create(new InternalAuthOptions { Keys = [TestTokens.Key] }), TimeProvider.System, new("test", "1"));
        using var http = new HttpClient { BaseAddress = maintenance!.HttpAddress };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", tokens.ForCaller(new("key_test", "test-key", project, platform, ["management"]), "maintenanceservice"));
        using var request = new HttpRequestMessage(method, $"/{project}/v1/management/{path}") { Content = body is null ? null : JsonContent.Create(body) };
        using var response = await http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{path}: {(int)response.StatusCode} {text}");
        return JsonNode.Parse(text)!.AsObject();
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<object?> ScalarAsync(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAllAsync();
        if (maintenance is not null)
        {
            await maintenance.DisposeAsync();
        }

        await Receiver.DisposeAsync();
        await Database.DisposeAsync();
    }

    /// <summary>The settings of a replica, of each the last.</summary>
    private IEnumerable<KeyValuePair<string, string?>> SettingsWith(KeyValuePair<string, string?>[] more)
    {
        KeyValuePair<string, string?>[] all = [
            new("ConnectionStrings:notificationsdb", connection),
            new("services:gateway:internal:0", "http://127.0.0.1:9"),
            new("services:statusservice:grpc:0", "http://127.0.0.1:9"),
            new("services:maintenanceservice:grpc:0", maintenance?.GrpcAddress.ToString() ?? "http://127.0.0.1:9"),
            new("Notifications:AllowPrivateTargets", "true"),
            .. settings,
            .. more,
        ];
        return all.Reverse().DistinctBy(setting => setting.Key);
    }
}
