using Microsoft.Extensions.Options;
using Npgsql;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Keys;

/// <summary>
/// Keeps <see cref="KnownKeys"/> true: reads what changed as soon as the database notifies, and twice a second as a net under lost
/// notifications. Writes the last uses in batches, beside it: a write that waits must not keep a revocation waiting.
/// </summary>
internal sealed partial class KeyFeed(
    NpgsqlDataSource database, KeyStore store, KnownKeys keys, OpenCalls calls, Migrations migrations, PlatformKey platformKey, IOptions<KeyOptions> options, TimeProvider time, ILogger<KeyFeed> logger)
    : BackgroundService
{
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(500);
    private ulong? mark;

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (keys.IsLive)
        {
            await WriteUsesAsync();
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await migrations.Done.WaitAsync(stoppingToken);
        await Task.WhenAll(ReadAllAsync(stoppingToken), WriteAllUsesAsync(stoppingToken));
    }

    private async Task ReadAllAsync(CancellationToken stoppingToken)
    {
        var lost = false;
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
            read();
            await connection.WaitAsync(PollEvery, stopping);
        }
    }

    private async Task WriteAllUsesAsync(CancellationToken stopping)
    {
        while (true)
        {
            await Task.Delay(TimeSpan.FromSeconds(options.Value.WriteUsesSeconds), time, stopping);
            if (keys.IsLive)
            {
                await WriteUsesAsync();
            }
        }
    }

    private async Task WriteUsesAsync()
    {
        var taken = new List<(KnownKey Key, long Ticks)>();
        var used = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        foreach (var key in keys.All)
        {
            if (key.TakeLastUsed() is > 0 and var ticks)
            {
                taken.Add((key, ticks));
                var at = new DateTimeOffset(ticks, TimeSpan.Zero);
                used[key.Key.Id] = used.TryGetValue(key.Key.Id, out var other) && other > at ? other : at;
            }
        }

        if (used.Count == 0)
        {
            return;
        }

        try
        {
            await store.WriteLastUsedAsync(used);
        }
        catch (Exception failure) when (Postgres.ToApiError(failure) is not null)
        {
            taken.ForEach(use => use.Key.PutBackLastUsed(use.Ticks));
            LogUsesNotWritten(logger, failure.Message);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The keys' database does not answer; known keys go on working for the time of grace")]
    private static partial void LogLost(ILogger logger, Exception reason);

    [LoggerMessage(2, LogLevel.Information, "The keys' database answers again")]
    private static partial void LogBack(ILogger logger);

    [LoggerMessage(4, LogLevel.Warning, "The last uses of keys could not be written; trying again: {Reason}")]
    private static partial void LogUsesNotWritten(ILogger logger, string reason);

    [LoggerMessage(3, LogLevel.Warning, "The keys' database is not the one it was; every key is looked up anew")]
    private static partial void LogOtherDatabase(ILogger logger);
}
