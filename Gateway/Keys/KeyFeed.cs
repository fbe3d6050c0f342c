using Npgsql;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Keys;

/// <summary>
/// Keeps <see cref="KnownKeys"/> current: reads changes as soon as the database notifies, and twice a second in case a notification is lost.
/// </summary>
internal sealed partial class KeyFeed(
    NpgsqlDataSource database, KnownKeys keys, OpenCalls calls, Migrations migrations, PlatformKey platformKey, ILogger<KeyFeed> logger) : BackgroundService
{
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(500);
    private ulong? mark;
    private bool isLost;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await migrations.Done.WaitAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await platformKey.EnsureAsync(stoppingToken);
                await using var connection = await database.OpenConnectionAsync(stoppingToken);
                await using (var listen = new NpgsqlCommand("listen api_keys", connection))
                {
                    await listen.ExecuteNonQueryAsync(CancellationToken.None); // see KeyStore
                }

                await FollowAsync(connection, stoppingToken);
            }
            catch (Exception failure)
            {
                if (!stoppingToken.IsCancellationRequested && !isLost)
                {
                    isLost = true;
                    LogLost(logger, failure);
                }
            }

            await Task.Delay(PollEvery, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task FollowAsync(NpgsqlConnection connection, CancellationToken stopping)
    {
        while (true)
        {
            stopping.ThrowIfCancellationRequested();
            var changes = await KeyStore.ChangesAsync(connection, mark);
            if (changes.Mark < mark)
            {
                LogOtherDatabase(logger);
                keys.Clear();
            }

            mark = changes.Mark;
            keys.Apply(changes.Changed);
            calls.EndInvalid();
            if (isLost)
            {
                isLost = false;
                LogBack(logger);
            }

            await connection.WaitAsync(PollEvery, stopping);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The keys' database cannot be read; known keys stay valid for the grace period")]
    private static partial void LogLost(ILogger logger, Exception failure);

    [LoggerMessage(2, LogLevel.Information, "The keys' database is read again")]
    private static partial void LogBack(ILogger logger);

    [LoggerMessage(3, LogLevel.Warning, "The keys' database is another one than before; every key is looked up again")]
    private static partial void LogOtherDatabase(ILogger logger);
}
