using Xerotier.Page.V1;
using Xerotier.StatusService.Board;
using Xerotier.StatusService.History;

namespace Xerotier.StatusService.Publishing;

/// <summary>The newest page, and whether its maker lives.</summary>
public sealed class PublishedPage(TimeProvider time)
{
    /// <summary>A board loop that has not come round for so long is taken for dead, and with it the page.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(1.5);

    private long cameRound;
    private volatile State state = new(null, new(TaskCreationOptions.RunContinuationsAsynchronously));

    /// <summary>The newest page, null before the first, and what completes when the next one is there.</summary>
    public (PageSnapshot? Page, Task Next) Current => state is var now ? (now.Page, now.Next.Task) : default;

    /// <summary>The board loop came round within <see cref="Patience"/>.</summary>
    public bool Alive => Volatile.Read(ref cameRound) is not 0 and var at && time.GetElapsedTime(at) < Patience;

    /// <summary>The board loop came round: what is published is what it knows.</summary>
    public void ComeRound() => Volatile.Write(ref cameRound, time.GetTimestamp());

    /// <summary>Publishes <paramref name="page"/>. Called by one task only.</summary>
    public void Publish(PageSnapshot page)
    {
        var before = state;
        state = new(page, new(TaskCreationOptions.RunContinuationsAsynchronously));
        before.Next.SetResult();
    }

    private sealed record State(PageSnapshot? Page, TaskCompletionSource Next);
}

/// <summary>Registration of the page's publishing.</summary>
public static class PublishingExtensions
{
    /// <summary>Adds the board's loop and what it publishes to.</summary>
    public static void AddPublishing(this IServiceCollection services)
    {
        services.AddSingleton<PublishedPage>();
        services.AddSingleton<StatusMetrics>();
        services.AddSingleton(provider => new LiveBoard(provider.GetRequiredService<StatusTrack>().Look));
        services.AddSingleton<HistoryPages>();
        services.AddHostedService<BoardService>();
    }
}
