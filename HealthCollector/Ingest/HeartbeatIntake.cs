using Xerotier.Health.V1;
using Xerotier.HealthCollector.Fleet;
using Xerotier.ServiceDefaults;

namespace Xerotier.HealthCollector.Ingest;

/// <summary>What happens to a batch, whichever protocol it came by: it is limited, validated heartbeat by heartbeat, written and acknowledged.</summary>
internal sealed class HeartbeatIntake(HeartbeatLimits limits, HeartbeatWriter writer, CollectorMetrics metrics, RedisClock clock, TimeProvider time)
{
    /// <summary>Maximum number of heartbeats of a batch.</summary>
    public const int MaxBatch = 1000;

    /// <summary>Maximum size of a batch: 4 MiB.</summary>
    public const int MaxBatchBytes = 4 << 20;

    /// <summary>Takes a batch, once there is room for it in the queue; nothing of one that is longer than <see cref="MaxBatch"/>.</summary>
    /// <returns>Completes when Redis has what was accepted: how many, and the error of each that was not, in order of index.</returns>
    public async Task<Task<ReportResponse>> TakeAsync(Caller caller, IReadOnlyList<ParsedHeartbeat> batch, CancellationToken cancellation)
    {
        if (batch.Count > MaxBatch)
        {
            var tooMany = Refusal.Invalid($"A batch may have at most {MaxBatch} heartbeats. None of this batch was accepted.");
            metrics.Refused(tooMany.Code, batch.Count);
            return Task.FromResult(new ReportResponse { Errors = { new HeartbeatError { Index = MaxBatch, Code = tooMany.Code, Message = tooMany.Message } } });
        }

        var started = time.GetTimestamp();
        var receivedAt = FleetRules.ToMicroseconds(clock.TimeToTrust);
        var refusals = new Refusal?[batch.Count];
        var parts = new Dictionary<FleetKey, BatchPart>(); // a project's key reaches one fleet, a platform key those of many buckets

        var granted = limits.Take(caller, batch.Count).Granted;
        for (var i = 0; i < batch.Count; i++)
        {
            var (fleet, valid) = (default(FleetKey), default(ReceivedHeartbeat));
            refusals[i] = i >= granted ? Refusal.RateLimit
                : batch[i].Heartbeat is { } heartbeat ? HeartbeatValidator.Validate(heartbeat, caller, receivedAt, out fleet, out valid)
                : batch[i].Refusal;
            if (refusals[i] is null)
            {
                if (!parts.TryGetValue(fleet, out var part))
                {
                    parts[fleet] = part = new(fleet);
                }

                part.Indexes.Add(i);
                part.Heartbeats.Add(valid);
            }
        }

        if (parts.Count > 0)
        {
            await writer.EnqueueAsync(parts.Values, cancellation);
        }

        return AcknowledgeAsync(parts.Values, refusals, started);
    }

    private async Task<ReportResponse> AcknowledgeAsync(IReadOnlyCollection<BatchPart> parts, Refusal?[] refusals, long started)
    {
        foreach (var part in parts)
        {
            try
            {
                var refused = await part.Written;
                var accepted = part.Indexes.Count;
                for (var n = 0; refused.Count > 0 && n < part.Indexes.Count; n++)
                {
                    if (refused.Contains(part.Heartbeats[n].Id))
                    {
                        refusals[part.Indexes[n]] = Refusal.Quota;
                        accepted--;
                    }
                }

                metrics.Accepted(part.Fleet.Kind, accepted);
            }
            catch (StoreUnavailableException)
            {
                part.Indexes.ForEach(i => refusals[i] = Refusal.Unavailable); // the writer has logged it
            }
        }

        var response = new ReportResponse();
        for (var i = 0; i < refusals.Length; i++)
        {
            if (refusals[i] is { } refusal)
            {
                response.Errors.Add(new HeartbeatError { Index = i, Code = refusal.Code, Message = refusal.Message });
            }
        }

        response.Accepted = refusals.Length - response.Errors.Count;
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
}
