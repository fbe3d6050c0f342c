using System.Diagnostics.Metrics;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Xerotier.ServiceDefaults;

/// <summary>
/// The service's own clock beside its store's. It is measured twice a second; in between, and while the store is away, the store's time
/// goes on by the monotonic clock, so that a leap of the own clock shows at the first look.
/// </summary>
public abstract partial class StoreClock : BackgroundService
{
    /// <summary>A clock that differs by more is off.</summary>
    public static readonly TimeSpan OffAbove = TimeSpan.FromSeconds(2);

    /// <summary>A clock that was off is right again when it differs by less, so that it does not change its mind all the time at the limit.</summary>
    public static readonly TimeSpan RightBelow = TimeSpan.FromSeconds(1.5);

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestRoundTrip = TimeSpan.FromSeconds(1); // half of it is how wrong a measurement may be

    private readonly TimeProvider time;
    private readonly string whose;
    private readonly ILogger logger;
    private readonly Meter meter;
    private readonly Lock gate = new();
    private (DateTimeOffset Store, DateTimeOffset Own, long Timestamp)? measured;
    private bool off;
    private bool leapt; // the store's clock away from the own, which has gone on as it did

    /// <summary>Creates the clock and its gauge; until it was measured nothing is known.</summary>
    /// <param name="whose">Whose clock the other one is, in the log.</param>
    /// <param name="time">The own clock.</param>
    /// <param name="meters">Where the gauge is made.</param>
    /// <param name="logger">Where it is said that the clock is off.</param>
    protected StoreClock(string whose, TimeProvider time, IMeterFactory meters, ILogger logger)
    {
        (this.whose, this.time, this.logger) = (whose, time, logger);
        meter = meters.Create("Xerotier.ServiceDefaults");
        meter.CreateObservableGauge(
            "xerotier.clock.skew",
            () => Skew is { } skew ? [new Measurement<double>(skew.TotalSeconds)] : Array.Empty<Measurement<double>>(),
            "s",
            "The service's own clock minus that of its store, Postgres or Redis; nothing until the store has answered once. Above 2 s either way the service is not ready.");
    }

    /// <summary>The store's time; the own clock's until the store has answered once.</summary>
    public DateTimeOffset Now
    {
        get
        {
            var now = time.GetUtcNow();
            return now - (SkewOf(now) ?? TimeSpan.Zero);
        }
    }

    /// <summary>
    /// The own clock's time while it is right, or not known to be off, else the store's. Where it is the store's that leapt, as to a
    /// replica with another clock, the own goes on: what was heard by it stays comparable.
    /// </summary>
    public DateTimeOffset TimeToTrust
    {
        get
        {
            var now = time.GetUtcNow();
            return IsOffAt(now) && !Volatile.Read(ref leapt) ? Now : now;
        }
    }

    /// <summary>The own clock minus the store's; null until the store has answered once.</summary>
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
                LogOff(logger, skew.TotalSeconds, whose);
            }
            else if (was && !off)
            {
                LogRight(logger, skew.TotalSeconds, whose);
            }

            return off;
        }
    }

    /// <summary>Measures once, by the middle of the round trip. One that took too long says nothing.</summary>
    /// <exception cref="Exception">The store does not answer; what was known stays.</exception>
    public async Task MeasureAsync(CancellationToken cancellation)
    {
        var (answer, begun, trip) = await AskAsync(time, cancellation);
        if (trip <= LongestRoundTrip)
        {
            var (store, own) = (answer - (trip / 2), time.GetUtcNow() - time.GetElapsedTime(begun));
            lock (gate)
            {
                if (measured is var (before, ownBefore, timestamp))
                {
                    var passed = time.GetElapsedTime(timestamp, begun);
                    var storeLeapt = (store - before - passed).Duration() > OffAbove;
                    var ownLeapt = (own - ownBefore - passed).Duration() > OffAbove;
                    leapt = (own - store).Duration() >= RightBelow && (leapt || storeLeapt) && !ownLeapt;
                }

                measured = (store, own, begun);
            }
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        meter.Dispose();
        base.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Asks the store for its time.</summary>
    /// <returns>The answer, when it was asked by <paramref name="time"/>, and how long the answer took.</returns>
    protected abstract Task<(DateTimeOffset Answer, long Begun, TimeSpan Trip)> AskAsync(TimeProvider time, CancellationToken cancellation);

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
                // A store that is away is no wrong clock; readiness and those who need it say that it is away.
            }

            await Task.Delay(Interval, time, stoppingToken);
        }
    }

    private TimeSpan? SkewOf(DateTimeOffset now)
    {
        lock (gate)
        {
            return measured is var (store, _, timestamp) ? now - (store + time.GetElapsedTime(timestamp)) : null;
        }
    }

    [LoggerMessage(1, LogLevel.Error, "The clock is off: it differs by {Skew:0.000} s from {Whose}. Until it is right the service is not ready, and does not judge by it")]
    private static partial void LogOff(ILogger logger, double skew, string whose);

    [LoggerMessage(2, LogLevel.Information, "The clock is right again: it differs by {Skew:0.000} s from {Whose}")]
    private static partial void LogRight(ILogger logger, double skew, string whose);
}

/// <summary>Unhealthy while the own clock is known to be off.</summary>
internal sealed class ClockCheck(StoreClock clock) : IHealthCheck
{
    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(
        clock.IsOff ? HealthCheckResult.Unhealthy("The clock is off.") : HealthCheckResult.Healthy());
}
