using Xerotier.Health.V1;
using Xerotier.HealthCollector.Fleet;
using Xerotier.ServiceDefaults;

namespace Xerotier.HealthCollector.Ingest;

/// <summary>What happens to a batch, whichever protocol it came by: it is limited, validated heartbeat by heartbeat, written and acknowledged.</summary>
internal sealed class HeartbeatIntake(HeartbeatLimits limits, HeartbeatWriter writer, CollectorMetrics metrics, TimeProvider time)
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
        var receivedAt = FleetRules.ToMicroseconds(time.GetUtcNow());
        var refusals = new Refusal?[batch.Count];
        var writes = new List<Write>(2); // a project's key reaches one fleet, a platform key two

        var granted = limits.Take(caller, batch.Count).Granted;
        for (var i = 0; i < batch.Count; i++)
        {
            var (fleet, valid) = (default(FleetKey), default(ReceivedHeartbeat));
            refusals[i] = i >= granted ? Refusal.RateLimit
                : batch[i].Heartbeat is { } heartbeat ? HeartbeatValidator.Validate(heartbeat, caller, receivedAt, out fleet, out valid)
                : batch[i].Refusal;
            if (refusals[i] is null)
            {
                var write = writes.Find(write => write.Fleet == fleet);
                if (write is null)
                {
                    writes.Add(write = new(fleet, batch.Count - i));
                }

                write.Indexes.Add(i);
                write.Heartbeats.Add(valid);
            }
        }

        foreach (var write in writes)
        {
            write.Written = await writer.EnqueueAsync(write.Fleet, write.Heartbeats, cancellation);
        }

        return AcknowledgeAsync(writes, refusals, started);
    }

    private async Task<ReportResponse> AcknowledgeAsync(List<Write> writes, Refusal?[] refusals, long started)
    {
        foreach (var write in writes)
        {
            try
            {
                var refused = await write.Written;
                var accepted = write.Indexes.Count;
                for (var n = 0; refused.Count > 0 && n < write.Indexes.Count; n++)
                {
                    if (refused.Contains(write.Heartbeats[n].Id))
                    {
                        refusals[write.Indexes[n]] = Refusal.Quota;
                        accepted--;
                    }
                }

                metrics.Accepted(write.Fleet.Kind, accepted);
            }
            catch (StoreUnavailableException)
            {
                write.Indexes.ForEach(i => refusals[i] = Refusal.Unavailable); // the writer has logged it
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

    /// <summary>What a batch writes to one fleet.</summary>
    private sealed class Write(FleetKey fleet, int capacity)
    {
        public FleetKey Fleet => fleet;

        public List<int> Indexes { get; } = new(capacity);

        public List<ReceivedHeartbeat> Heartbeats { get; } = new(capacity);

        public Task<IReadOnlyCollection<string>> Written { get; set; } = Task.FromResult<IReadOnlyCollection<string>>([]);
    }
}
