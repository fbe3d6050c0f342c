using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Keys;

/// <summary>A key value that this Gateway has looked up, with the tokens that many of its requests share.</summary>
internal sealed class KnownKey(ApiKey key)
{
    private volatile ApiKey current = key;
    private volatile Bearer[] bearers = [];
    private long lastUsed;
    private long writtenUse;
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

    /// <summary>The minute of the last use; null: it is written already, or there was none.</summary>
    public DateTimeOffset? UnwrittenUse
    {
        get
        {
            var ticks = Volatile.Read(ref lastUsed);
            return ticks - (ticks % TimeSpan.TicksPerMinute) is var minute && minute > writtenUse ? new(minute, TimeSpan.Zero) : null;
        }
    }

    /// <summary>Notes a use.</summary>
    public void MarkUsed(DateTimeOffset now) => Volatile.Write(ref lastUsed, now.UtcTicks);

    /// <summary>Notes that the use of a minute is written. Called by one writer alone.</summary>
    public void MarkWritten(DateTimeOffset minute) => writtenUse = minute.UtcTicks;

    /// <summary>Counts an open call.</summary>
    public void StreamOpened() => Interlocked.Increment(ref streams);

    /// <summary>Takes an open call off the count.</summary>
    public void StreamClosed() => Interlocked.Decrement(ref streams);

    /// <summary>Takes a reading of the key, unless it is older than the one that is here.</summary>
    public void Update(ApiKey read)
    {
        while (current is var there && read.Version >= there.Version)
        {
            if (Interlocked.CompareExchange(ref current, read, there) == there)
            {
                bearers = [];
                return;
            }
        }
    }

    /// <summary>The value of <c>Authorization</c> towards <paramref name="service"/>; a new token after half of its lifetime.</summary>
    /// <param name="tokens">Makes it.</param>
    /// <param name="service">The service.</param>
    /// <param name="now">Now.</param>
    /// <param name="inSession">Whether a session of the console acts for the key; the token's name of the key says so.</param>
    public string Authorization(InternalTokens tokens, string service, DateTimeOffset now, bool inSession = false)
    {
        var all = bearers;
        foreach (var cached in all)
        {
            if (cached.Service == service && cached.InSession == inSession && cached.Header.IsFresh(now))
            {
                return cached.Header.Value;
            }
        }

        var key = current;
        var token = tokens.ForCaller(new Caller(key.Id, key.NameOf(inSession), key.ProjectId, key.PlatformProject, key.Scopes), service);
        var made = new Bearer(service, inSession, new($"Bearer {token}", now));
        bearers = [.. all.Where(other => other.Service != service || other.InSession != inSession), made]; // at most two for each service
        return made.Header.Value;
    }

    private sealed record Bearer(string Service, bool InSession, CachedToken Header);
}
