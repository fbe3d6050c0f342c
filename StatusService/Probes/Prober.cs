using System.Threading.Channels;
using Microsoft.Extensions.Options;
using Xerotier.Contracts;
using Xerotier.ServiceDefaults;
using Xerotier.StatusService.Board;
using Xerotier.StatusService.Model;
using Xerotier.StatusService.Publishing;

namespace Xerotier.StatusService.Probes;

/// <summary>
/// Probes the components while it holds the lease, and takes what another replica finds while it does not, so that all boards say the
/// same. Each component has at most one probe under way, so a target that hangs delays no other. While the database is away, whoever
/// probed last goes on.
/// </summary>
public sealed class Prober : BackgroundService
{
    private const int MostComponents = 50; // that have a probe; the quota of components (incidents.md section 10)

    private static readonly TimeSpan TurnPeriod = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan TurnTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan BetweenFirst = TimeSpan.FromMilliseconds(100); // the first probes of components that appear together

    private readonly Guid me = Guid.NewGuid();
    private readonly Published published;
    private readonly BoardInbox inbox;
    private readonly ProbeStore store;
    private readonly Migrations migrations;
    private readonly ModelStorageOptions modelStorage;
    private readonly TimeProvider time;
    private readonly ILogger<Prober> logger;
    private readonly FailureLog turns;
    private readonly ProbeClient components;
    private readonly ProbeClient settings;
    private readonly long origin;
    private readonly Dictionary<string, ProbeLine> lines = new(StringComparer.Ordinal); // by component key
    private readonly Channel<Answered> answers = Channel.CreateUnbounded<Answered>(new() { SingleReader = true });

    private bool awaited = true; // the board waits for the first round

    /// <summary>Creates the prober.</summary>
    public Prober(
        Published published,
        BoardInbox inbox,
        ProbeStore store,
        Migrations migrations,
        IOptions<ProbesOptions> options,
        IOptions<ModelStorageOptions> modelStorage,
        TimeProvider time,
        ILogger<Prober> logger)
    {
        (this.published, this.inbox, this.store, this.migrations, this.time, this.logger) = (published, inbox, store, migrations, time, logger);
        this.modelStorage = modelStorage.Value;
        turns = new(logger, "The findings of probes cannot be shared; whoever probed last goes on", "The findings of probes can be shared again");
        components = new(options.Value.AllowPrivateTargets, time);
        settings = new(allowPrivate: true, time);
        origin = time.GetTimestamp();
    }

    /// <summary>This replica probes.</summary>
    public bool Probing { get; private set; }

    /// <summary>The probes that are under way.</summary>
    internal Task UnderWay => Task.WhenAll(lines.Values.Select(line => line.UnderWay ?? Task.CompletedTask));

    /// <summary>Monotonic: a clock that is set moves no probe.</summary>
    private TimeSpan Now => time.GetElapsedTime(origin);

    /// <inheritdoc/>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        inbox.Enqueue((inputs, _) => inputs with { ProbesAwaited = true });
        if (modelStorage.ProbeUrl is { Length: > 0 })
        {
            inbox.Enqueue((inputs, _) => inputs.WithProbe(Components.ModelStorage.Key, Rules.NotProbed, default)); // operational is what nobody is to ask
        }

        return base.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (!Probing)
        {
            return;
        }

        try
        {
            await store.ReleaseAsync(me, cancellationToken);
        }
        catch (Exception failure) when (failure is Npgsql.NpgsqlException or OperationCanceledException or TimeoutException)
        {
            turns.Failed(failure); // the lease ends by itself
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        components.Dispose();
        settings.Dispose();
        base.Dispose();
    }

    /// <summary>One round: takes the answers that have come, shares them, and asks whatever is due.</summary>
    /// <returns>How long the prober may wait for an answer or for other components before the next round.</returns>
    internal async Task<TimeSpan> RoundAsync(CancellationToken stopping)
    {
        while (answers.Reader.TryRead(out var answered))
        {
            Take(answered);
        }

        Follow(published.Announced.Value);
        await ShareAsync(stopping);
        foreach (var line in lines.Values.Where(line => !line.Reported))
        {
            Report(line);
        }

        if (awaited)
        {
            awaited = false;
            inbox.Enqueue((inputs, _) => inputs with { ProbesAwaited = false });
        }

        if (!Probing)
        {
            return TurnPeriod;
        }

        var (now, wait) = (Now, TurnPeriod);
        foreach (var line in lines.Values.Where(line => line.UnderWay is null))
        {
            if (line.Due <= now)
            {
                line.UnderWay = AskAsync(line, line.Probe, now, stopping);
            }
            else if (line.Due - now < wait)
            {
                wait = line.Due - now;
            }
        }

        return wait;
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await migrations.Done.WaitAsync(stoppingToken);
        Task? answer = null;
        while (!stoppingToken.IsCancellationRequested)
        {
            var changed = published.Announced.Current.Changed;
            var wait = Task.Delay(await RoundAsync(stoppingToken), time, stoppingToken);
            answer = answer is null or { IsCompleted: true } ? answers.Reader.WaitToReadAsync(stoppingToken).AsTask() : answer;
            await Task.WhenAny(answer, changed, wait);
        }
    }

    /// <summary>Keeps a line for each component that has a probe now, and for Model Storage if its setting says so.</summary>
    private void Follow(Announcements announced)
    {
        var wanted = announced.Current.Where(c => c.Probe is not null).Take(MostComponents)
            .Select(c => (c.Key, Probe: c.Probe!, Client: components, Failures: 2)).ToList();
        if (modelStorage.ProbeUrl is { Length: > 0 } address)
        {
            var probe = new ComponentProbe { Url = address, IntervalSeconds = modelStorage.IntervalSeconds, TimeoutSeconds = modelStorage.TimeoutSeconds };
            wanted.Add((Components.ModelStorage.Key, probe, settings, modelStorage.FailuresBeforeOutage));
        }

        foreach (var gone in lines.Keys.Except(wanted.Select(w => w.Key)).ToList())
        {
            lines[gone].Log.Forget();
            lines.Remove(gone);
        }

        var first = Now;
        foreach (var (key, probe, client, failures) in wanted)
        {
            if (!lines.TryGetValue(key, out var line))
            {
                lines[key] = new(key, client, failures, new(logger, $"The probe of {key} fails", $"The probe of {key} succeeds again")) { Probe = probe, Findings = Findings.None(probe), Due = first };
                first += BetweenFirst;
            }
            else if (line.Probe != probe)
            {
                (line.Probe, line.Due) = (probe, Now);
                if (!line.Findings.AreOf(probe))
                {
                    (line.Findings, line.CheckedAt, line.Shared, line.Reported) = (Findings.None(probe), null, true, false);
                }
            }
        }
    }

    /// <summary>Takes or keeps the lease, writes what is new, and takes what another replica has found.</summary>
    private async Task ShareAsync(CancellationToken stopping)
    {
        var now = Now;
        var found = Probing ? lines.Values.Where(line => !line.Shared).ToList() : [];
        using var late = new CancellationTokenSource(TurnTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, stopping);
        try
        {
            var (held, rows) = await store.TurnAsync(me, [.. found.Select(line => (line.Key, line.Findings, now - line.CheckedAt!.Value))], either.Token);
            foreach (var row in rows)
            {
                if (lines.TryGetValue(row.Key, out var line) && row.Findings.AreOf(line.Probe) && (!Probing || line.CheckedAt is null))
                {
                    Adopt(line, row);
                }
            }

            found.ForEach(line => line.Shared = true);
            if (Probing && !held)
            {
                Forget();
            }

            Probing = held;
            turns.Succeeded();
        }
        catch (Exception failure) when (!stopping.IsCancellationRequested)
        {
            turns.Failed(failure);
        }
    }

    /// <summary>Says of no probe that it fails: whoever probes now says it.</summary>
    private void Forget()
    {
        foreach (var line in lines.Values)
        {
            line.Log.Forget();
        }
    }

    /// <summary>Goes on from what another replica has found.</summary>
    private void Adopt(ProbeLine line, ProbeRow row)
    {
        if ((line.AdoptedAt == row.CheckedAt && line.Reported) || row.Age > Findings.LifetimeOf(line.Probe))
        {
            return; // it is known, or it no longer counts
        }

        var checkedAt = Now - (row.Age > TimeSpan.Zero ? row.Age : TimeSpan.Zero);
        (line.Findings, line.CheckedAt, line.AdoptedAt, line.Shared, line.Reported) = (row.Findings, checkedAt, row.CheckedAt, true, false);
        line.Due = row.Findings.Verdict == Rules.ProbeRefused ? Now // by a setting, which may be another one here
            : checkedAt + (row.Findings.Failures > 0 ? Findings.RetryAfter(line.Probe) : TimeSpan.FromSeconds(line.Probe.IntervalSeconds));
    }

    private async Task AskAsync(ProbeLine line, ComponentProbe probe, TimeSpan begun, CancellationToken stopping)
    {
        await Task.Yield();
        try
        {
            answers.Writer.TryWrite(new(line, probe, begun, await line.Client.AskAsync(probe, stopping)));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The service stops.
        }
    }

    private void Take(Answered answered)
    {
        var (line, probe, begun, answer) = answered;
        line.UnderWay = null;
        if (!Probing || line.Probe != probe || lines.GetValueOrDefault(line.Key) != line)
        {
            return; // another replica probes now, the question has changed, or nobody asks it any more
        }

        var now = Now;
        (line.Findings, line.CheckedAt, line.Shared, line.Reported) = (line.Findings.With(answer.Outcome, line.FailuresBeforeOutage), now, false, false);
        line.Due = answer.Outcome is ProbeOutcome.Failure ? now + Findings.RetryAfter(probe) : begun + line.UntilItsPlace(begun);
        if (answer.Why is { } why)
        {
            line.Log.Failed(why);
        }
        else
        {
            line.Log.Succeeded();
        }
    }

    private void Report(ProbeLine line)
    {
        line.Reported = true;
        var (key, verdict) = (line.Key, line.Findings.Verdict);
        if (line.CheckedAt is not { } checkedAt)
        {
            inbox.Enqueue((inputs, _) => inputs.WithProbe(key, verdict, default));
            return;
        }

        var left = Findings.LifetimeOf(line.Probe) - (Now - checkedAt);
        inbox.Enqueue((inputs, at) => inputs.WithProbe(key, verdict, at + left));
    }

    private sealed record Answered(ProbeLine ProbeLine, ComponentProbe Probe, TimeSpan Begun, ProbeAnswer Answer);
}
