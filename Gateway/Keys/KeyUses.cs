using Microsoft.Extensions.Options;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Keys;

/// <summary>Writes the minutes of the keys' last uses in batches. Apart from <see cref="KeyFeed"/>, because a write that waits must not delay a revocation.</summary>
internal sealed class KeyUses(KeyStore store, KnownKeys keys, Migrations migrations, IOptions<KeyOptions> options, TimeProvider time, ILogger<KeyUses> logger) : BackgroundService
{
    private const int BatchSize = 1_000;
    private readonly FailureLog failures = new(logger, "The last uses of keys could not be written; the next write includes them", "The last uses of keys are written again");

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

        // The values of a rotated key are used apart.
        var uses = keys.All.Select(key => (Key: key, Minute: key.UnwrittenUse)).Where(use => use.Minute is not null)
            .GroupBy(use => use.Key.Key.Id).OrderBy(key => key.Key, StringComparer.Ordinal).Chunk(BatchSize);
        try
        {
            foreach (var batch in uses)
            {
                await store.WriteUsesAsync([.. batch.Select(key => KeyValuePair.Create(key.Key, key.Max(use => use.Minute!.Value)))]);
                foreach (var (key, minute) in batch.SelectMany(key => key))
                {
                    key.MarkWritten(minute!.Value);
                }

                failures.Succeeded();
            }
        }
        catch (Exception failure)
        {
            failures.Failed(failure);
        }
    }
}
