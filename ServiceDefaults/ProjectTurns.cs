using System.Threading.RateLimiting;

namespace Xerotier.ServiceDefaults;

/// <summary>One at a time of a project: the others wait for each other here, and not with a connection to the database each.</summary>
/// <param name="mostWaiting">The most that wait, of each project.</param>
public sealed class ProjectTurns(int mostWaiting) : IDisposable
{
    private readonly PartitionedRateLimiter<string> turns = PartitionedRateLimiter.Create<string, string>(
        project => RateLimitPartition.GetConcurrencyLimiter(project, _ => new() { PermitLimit = 1, QueueLimit = mostWaiting }));

    /// <summary>Waits for a turn, which lasts until it is disposed.</summary>
    /// <param name="projectId">Whose.</param>
    /// <param name="cancellation">Gives it up.</param>
    /// <exception cref="ApiException">503: too many others wait.</exception>
    public async Task<IDisposable> TakeAsync(string projectId, CancellationToken cancellation)
    {
        var turn = await turns.AcquireAsync(projectId, cancellationToken: cancellation);
        if (!turn.IsAcquired)
        {
            turn.Dispose();
            throw new ApiException(ApiErrors.ServiceUnavailable);
        }

        return turn;
    }

    /// <inheritdoc/>
    public void Dispose() => turns.Dispose();
}
