using System.Text.Json;
using Microsoft.Extensions.Logging;
using Npgsql;
using Xerotier.NotificationService.Events;
using Xerotier.NotificationService.Model;
using Xerotier.NotificationService.Sending;
using Xerotier.NotificationService.Storage;
using Xerotier.TestKit;

namespace Xerotier.NotificationService.Tests;

/// <summary>What the queue's statements read after events for many, whatever the database's statistics say, with plans for the values at hand and for any.</summary>
public sealed class QueuePlanTests(PostgresFixture postgres)
{
    private const int Subscribers = 2000;
    private const int Slow = 1000;
    private const int Batch = 25;

    /// <summary>Ten rounds: from the eighth on a statement that is prepared may have its plan for any values.</summary>
    private const int Rounds = 10;

    [Theory]
    [InlineData("auto", 30)]
    [InlineData("force_generic_plan", 30)]
    [InlineData("auto", 0)]
    [InlineData("force_generic_plan", 0)]
    public async Task What_is_told_taken_and_written_reads_little_beside_it(string plans, int earlier)
    {
        var connection = await postgres.Server.CreateDatabaseAsync<Program>();
        await using var setup = NpgsqlDataSource.Create(connection);
        await RunAsync($"""
            insert into subscriptions (project_id, id, channel, target, components, events, state, secret, created_by, created_at, updated_at, sequence, slow)
            select 'proj_1', 'sub_' || n, 'webhook', 'http://127.0.0.1:9/', '{"{}"}', '{"{"}{EventTypes.IncidentUpdated}{"}"}', 'active', '{WebhookSecrets.New()}', 'test', now(), now(), {earlier}, n <= {Slow}
            from generate_series(1, {Subscribers}) n;
            insert into events (key, type, object_id, project_id, platform, components, occurred_at, data)
            select n, '{EventTypes.IncidentUpdated}', 'inc_1', 'proj_1', true, '{"{}"}', now(), '{"{}"}' from generate_series(1, {earlier}) n;
            insert into deliveries (id, project_id, subscription_id, event_id, sequence, state, attempts)
            select s.id || '.' || e.id, s.project_id, s.id, e.id, row_number() over (partition by s.id order by e.id), 'delivered', 1 from subscriptions s, events e;
            """);
        await RunAsync("vacuum analyze"); // a quiet moment

        using var log = new LogRecorder();
        using var logging = LoggerFactory.Create(logging => logging.AddProvider(log).SetMinimumLevel(LogLevel.Debug));
        var builder = new NpgsqlDataSourceBuilder(Database.Tune(connection));
        builder.ConnectionStringBuilder.Options = $"-c session_preload_libraries=auto_explain -c auto_explain.log_min_duration=0 -c auto_explain.log_analyze=on -c auto_explain.log_timing=off -c auto_explain.log_buffers=on -c auto_explain.log_format=json -c auto_explain.log_level=notice -c plan_cache_mode={plans}";
        builder.UseLoggerFactory(logging);
        await using var database = builder.Build();
        var seen = 0;
        for (var happened = 0; happened < 10; happened++) // each but the first waits for the ones before it
        {
            await using var opened = await database.OpenConnectionAsync();
            var added = new NewEvent($"now{happened}", EventTypes.IncidentUpdated, "inc_1", "proj_1", Platform: true, Components: [], DateTimeOffset.UtcNow, "{}"u8.ToArray());
            Assert.True(await EventStore.AddAsync(opened, added, default));
            Assert.Equal(Subscribers, await EventStore.TellAsync(opened, () => { }, default));
            LittleIsRead(1000); // in a transaction
        }

        var queue = new DeliveryQueue(database, TimeProvider.System);
        foreach (var lane in (Lane[])[Lane.Well, Lane.Slow, Lane.Mail])
        {
            for (var round = 0; round < Rounds; round++)
            {
                if (round == Rounds / 2)
                {
                    await RunAsync("analyze"); // as the database does by itself at any time
                }

                var taken = await queue.TakeAsync(Batch, lane, default);
                Assert.Equal(lane is Lane.Mail ? 0 : Batch, taken.Count);
                await queue.RecordAsync([.. taken.Select((delivery, i) => i % 10 == 0
                    ? new Attempt(delivery, Delivered: false, TimeSpan.FromHours(1), 500, "The response was 500.", DisableReason: i == 0 ? "Nothing arrived." : null, Slow: true)
                    : new Attempt(delivery, Delivered: true, null, 204, null, null, Slow: false))], default);
                LittleIsRead(Batch);
            }
        }

        async Task RunAsync(string sql)
        {
            await using var command = setup.CreateCommand(sql);
            await command.ExecuteNonQueryAsync();
        }

        void LittleIsRead(int messages)
        {
            var explained = log.Entries.Select(entry => entry.Message).Where(message => message.Contains("\"Query Text\"", StringComparison.Ordinal)).Skip(seen).ToList();
            Assert.NotEmpty(explained);
            seen += explained.Count;
            foreach (var text in explained)
            {
                var plan = JsonElement.Parse(text[text.IndexOf('{', StringComparison.Ordinal)..]).GetProperty("Plan");
                var (rows, pages) = (Rows(plan), Number(plan, "Shared Hit Blocks") + Number(plan, "Shared Read Blocks"));
                Assert.True(rows <= 40.0 * messages && pages <= 100.0 * messages, $"{rows} rows and {pages} pages for {messages} messages: {text}");
            }
        }
    }

    /// <summary>The rows of a node and of those beneath it, also those that it has left out; they are given as means of its loops.</summary>
    private static double Rows(JsonElement node) =>
        ((Number(node, "Actual Rows") + Number(node, "Rows Removed by Filter") + Number(node, "Rows Removed by Join Filter")) * Number(node, "Actual Loops"))
        + (node.TryGetProperty("Plans", out var beneath) ? beneath.EnumerateArray().Sum(Rows) : 0);

    private static double Number(JsonElement node, string name) => node.TryGetProperty(name, out var number) ? number.GetDouble() : 0;
}
