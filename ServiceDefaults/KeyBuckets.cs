namespace Xerotier.ServiceDefaults;

/// <summary>A token bucket for each API key and one for all keys of its project (product.md section 2, Rate limits): more keys are no more tokens.</summary>
/// <param name="perKey">Tokens per minute and key; 0: no limit.</param>
/// <param name="perProject">Tokens per minute and project; 0: no limit.</param>
/// <param name="time">The clock.</param>
public sealed class KeyBuckets(int perKey, int perProject, TimeProvider time)
{
    private readonly TokenBuckets<string> keys = new(perKey, time);
    private readonly TokenBuckets<string> projects = new(perProject, time);

    /// <summary>Takes up to <paramref name="wanted"/> tokens from both buckets.</summary>
    /// <param name="keyId">The key.</param>
    /// <param name="projectId">Its project; null: it has none.</param>
    /// <param name="wanted">How many.</param>
    /// <returns>What both granted. What it says of the limit is of the bucket with less left.</returns>
    public TokenGrant Take(string keyId, string? projectId, int wanted = 1)
    {
        var own = keys.Take(keyId, wanted);
        if (projectId is null || perProject == 0)
        {
            return own;
        }

        var whole = projects.Take(projectId, own.Granted);
        var tighter = perKey > 0 && whole.Granted == own.Granted && own.Remaining <= whole.Remaining ? own : whole;
        return tighter with { Granted = whole.Granted, RetryAfterSeconds = Math.Max(own.RetryAfterSeconds, whole.RetryAfterSeconds) };
    }
}
