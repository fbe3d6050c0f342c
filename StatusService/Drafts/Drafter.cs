using System.ComponentModel.DataAnnotations;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Options;
using Xerotier.Maintenance.V1;
using Xerotier.ServiceDefaults;
using Xerotier.StatusService.Model;
using Xerotier.StatusService.Publishing;

namespace Xerotier.StatusService.Drafts;

/// <summary>Section <c>Incidents</c>.</summary>
public sealed class IncidentsOptions
{
    /// <summary>Seconds of an outage, 1 to 86400, after which an incident is drafted for it; 0: never.</summary>
    [Range(0, 86_400)]
    public int DraftAfterSeconds { get; set; } = 120;
}

/// <summary>
/// Has an incident drafted for an outage that lasts while nobody says anything of it, and the draft discarded when the component has been
/// operational for a while (incidents.md section 11). The replica that records does it. An outage is named by its component and the
/// recorder's instant of its beginning, and is stored before its draft is asked for, so that a successor goes on with the same. How long
/// anything has lasted is judged at the instant of the look: the own clock may have leapt since.
/// </summary>
public sealed partial class Drafter(
    Published published,
    DraftStore store,
    MaintenanceFeed.MaintenanceFeedClient maintenance,
    IOptions<IncidentsOptions> options,
    TimeProvider time,
    ILogger<Drafter> logger) : BackgroundService
{
    private const long DiscardAfter = 300; // seconds

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(30);

    private readonly FailureLog failures = new(logger, "An incident cannot be drafted or discarded; it is tried again", "Incidents can be drafted and discarded again");
    private readonly Dictionary<string, long> failedAt = []; // by component key
    private readonly Dictionary<string, long> operationalSince = []; // of those that were operational before the first look
    private List<DraftedOutage>? outages; // null: not read since this replica began to record

    /// <summary>A draft or its discarding has failed and is tried again.</summary>
    internal bool IsFailing => failures.IsFailing;

    /// <summary>One round: asks for what is due.</summary>
    internal async Task RoundAsync(CancellationToken stopping)
    {
        if (!published.IsLoopAlive || published.Look is not { Recording: true } look)
        {
            outages = null; // another replica may go on with them
            operationalSince.Clear();
            failedAt.Clear();
            failures.Forget();
            return;
        }

        ForgetGone(look);
        foreach (var (component, _, measured) in look.Board.Shown)
        {
            if (measured is not { } verdict || (failedAt.TryGetValue(component.Key, out var at) && time.GetElapsedTime(at) < RetryAfter))
            {
                continue;
            }

            try
            {
                outages ??= await store.ListAsync(stopping);
                await FollowAsync(component, verdict, look, outages, stopping);
                if (failedAt.Remove(component.Key) && failedAt.Count == 0)
                {
                    failures.Succeeded();
                }
            }
            catch (Exception failure) when (!stopping.IsCancellationRequested)
            {
                failedAt[component.Key] = time.GetTimestamp();
                failures.Failed(failure);
            }
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await RoundAsync(stoppingToken);
        }
    }

    /// <summary>What failed for a component that is no longer measured is not tried again, and nothing else would say that it is over.</summary>
    private void ForgetGone(Look look)
    {
        foreach (var gone in failedAt.Keys.Except(look.Board.Shown.Where(shown => shown.Measured is not null).Select(shown => shown.Component.Key)).ToList())
        {
            failedAt.Remove(gone);
        }

        if (failedAt.Count == 0)
        {
            failures.Forget();
        }
    }

    private async Task FollowAsync(Component component, Verdict measured, Look look, List<DraftedOutage> known, CancellationToken cancellation)
    {
        var second = look.At.ToUnixTimeSeconds();
        if (measured.Status is not ComponentStatus.Operational)
        {
            operationalSince.Remove(component.Key);
        }

        if (!look.Stamp.Measured.TryGetValue(component.Key, out var held) || held.Status != measured.Status)
        {
            return; // the loop will know since when
        }

        if (measured.Status is ComponentStatus.Outage && !component.IsUnmeasured && options.Value.DraftAfterSeconds > 0)
        {
            var outage = await OutageAsync(component.Key, held.At, second, known, cancellation);
            if (!outage.Drafted && second - outage.Since >= options.Value.DraftAfterSeconds && !IsExplained(component, look))
            {
                await DraftAsync(component, outage, measured.Reason ?? "", known, cancellation);
            }
        }
        else if (measured.Status is ComponentStatus.Operational && known.Exists(o => o.Key == component.Key))
        {
            if (held.At is null)
            {
                operationalSince.TryAdd(component.Key, second);
            }

            if (second - (held.At ?? operationalSince[component.Key]) >= DiscardAfter)
            {
                await DiscardAsync(component, known, cancellation);
            }
        }
    }

    /// <summary>The outage that lasts. One that began before anybody looked is the newest that is known or, if there is none, begins now.</summary>
    private async Task<DraftedOutage> OutageAsync(string key, long? at, long now, List<DraftedOutage> known, CancellationToken cancellation)
    {
        var outage = known.Where(o => o.Key == key && (at is null || o.Since == at)).MaxBy(o => o.Since);
        if (outage is not null || at is not null)
        {
            return outage ?? new(key, at!.Value, Drafted: false);
        }

        outage = new(key, now, Drafted: false);
        await store.PutAsync(outage, cancellation);
        known.Add(outage);
        return outage;
    }

    /// <summary>Whether people know: an open incident names the component, or a window is active for it. While the notices are not live, nobody can say that none is.</summary>
    private static bool IsExplained(Component component, Look look) =>
        look.Board.NoticesUnavailable || look.Board.Windows is not { } windows
        || look.Board.Announced.Naming(component).Any()
        || windows.Cover(component, look.At);

    private async Task DraftAsync(Component component, DraftedOutage outage, string reason, List<DraftedOutage> known, CancellationToken cancellation)
    {
        if (!known.Contains(outage))
        {
            await store.PutAsync(outage, cancellation);
            known.Add(outage);
        }

        var response = await maintenance.DraftIncidentAsync(new() { ComponentId = component.Id, Since = At(outage.Since), Reason = reason }, cancellationToken: cancellation);
        known[known.IndexOf(outage)] = outage with { Drafted = true };
        await store.PutAsync(outage with { Drafted = true }, cancellation);
        LogDrafted(logger, response.IncidentId, component.Key);
    }

    private async Task DiscardAsync(Component component, List<DraftedOutage> known, CancellationToken cancellation)
    {
        foreach (var outage in known.Where(o => o.Key == component.Key).ToList())
        {
            var response = await maintenance.DiscardDraftAsync(new() { ComponentId = component.Id, Since = At(outage.Since) }, cancellationToken: cancellation);
            await store.RemoveAsync(outage, cancellation);
            known.Remove(outage);
            if (response.Discarded)
            {
                LogDiscarded(logger, component.Key);
            }
        }
    }

    private static Timestamp At(long second) => new() { Seconds = second };

    [LoggerMessage(1, LogLevel.Information, "Drafted incident {Incident} for the outage of {Component}")]
    private static partial void LogDrafted(ILogger logger, string incident, string component);

    [LoggerMessage(2, LogLevel.Information, "Discarded the draft for {Component}, which is operational again")]
    private static partial void LogDiscarded(ILogger logger, string component);
}

/// <summary>Registration of the drafts.</summary>
public static class DraftsExtensions
{
    /// <summary>Adds what drafts incidents, and its settings.</summary>
    public static void AddDrafts(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<IncidentsOptions>().Bind(configuration.GetSection("Incidents")).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<DraftStore>();
        services.AddHostedService<Drafter>();
    }
}
