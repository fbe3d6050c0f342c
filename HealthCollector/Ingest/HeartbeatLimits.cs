using Microsoft.Extensions.Options;
using Xerotier.ServiceDefaults;

namespace Xerotier.HealthCollector.Ingest;

/// <summary>How many heartbeats a key may still send, and how many all keys of its project may.</summary>
internal sealed class HeartbeatLimits(IOptions<HeartbeatLimitOptions> options, TimeProvider time)
{
    private readonly TokenBuckets<string> keys = new(options.Value.HeartbeatsPerMinute, time);
    private readonly TokenBuckets<string> projects = new(options.Value.ProjectHeartbeatsPerMinute, time);

    /// <summary>Takes up to <paramref name="wanted"/> heartbeats from both buckets. What it says of the limit is of the one with less left.</summary>
    public TokenGrant Take(Caller caller, int wanted)
    {
        var own = keys.Take(caller.KeyId, wanted);
        if (caller.ProjectId == Caller.Platform || projects.PerMinute == 0)
        {
            return own;
        }

        var whole = projects.Take(caller.ProjectId, own.Granted);
        var tighter = keys.PerMinute > 0 && own.Remaining <= whole.Remaining ? own : whole;
        return tighter with { Granted = whole.Granted, RetryAfterSeconds = Math.Max(own.RetryAfterSeconds, whole.RetryAfterSeconds) };
    }
}
