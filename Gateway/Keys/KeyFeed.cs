using Xerotier.Gateway.Projects;

namespace Xerotier.Gateway.Keys;

/// <summary>
/// Keeps <see cref="KnownKeys"/> and <see cref="SuspendedProjects"/> current: reads changes as soon as the database notifies, and twice a
/// second in case a notification is lost.
/// </summary>
internal sealed partial class KeyFeed(OpenKeyLink open, KnownKeys keys, OpenCalls calls, SuspendedProjects suspended, TimeProvider time, ILogger<KeyFeed> logger) : BackgroundService
{
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(250);
    private bool isLost;

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
                if (!isLost)
                {
                    isLost = true;
                    LogLost(logger, failure);
                }
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
            if (isLost)
            {
                isLost = false;
                LogBack(logger);
            }

            await link.WaitAsync(PollEvery, stopping);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The keys' database cannot be read; known keys stay valid for the grace period")]
    private static partial void LogLost(ILogger logger, Exception failure);

    [LoggerMessage(2, LogLevel.Information, "The keys' database is read again")]
    private static partial void LogBack(ILogger logger);

    [LoggerMessage(3, LogLevel.Warning, "The keys' database was restored or is another one than before; every key is looked up again")]
    private static partial void LogOtherDatabase(ILogger logger);
}
