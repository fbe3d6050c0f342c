using Npgsql;
using Xerotier.ServiceDefaults;

namespace Xerotier.NotificationService.Subscriptions;

/// <summary>Removes what was counted more than an hour ago, links that have ended, and addresses whose owner did not confirm within a day, whether they were entered on the page or through the API.</summary>
internal sealed class AddressCleaner(NpgsqlDataSource database, Migrations migrations, TimeProvider time, ILogger<AddressCleaner> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private const string CleanSql = $"""
        {AddressStore.LockSql};
        delete from mail_requests where at < clock_timestamp() - interval '1 hour';
        delete from mail_tokens where expires_at < clock_timestamp();
        delete from subscriptions s using mail_addresses a
        where s.state = 'unconfirmed' and a.subscription_id = s.id and a.requested_at < clock_timestamp() - interval '24 hours'
            and not exists (select from mail_tokens t where t.subscription_id = s.id and t.confirms)
        """;

    /// <summary>Removes what is old.</summary>
    public async Task CleanAsync(CancellationToken cancellation)
    {
        await using var clean = database.CreateCommand(CleanSql);
        await clean.ExecuteNonQueryAsync(cancellation);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var log = new FailureLog(logger, "Old requests of e-mail cannot be removed; it is tried again", "Old requests of e-mail are removed again");
        await migrations.Done.WaitAsync(stoppingToken);
        await log.RepeatAsync(CleanAsync, Interval, time, stoppingToken);
    }
}
