using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Keys;

/// <summary>A key value that this Gateway has looked up, with the token that many of its requests share.</summary>
internal sealed class KnownKey(ApiKey key)
{
    private volatile ApiKey current = key;
    private volatile Bearer? bearer;
    private long lastUsed;
    private int streams;
    private volatile bool forgotten;

    /// <summary>The key as it was last read.</summary>
    public ApiKey Key => current;

    /// <summary>Whether this key has open calls. They must end when the key does.</summary>
    public bool HasStreams => Volatile.Read(ref streams) > 0;

    /// <summary>Whether it was removed from the table, so that changes of the key no longer reach it.</summary>
    public bool IsForgotten => forgotten;

    /// <summary>Marks it as removed from the table.</summary>
    public void Forget() => forgotten = true;

    /// <summary>Why calls that were opened with it must end at <paramref name="now"/>; null while they may continue. Nothing is known of a forgotten key: its sender opens another call.</summary>
    public ApiError? ErrorAt(DateTimeOffset now) => current.ErrorAt(now) ?? (forgotten ? ApiErrors.ServiceUnavailable : null);

    /// <summary>Takes the time of the last use, in ticks of UTC; 0: not used since the last call of this method.</summary>
    public long TakeLastUsed() => Interlocked.Exchange(ref lastUsed, 0);

    /// <summary>Notes a use.</summary>
    public void MarkUsed(DateTimeOffset now) => Volatile.Write(ref lastUsed, now.UtcTicks);

    /// <summary>Gives back what <see cref="TakeLastUsed"/> took, unless the key has been used since.</summary>
    public void PutBackLastUsed(long ticks) => Interlocked.CompareExchange(ref lastUsed, ticks, 0);

    /// <summary>Counts an open call.</summary>
    public void StreamOpened() => Interlocked.Increment(ref streams);

    /// <summary>Takes an open call off the count.</summary>
    public void StreamClosed() => Interlocked.Decrement(ref streams);

    /// <summary>Takes a newer version of the key. A revocation counts whatever its number: it is final, and an operator may have written it by hand.</summary>
    public void Update(ApiKey read)
    {
        if (read.ChangedBy >= current.ChangedBy || read.RevokedAt is not null)
        {
            current = read;
            bearer = null;
        }
    }

    /// <summary>The value of <c>Authorization</c> towards the services; a new token after half of its lifetime.</summary>
    public string Authorization(InternalTokens tokens, DateTimeOffset now)
    {
        var cached = bearer;
        if (cached is null || cached.RenewAt <= now)
        {
            var key = current;
            var token = tokens.ForCaller(new Caller(key.Id, key.Name, key.ProjectId, key.PlatformProject, key.Scopes));
            bearer = cached = new($"Bearer {token}", now + (InternalTokens.Lifetime / 2));
        }

        return cached.Value;
    }

    private sealed record Bearer(string Value, DateTimeOffset RenewAt);
}
