namespace Xerotier.Gateway.Sessions;

/// <summary>A session that this Gateway has looked up.</summary>
/// <param name="reading">As it was read.</param>
internal sealed class KnownSession(SessionReading reading)
{
    private const long Never = long.MinValue;

    /// <summary>Uses are written once in this time.</summary>
    private static readonly TimeSpan WriteEvery = TimeSpan.FromMinutes(1);

    private volatile SessionReading current = reading;
    private long usedAt = Never;

    /// <summary>The session as it was last read.</summary>
    public SessionReading Reading => current;

    /// <summary>Takes a reading, unless it is older than the one that is here.</summary>
    public void Update(SessionReading read)
    {
        if (read.At >= current.At)
        {
            current = read;
        }
    }

    /// <summary>Notes a use.</summary>
    public void MarkUsed(long timestamp) => Volatile.Write(ref usedAt, timestamp);

    /// <summary>Whether the session goes on, as far as is known.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="idle">How long it may be unused.</param>
    /// <param name="grace">How old a reading may be.</param>
    public bool IsOpen(TimeProvider time, TimeSpan idle, TimeSpan grace)
    {
        var (read, used, now) = (current, Volatile.Read(ref usedAt), time.GetTimestamp());
        var age = time.GetElapsedTime(read.At, now);
        var unused = read.Unused + age;
        if (used != Never && time.GetElapsedTime(used, now) is var sinceUse && sinceUse < unused)
        {
            unused = sinceUse;
        }

        return age <= grace && age < read.Left && unused < idle;
    }

    /// <summary>Whether the database is to learn of a use.</summary>
    public bool HasUnwrittenUse(TimeProvider time)
    {
        var (read, used) = (current, Volatile.Read(ref usedAt));
        return used != Never && read.Unused + time.GetElapsedTime(read.At, used) >= WriteEvery;
    }
}
