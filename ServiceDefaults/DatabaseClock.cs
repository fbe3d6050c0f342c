using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Xerotier.ServiceDefaults;

/// <summary>The service's own clock beside its database's, which decides where data is judged.</summary>
public sealed class DatabaseClock(NpgsqlDataSource database, TimeProvider time, IMeterFactory meters, ILogger<DatabaseClock> logger)
    : StoreClock("the database's", time, meters, logger)
{
    /// <inheritdoc/>
    protected override async Task<(DateTimeOffset Answer, long Begun, TimeSpan Trip)> AskAsync(TimeProvider time, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation); // before the trip: connecting takes long on one side of it
        await using var command = new NpgsqlCommand("select clock_timestamp()", connection) { CommandTimeout = 2 };
        var begun = time.GetTimestamp();
        var answer = (DateTime)(await command.ExecuteScalarAsync(CancellationToken.None))!; // not cancelled: Npgsql does that synchronously, and two seconds are short
        return (answer, begun, time.GetElapsedTime(begun));
    }
}

/// <summary>
/// The database's time of day, for those who judge by a <see cref="TimeProvider"/>: the service's own until the database has answered once.
/// What passes goes by the own monotonic clock. Registered under <see cref="Key"/>.
/// </summary>
public sealed class DatabaseTime(DatabaseClock clock, TimeProvider time) : TimeProvider
{
    /// <summary>Under which it is registered as a keyed <see cref="TimeProvider"/>.</summary>
    public const string Key = "database";

    /// <inheritdoc/>
    public override long TimestampFrequency => time.TimestampFrequency;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => clock.Now;

    /// <inheritdoc/>
    public override long GetTimestamp() => time.GetTimestamp();

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => time.CreateTimer(callback, state, dueTime, period);
}
