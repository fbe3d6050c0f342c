using Xerotier.Gateway.Projects;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Keys;

/// <summary>
/// Keeps <see cref="KnownKeys"/> and <see cref="SuspendedProjects"/> current: reads changes as soon as the database notifies, and twice a
/// second in case a notification is lost.
/// </summary>
internal sealed partial class KeyFeed(OpenKeyLink open, KnownKeys keys, OpenCalls calls, SuspendedProjects suspended, TimeProvider time, ILogger<KeyFeed> logger) : BackgroundService
{
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(250);
    private readonly FailureLog failures = new(
        logger, "The keys' database cannot be read; known keys stay valid for the grace period", "The keys' database is read again");

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => RunAsync(stoppingToken);

    /// <summary>Follows the changes until <paramref name="stopping"/>.</summary>
    internal async Task RunAsync(CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                var link = await open(stopping);
                await using (link.Connection)
                {
                    await FollowAsync(link, stopping);
                }
            }
            catch (Exception failure) when (!stopping.IsCancellationRequested)
            {
                failures.Failed(failure);
            }

            await Task.Delay(RetryAfter, time, stopping);
        }
    }

    private async Task FollowAsync(KeyLink link, CancellationToken stopping)
    {
        while (true)
        {
            stopping.ThrowIfCancellationRequested();
            var changes = await link.ChangesAsync(keys.Mark);
            if (keys.Apply(changes))
            {
                LogOtherDatabase(logger);
            }

            calls.EndInvalid();
            var projects = suspended.Current.State;
            var isCurrent = projects?.Mark == changes.Mark with { Number = changes.LastOfProjects };
            suspended.Set(isCurrent ? projects! : await link.SuspendedAsync());
            failures.Succeeded();
            await link.WaitAsync(PollEvery, stopping);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The keys' database was restored or is another one than before; every key is looked up again")]
    private static partial void LogOtherDatabase(ILogger logger);
}
