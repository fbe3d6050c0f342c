using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using Xerotier.Page.V1;
using Xerotier.ServiceDefaults;
using Xerotier.StatusService.Board;
using Xerotier.StatusService.Documents.Content;
using Xerotier.StatusService.History;
using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.Publishing;

/// <summary>What the loop has published, and whether the loop is alive.</summary>
public sealed class Published(TimeProvider time)
{
    /// <summary>A loop that has not reported itself alive for so long counts as stuck.</summary>
    public static readonly TimeSpan LivenessTimeout = TimeSpan.FromSeconds(1.5);

    private long aliveAt;
    private volatile Look? look;
    private volatile HistorySnapshot history = HistorySnapshot.Empty;

    /// <summary>The newest page; null before the first.</summary>
    public Latest<PageSnapshot?> Page { get; } = new(null);

    /// <summary>What the newest page shows, and what the loop saw for it; null before the first.</summary>
    public Latest<(StatusPageModel Page, BoardState Board)?> Shown { get; } = new(null);

    /// <summary>The other documents by path; null before they were first made, none while they cannot be.</summary>
    public Latest<IReadOnlyDictionary<string, PublicDocument>?> Documents { get; } = new(null);

    /// <summary>The newest components and incidents.</summary>
    public Latest<Announcements> Announced { get; } = new(Announcements.None);

    /// <summary>What the loop saw last; null while it has only just started.</summary>
    public Look? Look
    {
        get => look;
        set => look = value;
    }

    /// <summary>The newest history.</summary>
    public HistorySnapshot History
    {
        get => history;
        set => history = value;
    }

    /// <summary>The loop reported itself alive within <see cref="LivenessTimeout"/>.</summary>
    public bool IsLoopAlive => Volatile.Read(ref aliveAt) is not 0 and var at && time.GetElapsedTime(at) < LivenessTimeout;

    /// <summary>The loop reports itself alive: what is published is what it knows now.</summary>
    public void ReportAlive() => Volatile.Write(ref aliveAt, time.GetTimestamp());
}

/// <summary>What the loop saw at one look.</summary>
/// <param name="Board">The board.</param>
/// <param name="Stamp">Since when it is so.</param>
/// <param name="Recording">This replica records.</param>
/// <param name="At">The instant of the look, at which the clock was not known to be off.</param>
public sealed record Look(BoardState Board, ChangeStamp Stamp, bool Recording, DateTimeOffset At);

/// <summary>Healthy once there is a page: whoever restarts one replica after the other must not stop the only one that has one.</summary>
internal sealed class PageCheck(Published published) : IHealthCheck
{
    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(
        published.Page.Current.Value is null ? HealthCheckResult.Unhealthy("There is no page yet.") : HealthCheckResult.Healthy());
}

/// <summary>Registration of all that is published.</summary>
public static class PublishingExtensions
{
    /// <summary>Adds the loop and what it publishes to.</summary>
    public static void AddPublishing(this IServiceCollection services)
    {
        services.AddSingleton(provider => new LiveBoard(provider.GetRequiredService<StatusTrack>().Observe, provider.GetRequiredService<IOptions<BoardOptions>>().Value.MaintenanceFrom));
        services.AddSingleton<Published>();
        services.AddSingleton<PagePublisher>();
        services.AddSingleton<StatusMetrics>();
        services.AddSingleton<WindowQueries>();
        services.AddSingleton<HistoryPages>();
        services.AddSingleton<IncidentPages>();
        services.AddSingleton<WindowCalendars>();
        services.AddSingleton<Dashboards>();
        services.AddHostedService<StatusLoop>();
        services.AddHostedSingleton<Installation>();
        services.AddHostedService<DocumentsPublisher>();
        services.AddHealthChecks().AddCheck<PageCheck>("status_page");
    }
}
