using Microsoft.Extensions.Options;
using Xerotier.ServiceDefaults;

namespace Xerotier.HealthCollector.Ingest;

/// <summary>How many heartbeats a key may still send, and how many all keys of its project may.</summary>
internal sealed class HeartbeatLimits(IOptions<HeartbeatLimitOptions> options, TimeProvider time)
{
    private readonly KeyBuckets buckets = new(options.Value.HeartbeatsPerMinute, options.Value.ProjectHeartbeatsPerMinute, time);

    /// <summary>Takes up to <paramref name="wanted"/> heartbeats.</summary>
    public TokenGrant Take(Caller caller, int wanted) => buckets.Take(caller.KeyId, caller.ProjectId == Caller.Platform ? null : caller.ProjectId, wanted);
}
