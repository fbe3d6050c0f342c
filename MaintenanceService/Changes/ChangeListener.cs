using Npgsql;
using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Changes;

/// <summary>Listens for the changes that other replicas make, on a connection of its own, and connects again when that is lost.</summary>
internal sealed class ChangeListener(NpgsqlDataSource database, ChangeNotifier notifier, ChangeFeed feed, TimeProvider time, ILogger<ChangeListener> logger)
    : BackgroundService
{
    /// <summary>How often a silent connection is tried.</summary>
    private static readonly TimeSpan Probe = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var log = new FailureLog(logger, "Other replicas' changes cannot be listened for; the poll finds them", "Other replicas' changes are listened for again");
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ListenAsync(log, stoppingToken);
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                log.Failed(failure);
                await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(200, 600)), time, stoppingToken);
            }
        }
    }

    private async Task ListenAsync(FailureLog log, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        connection.Notification += (_, change) =>
        {
            if (change.Payload != notifier.Sender)
            {
                feed.Wake();
            }
        };
        await using var listen = new NpgsqlCommand($"listen {ChangeNotifier.Topic}", connection);
        await listen.ExecuteNonQueryAsync(cancellation);
        log.Succeeded();
        feed.Wake(); // for changes from before it listened
        while (true)
        {
            if (!await connection.WaitAsync(Probe, cancellation))
            {
                await using var probe = new NpgsqlCommand("select 1", connection);
                await probe.ExecuteNonQueryAsync(cancellation);
            }
        }
    }
}
