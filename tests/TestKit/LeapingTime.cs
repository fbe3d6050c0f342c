namespace Xerotier.TestKit;

/// <summary>A clock whose time of day can be off, while timers and timestamps go on as they do: what happens to a process whose machine's clock is set.</summary>
/// <param name="right">The time as it is.</param>
public sealed class LeapingTime(TimeProvider right) : TimeProvider
{
    /// <summary>How far the time of day is ahead.</summary>
    public TimeSpan Ahead { get; set; }

    /// <inheritdoc/>
    public override long TimestampFrequency => right.TimestampFrequency;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => right.LocalTimeZone;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => right.GetUtcNow() + Ahead;

    /// <inheritdoc/>
    public override long GetTimestamp() => right.GetTimestamp();

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => right.CreateTimer(callback, state, dueTime, period);
}
