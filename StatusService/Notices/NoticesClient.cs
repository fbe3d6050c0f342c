using Grpc.Core;
using Xerotier.Maintenance.V1;
using Xerotier.ServiceDefaults;

namespace Xerotier.StatusService.Notices;

/// <summary>Keeps a <see cref="NoticesView"/> of the MaintenanceService: takes a snapshot, follows the changes, and starts again when the stream ends or is silent.</summary>
public sealed class NoticesClient(MaintenanceFeed.MaintenanceFeedClient maintenance, TimeProvider time, ILogger<NoticesClient> logger)
{
    /// <summary>A live stream sends a response twice a second.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(2.5);

    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(250);

    /// <summary>A new snapshot this often repairs what no change tells, such as windows that were edited by hand in the database.</summary>
    private static readonly TimeSpan SnapshotEvery = TimeSpan.FromMinutes(1);

    private readonly FailureLog failures = new(logger, "The stream of maintenance windows was lost", "The stream of maintenance windows is back");

    /// <summary>Reads until <paramref name="cancellation"/>.</summary>
    /// <param name="changed">Called with the view when something in it has changed; it goes on changing afterwards.</param>
    /// <param name="alive">Called when the stream says that nothing has changed.</param>
    /// <param name="cancellation">Ends the reading.</param>
    public async Task WatchAsync(Action<NoticesView> changed, Action alive, CancellationToken cancellation)
    {
        var started = time.GetTimestamp();
        while (!cancellation.IsCancellationRequested)
        {
            var received = false;
            using var silent = new CancellationTokenSource(Silence, time);
            using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation, silent.Token);
            try
            {
                var view = new NoticesView(await maintenance.GetNoticesAsync(new() { Limit = NoticesView.Held }, cancellationToken: end.Token));
                var taken = time.GetTimestamp();
                changed(view);
                using var call = maintenance.WatchChanges(new() { Mark = view.Mark }, cancellationToken: end.Token);
                while (!view.NeedsSnapshot && time.GetElapsedTime(taken) < SnapshotEvery && await call.ResponseStream.MoveNext(end.Token))
                {
                    received = true;
                    silent.CancelAfter(Silence);
                    failures.Succeeded();
                    if (!view.Apply(call.ResponseStream.Current))
                    {
                        alive();
                    }
                    else if (!view.NeedsSnapshot)
                    {
                        changed(view); // else it lacks windows, and would go on lacking them if no snapshot came
                    }
                }

                if (view.NeedsSnapshot || time.GetElapsedTime(taken) >= SnapshotEvery)
                {
                    continue;
                }
            }
            catch (Exception failure) when (failure is RpcException or OperationCanceledException or IOException)
            {
                if (cancellation.IsCancellationRequested)
                {
                    return;
                }

                // Out of range: other projects are suspended, or the database was restored. At the start, the MaintenanceService may be starting as well.
                if (failure is not RpcException { StatusCode: StatusCode.OutOfRange } && (received || time.GetElapsedTime(started) > ServiceClients.StartupGrace))
                {
                    failures.Failed(failure);
                }
            }

            await Task.Delay(RetryAfter, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }
}
