using System.Diagnostics.Metrics;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Xerotier.ServiceDefaults;

/// <summary>
/// The service's own clock beside its database's, which decides where data is judged. It is measured twice a second; in between, and while
/// the database is away, the database's time goes on by the monotonic clock, so that a leap of the own clock shows at the first look.
/// </summary>
public sealed partial class DatabaseClock : BackgroundService
{
    /// <summary>A clock that differs by more is off.</summary>
    public static readonly TimeSpan OffAbove = TimeSpan.FromSeconds(2);

    /// <summary>A clock that was off is right again when it differs by less, so that it does not change its mind all the time at the limit.</summary>
    public static readonly TimeSpan RightBelow = TimeSpan.FromSeconds(1.5);

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestRoundTrip = TimeSpan.FromSeconds(1); // half of it is how wrong a measurement may be

    private readonly NpgsqlDataSource database;
    private readonly TimeProvider time;
    private readonly ILogger<DatabaseClock> logger;
    private readonly Meter meter;
    private readonly Lock gate = new();
    private (DateTimeOffset Database, long Timestamp)? measured;
    private bool off;

    /// <summary>Creates the clock and its gauge; until it was measured nothing is known.</summary>
    public DatabaseClock(NpgsqlDataSource database, TimeProvider time, IMeterFactory meters, ILogger<DatabaseClock> logger)
    {
        (this.database, this.time, this.logger) = (database, time, logger);
        meter = meters.Create("Xerotier.ServiceDefaults");
        meter.CreateObservableGauge(
            "xerotier.clock.skew",
            () => Skew is { } skew ? [new Measurement<double>(skew.TotalSeconds)] : Array.Empty<Measurement<double>>(),
            "s",
            "The service's own clock minus its database's; nothing until the database has answered once. Above 2 s either way the service is not ready.");
    }

    /// <summary>The database's time; the own clock's until the database has answered once.</summary>
    public DateTimeOffset Now
    {
        get
        {
            var now = time.GetUtcNow();
            return now - (SkewOf(now) ?? TimeSpan.Zero);
        }
    }

    /// <summary>The own clock minus the database's; null until the database has answered once.</summary>
    public TimeSpan? Skew => SkewOf(time.GetUtcNow());

    /// <summary>Whether the own clock is known to be off now.</summary>
    public bool IsOff => IsOffAt(time.GetUtcNow());

    /// <summary>Whether the own clock, which has just said <paramref name="now"/>, is known to be off. Logs when that changes.</summary>
    public bool IsOffAt(DateTimeOffset now)
    {
        lock (gate)
        {
            if (SkewOf(now) is not { } skew)
            {
                return false;
            }

            var was = off;
            off = was ? skew.Duration() >= RightBelow : skew.Duration() > OffAbove;
            if (off && !was)
            {
                LogOff(logger, skew.TotalSeconds);
            }
            else if (was && !off)
            {
                LogRight(logger, skew.TotalSeconds);
            }

            return off;
        }
    }

    /// <summary>Measures once, by the middle of the round trip. One that took too long says nothing.</summary>
    /// <exception cref="NpgsqlException">The database does not answer; what was known stays.</exception>
    public async Task MeasureAsync(CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation); // before the trip: connecting takes long on one side of it
        await using var command = new NpgsqlCommand("select clock_timestamp()", connection) { CommandTimeout = 2 };
        var begun = time.GetTimestamp();
        var answer = (DateTime)(await command.ExecuteScalarAsync(CancellationToken.None))!; // not cancelled: Npgsql does that synchronously, and two seconds are short
        var trip = time.GetElapsedTime(begun);
        if (trip <= LongestRoundTrip)
        {
            lock (gate)
            {
                measured = (new DateTimeOffset(answer) - (trip / 2), begun);
            }
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        meter.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        while (true)
        {
            try
            {
                await MeasureAsync(stoppingToken);
                _ = IsOff; // says so though nobody else asks
            }
            catch (Exception) when (!stoppingToken.IsCancellationRequested)
            {
                // A database that is away is no wrong clock; readiness and those who need it say that it is away.
            }

            await Task.Delay(Interval, time, stoppingToken);
        }
    }

    private TimeSpan? SkewOf(DateTimeOffset now)
    {
        lock (gate)
        {
            return measured is var (database, timestamp) ? now - (database + time.GetElapsedTime(timestamp)) : null;
        }
    }

    [LoggerMessage(1, LogLevel.Error, "The clock is off: it differs by {Skew:0.000} s from the database's. Until it is right the service is not ready, and does not judge by it")]
    private static partial void LogOff(ILogger logger, double skew);

    [LoggerMessage(2, LogLevel.Information, "The clock is right again: it differs by {Skew:0.000} s from the database's")]
    private static partial void LogRight(ILogger logger, double skew);
}

/// <summary>Unhealthy while the own clock is known to be off.</summary>
internal sealed class ClockCheck(DatabaseClock clock) : IHealthCheck
{
    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(
        clock.IsOff ? HealthCheckResult.Unhealthy("The clock is off.") : HealthCheckResult.Healthy());
}
