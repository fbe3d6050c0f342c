using System.Threading.Channels;
using Npgsql;
using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Changes;

/// <summary>
/// Tells this process and the other replicas that windows, components or incidents have changed, after the commit and at most every <see cref="Gap"/>:
/// PostgreSQL serialises the commits of transactions that notify, so a write does not notify; this class does, in a transaction of its own.
/// </summary>
internal sealed class ChangeNotifier(NpgsqlDataSource database, ChangeFeed feed, TimeProvider time, ILogger<ChangeNotifier> logger) : BackgroundService
{
    /// <summary>The channel that the replicas listen on. The payload is the sender's id.</summary>
    public const string Topic = "maintenance_windows";

    /// <summary>Changes that come closer together are notified as one.</summary>
    public static readonly TimeSpan Gap = TimeSpan.FromMilliseconds(50);

    private readonly Channel<bool> pending = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>This replica's id in notifications.</summary>
    public string Sender { get; } = Guid.NewGuid().ToString("N");

    /// <summary>Something has changed, or may have.</summary>
    public void Signal()
    {
        feed.Wake();
        pending.Writer.TryWrite(true);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var log = new FailureLog(logger, "Other replicas cannot be notified; their poll finds the changes", "Other replicas are notified again");
        await foreach (var _ in pending.Reader.ReadAllAsync(stoppingToken))
        {
            try
            {
                await using var command = database.CreateCommand("select pg_notify(@topic, @sender)");
                command.Text("topic", Topic).Text("sender", Sender);
                await command.ExecuteNonQueryAsync(stoppingToken);
                log.Succeeded();
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                log.Failed(failure); // the others poll as well
            }

            await Task.Delay(Gap, time, stoppingToken);
        }
    }
}
