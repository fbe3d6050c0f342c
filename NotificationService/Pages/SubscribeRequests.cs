using System.Threading.Channels;
using Xerotier.NotificationService.Subscriptions;
using Xerotier.ServiceDefaults;

namespace Xerotier.NotificationService.Pages;

/// <summary>
/// What the page's form was sent with, taken after the response: so that nobody learns from its words or its time who is subscribed. While the
/// database is away they wait; a stop takes what it still can.
/// </summary>
internal sealed partial class SubscribeRequests(AddressStore addresses, Migrations migrations, TimeProvider time, ILogger<SubscribeRequests> logger) : BackgroundService
{
    private const int Most = 1_000;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Channel<AddressRequest> waiting = Channel.CreateBounded<AddressRequest>(new BoundedChannelOptions(Most) { SingleReader = true });
    private readonly FailureLog failures = new(logger, "Requests of the page cannot be written; it is tried again", "Requests of the page are written again");

    /// <summary>Adds one, to be taken at once.</summary>
    public void Add(AddressRequest request)
    {
        if (!waiting.Writer.TryWrite(request))
        {
            LogFull(logger, Most);
        }
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        waiting.Writer.TryComplete();
        await base.StopAsync(cancellationToken);
        try
        {
            while (waiting.Reader.TryPeek(out var request))
            {
                await addresses.AskAsync(request, cancellationToken);
                waiting.Reader.TryRead(out _);
            }
        }
        catch (Exception failure)
        {
            failures.Failed(failure);
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await migrations.Done.WaitAsync(stoppingToken);
        while (await waiting.Reader.WaitToReadAsync(stoppingToken))
        {
            try
            {
                while (waiting.Reader.TryPeek(out var request))
                {
                    await addresses.AskAsync(request, stoppingToken); // its answer is the API's
                    waiting.Reader.TryRead(out _);
                    failures.Succeeded();
                }
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                failures.Failed(failure);
                if (Postgres.ToApiError(failure) is null)
                {
                    waiting.Reader.TryRead(out _); // a fault of ours, which it would be again
                }

                await Task.Delay(Pause, time, stoppingToken);
            }
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "{Most} requests of the page wait already: another one is dropped")]
    private static partial void LogFull(ILogger logger, int most);
}
