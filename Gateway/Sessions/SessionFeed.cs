using Xerotier.Gateway.Keys;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Sessions;

/// <summary>Keeps <see cref="KnownSessions"/> current, and writes their uses. The two go on apart, because a write that waits must not delay the end of a session.</summary>
internal sealed class SessionFeed(KnownSessions sessions, SessionStore store, KnownKeys keys, Migrations migrations, TimeProvider time, ILogger<SessionFeed> logger) : BackgroundService
{
    private static readonly TimeSpan RefreshEvery = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan WriteEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RemoveEvery = TimeSpan.FromMinutes(1);
    private readonly FailureLog reads = new(logger, "The sessions of the console cannot be read; known sessions go on for the grace period", "The sessions of the console are read again");
    private readonly FailureLog writes = new(logger, "The last uses of the console's sessions could not be written", "The last uses of the console's sessions are written again");
    private readonly FailureLog removals = new(logger, "The ended sessions of the console could not be removed", "The ended sessions of the console are removed again");
    private volatile string? installation;

    /// <summary>The first characters of this installation's id; null until it is read.</summary>
    public string? Installation => installation;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await migrations.Done.WaitAsync(stoppingToken);
        await Task.WhenAll(
            reads.RepeatAsync(
                async _ =>
                {
                    installation ??= (await store.InstallationAsync())[..8];
                    await sessions.RefreshAsync();
                },
                RefreshEvery,
                time,
                stoppingToken),
            writes.RepeatAsync(_ => keys.IsLive ? sessions.WriteUsesAsync() : Task.CompletedTask, WriteEvery, time, stoppingToken),
            removals.RepeatAsync(_ => keys.IsLive ? store.RemoveEndedAsync() : Task.CompletedTask, RemoveEvery, time, stoppingToken));
    }
}
