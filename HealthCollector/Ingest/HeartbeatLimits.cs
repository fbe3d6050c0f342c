using Microsoft.Extensions.Options;
using Xerotier.ServiceDefaults;

namespace Xerotier.HealthCollector.Ingest;

/// <summary>How many heartbeats a key may still send, and how many all keys of its project may. A platform key has a limit of its own.</summary>
internal sealed class HeartbeatLimits(IOptions<HeartbeatLimitOptions> options, TimeProvider time)
{
    private readonly KeyBuckets ofProjects = new(options.Value.HeartbeatsPerMinute, options.Value.ProjectHeartbeatsPerMinute, time);
    private readonly TokenBuckets<string> ofPlatform = new(options.Value.PlatformHeartbeatsPerMinute, time);

    /// <summary>Takes up to <paramref name="wanted"/> heartbeats.</summary>
    public TokenGrant Take(Caller caller, int wanted) =>
        caller.ProjectId == Caller.Platform ? ofPlatform.Take(caller.KeyId, wanted) : ofProjects.Take(caller.KeyId, caller.ProjectId, wanted);
}
