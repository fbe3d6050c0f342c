using Npgsql;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Keys;

/// <summary>
/// Keeps <see cref="KnownKeys"/> true: reads what changed as soon as the database notifies, and twice a second as a net under lost
/// notifications; writes the last uses in batches.
/// </summary>
internal sealed partial class KeyFeed(
    NpgsqlDataSource database, KeyStore store, KnownKeys keys, OpenCalls calls, Migrations migrations, PlatformKey platformKey, TimeProvider time, ILogger<KeyFeed> logger)
    : BackgroundService
{
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan WriteUsesEvery = TimeSpan.FromSeconds(10);
    private ulong? mark;

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (keys.IsLive)
        {
            await WriteUsesAsync(cancellationToken);
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await migrations.Done.WaitAsync(stoppingToken);
        var lost = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await platformKey.EnsureAsync(stoppingToken);
                await using var connection = await database.OpenConnectionAsync(stoppingToken);
                await using (var listen = new NpgsqlCommand("listen api_keys", connection))
                {
                    await listen.ExecuteNonQueryAsync(stoppingToken);
                }

                await FollowAsync(connection, () =>
                {
                    if (lost)
                    {
                        LogBack(logger);
                        lost = false;
                    }
                }, stoppingToken);
            }
            catch (Exception failure)
            {
                if (!stoppingToken.IsCancellationRequested && !lost)
                {
                    lost = true;
                    LogLost(logger, failure);
                }
            }

            await Task.Delay(PollEvery, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task FollowAsync(NpgsqlConnection connection, Action read, CancellationToken stopping)
    {
        var writeAt = time.GetUtcNow() + WriteUsesEvery;
        while (true)
        {
            // A database that hangs must count as lost, and soon: until then a revocation could be missed.
            using (var deadline = CancellationTokenSource.CreateLinkedTokenSource(stopping))
            {
                deadline.CancelAfter(TimeSpan.FromSeconds(1));
                var changes = await KeyStore.ChangesAsync(connection, mark, deadline.Token);
                if (changes.Mark < mark)
                {
                    LogOtherDatabase(logger);
                    keys.Clear();
                }

                mark = changes.Mark;
                keys.Apply(changes.Changed);
                calls.EndFaulty();
                read();
            }

            if (time.GetUtcNow() >= writeAt)
            {
                await WriteUsesAsync(stopping);
                writeAt = time.GetUtcNow() + WriteUsesEvery;
            }

            await connection.WaitAsync(PollEvery, stopping);
        }
    }

    private async Task WriteUsesAsync(CancellationToken cancellation)
    {
        var used = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        foreach (var key in keys.All)
        {
            if (key.TakeLastUsed() is > 0 and var ticks)
            {
                var at = new DateTimeOffset(ticks, TimeSpan.Zero);
                used[key.Key.Id] = used.TryGetValue(key.Key.Id, out var other) && other > at ? other : at;
            }
        }

        if (used.Count > 0)
        {
            await store.WriteLastUsedAsync(used, cancellation);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The keys' database does not answer; known keys go on working for the time of grace")]
    private static partial void LogLost(ILogger logger, Exception reason);

    [LoggerMessage(2, LogLevel.Information, "The keys' database answers again")]
    private static partial void LogBack(ILogger logger);

    [LoggerMessage(3, LogLevel.Warning, "The keys' database is not the one it was; every key is looked up anew")]
    private static partial void LogOtherDatabase(ILogger logger);
}
