using System.ComponentModel.DataAnnotations;

namespace Xerotier.NotificationService.Model;

/// <summary>Section <c>Notifications</c>.</summary>
internal sealed class NotificationsOptions
{
    /// <summary>Webhooks and Slack targets of a project, 1 to 100,000.</summary>
    [Range(1, 100_000)]
    public int MaxSubscriptionsPerProject { get; set; } = 100;

    /// <summary>Whether messages may go to addresses that are not public, and by plain http: for tests and inside networks.</summary>
    public bool AllowPrivateTargets { get; set; }
}
