using Npgsql;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.NotificationService.Events;

/// <summary>Removes events, with their messages, that are older than 30 days, unless a message is still to be tried; and idempotency keys that have expired.</summary>
internal sealed class EventCleaner(NpgsqlDataSource database, Migrations migrations, TimeProvider time, ILogger<EventCleaner> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    /// <summary>How many messages are removed at once: an event may have been told to very many.</summary>
    private const int AtOnce = 5000;

    private const string OldSql = """
        select id from events e
        where created_at < clock_timestamp() - interval '30 days' and not exists (select from deliveries d where d.event_id = e.id and d.state = 'pending')
            and not exists (select from telling t where t.event_id = e.id)
        order by created_at limit 100
        """;

    private const string MessagesSql = "delete from deliveries where id in (select id from deliveries where event_id = @event limit @limit)";
    private const string EventSql = "delete from events where id = @event and not exists (select from deliveries where event_id = @event)";

    private const string KeysSql = $"delete from idempotency_keys where ctid = any(array(select ctid from idempotency_keys where created_at <= clock_timestamp() - {Idempotency.Kept} order by created_at limit @limit for update skip locked))";

    /// <summary>Removes what is old.</summary>
    public async Task CleanAsync(CancellationToken cancellation)
    {
        while (await OldAsync() is { Count: > 0 } old)
        {
            foreach (var id in old)
            {
                while (await RunAsync(MessagesSql, command => command.Number("event", id).Number("limit", AtOnce)) == AtOnce)
                {
                    // the next of them
                }

                await RunAsync(EventSql, command => command.Number("event", id));
            }
        }

        while (await RunAsync(KeysSql, command => command.Number("limit", AtOnce)) == AtOnce)
        {
            // the next of them
        }

        async Task<List<long>> OldAsync()
        {
            await using var command = database.CreateCommand(OldSql);
            return await command.ReadAllAsync(row => row.GetInt64(0), cancellation);
        }

        async Task<int> RunAsync(string sql, Func<NpgsqlCommand, NpgsqlCommand> with)
        {
            await using var command = with(database.CreateCommand(sql));
            return await command.ExecuteNonQueryAsync(cancellation);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var log = new FailureLog(logger, "Old events cannot be removed; it is tried again", "Old events are removed again");
        await migrations.Done.WaitAsync(stoppingToken);
        await log.RepeatAsync(CleanAsync, Interval, time, stoppingToken);
    }
}
