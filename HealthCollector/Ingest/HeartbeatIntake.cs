using Xerotier.Health.V1;
using Xerotier.ServiceDefaults;

namespace Xerotier.HealthCollector;

/// <summary>One heartbeat of a batch: what was read, or why it could not be.</summary>
internal readonly record struct Received(Heartbeat? Heartbeat, Refusal? Refusal);

/// <summary>The way of a batch, whatever it came by: limited, judged one by one, written, acknowledged.</summary>
internal sealed class HeartbeatIntake(TokenBuckets<string> limiter, HeartbeatWriter writer, CollectorMetrics metrics, TimeProvider time)
{
    /// <summary>Heartbeats of a batch at most.</summary>
    public const int MaxBatch = 1000;

    /// <summary>Bytes of a batch at most: 4 MiB.</summary>
    public const int MaxBatchBytes = 4 << 20;

    /// <summary>Takes a batch of at most <see cref="MaxBatch"/>.</summary>
    /// <returns>How many were accepted, and the error of each that was not, in order of index.</returns>
    public async Task<ReportResponse> TakeAsync(Caller caller, IReadOnlyList<Received> batch, CancellationToken cancellation)
    {
        var started = time.GetTimestamp();
        var heardAt = FleetRules.Micros(time.GetUtcNow());
        var refusals = new Refusal?[batch.Count];
        var fleets = new FleetKey[batch.Count];
        var beats = new Beat[batch.Count];

        var granted = limiter.Take(caller.KeyId, batch.Count).Granted;
        for (var i = 0; i < batch.Count; i++)
        {
            refusals[i] = i >= granted ? Refusal.RateLimit
                : batch[i].Heartbeat is { } heartbeat ? HeartbeatValidator.Judge(heartbeat, caller, heardAt, out fleets[i], out beats[i])
                : batch[i].Refusal;
        }

        // A project's key reaches one fleet, a platform key two.
        await Task.WhenAll(Enumerable.Range(0, batch.Count)
            .Where(i => refusals[i] is null)
            .GroupBy(i => fleets[i])
            .Select(group => WriteAsync(group.Key, [.. group], beats, refusals, cancellation)));

        var response = new ReportResponse();
        for (var i = 0; i < refusals.Length; i++)
        {
            if (refusals[i] is { } refusal)
            {
                response.Errors.Add(new HeartbeatError { Index = i, Code = refusal.Code, Message = refusal.Message });
            }
        }

        response.Accepted = batch.Count - response.Errors.Count;
        foreach (var group in response.Errors.CountBy(error => error.Code))
        {
            metrics.Refused(group.Key, group.Value);
        }

        if (response.Accepted > 0)
        {
            metrics.Acknowledged(time.GetElapsedTime(started));
        }

        return response;
    }

    private async Task WriteAsync(FleetKey fleet, int[] indexes, Beat[] beats, Refusal?[] refusals, CancellationToken cancellation)
    {
        try
        {
            var refused = await writer.WriteAsync(fleet, Array.ConvertAll(indexes, i => beats[i]), cancellation);
            var count = indexes.Length;
            if (refused.Count > 0)
            {
                foreach (var i in indexes)
                {
                    if (refused.Contains(beats[i].Id))
                    {
                        refusals[i] = Refusal.Quota;
                        count--;
                    }
                }
            }

            metrics.Accepted(fleet.Kind, count);
        }
        catch (StoreUnavailableException)
        {
            foreach (var i in indexes)
            {
                refusals[i] = Refusal.Unavailable;
            }
        }
    }
}
