namespace Xerotier.StatusService.Documents.Content;

/// <summary>A step of a maintenance window, as feeds tell it.</summary>
/// <param name="Status">What it became.</param>
/// <param name="At">When.</param>
/// <param name="Text">What there is to say, plain text.</param>
public sealed record WindowStep(WindowStatus Status, DateTimeOffset At, string Text);

/// <summary>The steps of maintenance windows.</summary>
public static class WindowSteps
{
    /// <summary>The steps that <paramref name="window"/> has taken, by time. The first says what the work is.</summary>
    public static IReadOnlyList<WindowStep> Of(PageWindow window)
    {
        var steps = new List<WindowStep> { new(WindowStatus.Scheduled, window.CreatedAt, window.Description.Length > 0 ? window.Description : window.Title) };
        if (window.ActivatedAt is { } activated)
        {
            steps.Add(new(WindowStatus.Active, activated, "The maintenance is in progress."));
        }

        if (window.CompletedAt is { } completed)
        {
            steps.Add(new(WindowStatus.Completed, completed, "The maintenance is completed."));
        }
        else if (window.CancelledAt is { } cancelled)
        {
            steps.Add(new(WindowStatus.Cancelled, cancelled, "The maintenance is cancelled."));
        }

        return steps;
    }
}
