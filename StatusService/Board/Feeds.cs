using Xerotier.Fleet.V1;
using Xerotier.Maintenance.V1;
using Xerotier.ServiceDefaults;

namespace Xerotier.StatusService.Board;

/// <summary>Reads the fleet's and the windows' streams into the inbox. A feed that falls silent needs no message: the board goes by the instant of the last one.</summary>
public sealed class Feeds(
    Fleet.V1.Fleet.FleetClient fleet,
    MaintenanceFeed.MaintenanceFeedClient maintenance,
    BoardInbox inbox,
    TimeProvider time,
    ILogger<Feeds> logger) : BackgroundService
{
    private static readonly TimeSpan KeepaliveTimeout = TimeSpan.FromSeconds(2.5); // each sends a keepalive twice a second

    /// <summary>What a collector's message does to the board; null: nothing is known by it.</summary>
    public static Func<BoardInputs, DateTimeOffset, BoardInputs>? Read(WatchPlatformHealthResponse message) => message.Store switch
    {
        StoreState.Ready => (inputs, at) => inputs.WithFleet(
            new(message.RoutersTotal, message.RoutersOnline, message.SharedAgentsTotal, message.SharedAgentsStale, message.RoutersUnheard, message.SharedAgentsUnheard), at),
        StoreState.Young => (inputs, at) => inputs.WithYoungFleet(at),
        _ => null,
    };

    /// <summary>What a message of the windows' feed does to the board.</summary>
    public static Func<BoardInputs, DateTimeOffset, BoardInputs>? Read(WatchPageFeedResponse message) =>
        message.Unchanged ? (inputs, at) => inputs.WithWindowsAlive(at)
        : message.Feed is { } feed ? (inputs, at) => inputs.WithWindows(feed, at)
        : null;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var health = Watch(cancellation => fleet.WatchPlatformHealth(new(), cancellationToken: cancellation), Read, stoppingToken);
        var windows = Watch(cancellation => maintenance.WatchPageFeed(new(), cancellationToken: cancellation), Read, stoppingToken);
        await await Task.WhenAny(health, windows); // a fault of one ends the service, whatever the other does
        await Task.WhenAll(health, windows);
    }

    private Task Watch<T>(
        Func<CancellationToken, Grpc.Core.AsyncServerStreamingCall<T>> open,
        Func<T, Func<BoardInputs, DateTimeOffset, BoardInputs>?> read,
        CancellationToken stopping) =>
        ServiceClients.WatchAsync(
            open,
            message =>
            {
                if (read(message) is { } change)
                {
                    inbox.Enqueue(change);
                }

                return ValueTask.CompletedTask;
            },
            KeepaliveTimeout,
            time,
            logger,
            stopping);
}
