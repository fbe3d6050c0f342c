using System.ComponentModel.DataAnnotations;

namespace Xerotier.NotificationService.Model;

/// <summary>Section <c>Notifications</c>.</summary>
internal sealed class NotificationsOptions
{
    /// <summary>Webhooks and Slack targets of a project, 1 to 100,000.</summary>
    [Range(1, 100_000)]
    public int MaxSubscriptionsPerProject { get; set; } = 100;

    /// <summary>Tests of one subscription a minute, 1 to 1,000: its target may be somebody else's.</summary>
    [Range(1, 1_000)]
    public int TestsPerMinute { get; set; } = 5;

    /// <summary>Tests of all subscriptions of a project together a minute, 1 to 10,000.</summary>
    [Range(1, 10_000)]
    public int ProjectTestsPerMinute { get; set; } = 20;

    /// <summary>Whether messages may go to addresses that are not public, and by plain http: for tests and inside networks.</summary>
    public bool AllowPrivateTargets { get; set; }
}
