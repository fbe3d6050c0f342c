using Npgsql;
using Xerotier.ServiceDefaults;

namespace Xerotier.NotificationService.Events;

/// <summary>Removes events, with their messages, that are older than 30 days, unless a message is still to be tried.</summary>
internal sealed class EventCleaner(NpgsqlDataSource database, Migrations migrations, TimeProvider time, ILogger<EventCleaner> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    private const string CleanSql = """
        delete from events where id in (
            select id from events e
            where created_at < clock_timestamp() - interval '30 days' and not exists (select from deliveries d where d.event_id = e.id and d.state = 'pending')
            order by created_at limit 1000)
        """;

    /// <summary>Removes what is old.</summary>
    public async Task CleanAsync(CancellationToken cancellation)
    {
        await using var clean = database.CreateCommand(CleanSql);
        while (await clean.ExecuteNonQueryAsync(cancellation) > 0)
        {
            // a thousand at a time
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var log = new FailureLog(logger, "Old events cannot be removed; it is tried again", "Old events are removed again");
        await migrations.Done.WaitAsync(stoppingToken);
        await log.RepeatAsync(CleanAsync, Interval, time, stoppingToken);
    }
}
