using Npgsql;
using Xerotier.ServiceDefaults;

namespace Xerotier.StatusService.Publishing;

/// <summary>Reads the installation's id, which feeds and calendars are known by for ever (surfaces.md section 15).</summary>
public sealed class Installation(NpgsqlDataSource database, Migrations migrations, TimeProvider time, ILogger<Installation> logger) : BackgroundService
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly TaskCompletionSource<string> id = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The id, 32 hexadecimal digits, as soon as the database has told it.</summary>
    public Task<string> Id => id.Task;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await migrations.Done.WaitAsync(stoppingToken);
        var failures = new FailureLog(logger, "The installation's id cannot be read; feeds wait for it", "The installation's id is known");
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var command = database.CreateCommand("select id from installation");
                id.SetResult($"{(Guid)(await command.ExecuteScalarAsync(stoppingToken))!:N}");
                failures.Succeeded();
                return;
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                failures.Failed(failure);
            }

            await Task.Delay(RetryAfter, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
