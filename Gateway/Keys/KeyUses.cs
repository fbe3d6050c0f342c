using Microsoft.Extensions.Options;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Keys;

/// <summary>Writes the keys' last uses in batches. Apart from <see cref="KeyFeed"/>, because a write that waits must not delay a revocation.</summary>
internal sealed partial class KeyUses(KeyStore store, KnownKeys keys, Migrations migrations, IOptions<KeyOptions> options, TimeProvider time, ILogger<KeyUses> logger) : BackgroundService
{
    private bool isFailing;

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await WriteAsync();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await migrations.Done.WaitAsync(stoppingToken);
        while (true)
        {
            await Task.Delay(TimeSpan.FromSeconds(options.Value.WriteUsesSeconds), time, stoppingToken);
            await WriteAsync();
        }
    }

    private async Task WriteAsync()
    {
        if (!keys.IsLive)
        {
            return;
        }

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
            if (isFailing)
            {
                isFailing = false;
                LogWritten(logger);
            }
        }
        catch (Exception failure)
        {
            taken.ForEach(use => use.Key.PutBackLastUsed(use.Ticks));
            if (!isFailing)
            {
                isFailing = true;
                LogNotWritten(logger, failure);
            }
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The last uses of keys could not be written; the next write includes them")]
    private static partial void LogNotWritten(ILogger logger, Exception failure);

    [LoggerMessage(2, LogLevel.Information, "The last uses of keys are written again")]
    private static partial void LogWritten(ILogger logger);
}
