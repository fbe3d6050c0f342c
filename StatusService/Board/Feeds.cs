using Grpc.Core;
using Xerotier.Fleet.V1;
using Xerotier.ServiceDefaults;
using Xerotier.StatusService.Notices;

namespace Xerotier.StatusService.Board;

/// <summary>
/// Reads the fleet's and the windows' streams into the inbox. A feed that falls silent needs no message: the board goes by the instant of
/// the last one. A collector that has lost its store is left for the next, which may have it.
/// </summary>
public sealed class Feeds(
    Fleet.V1.Fleet.FleetClient fleet,
    NoticesClient notices,
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

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var (health, windows) = (WatchFleetAsync(stoppingToken), WatchNoticesAsync(stoppingToken));
        await await Task.WhenAny(health, windows); // a fault of one ends the service, whatever the other does
        await Task.WhenAll(health, windows);
    }

    private Task WatchFleetAsync(CancellationToken stopping) => ServiceClients.WatchAsync(
        cancellation => fleet.WatchPlatformHealth(new(), cancellationToken: cancellation),
        message =>
        {
            inbox.Enqueue(Read(message) ?? throw new RpcException(new(StatusCode.Unavailable, "The collector has no store.")));
            return ValueTask.CompletedTask;
        },
        KeepaliveTimeout,
        time,
        logger,
        stopping);

    private Task WatchNoticesAsync(CancellationToken stopping) => notices.WatchAsync(
        view =>
        {
            var windows = BoardWindows.From(view.Current);
            var announced = view.Announced ? Announcements.From(view.Components, view.Incidents) : null;
            inbox.Enqueue((inputs, at) => inputs.WithNotices(windows, announced ?? inputs.Announced, at));
        },
        () => inbox.Enqueue((inputs, at) => inputs.WithNoticesAlive(at)),
        stopping);
}
