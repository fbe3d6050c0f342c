namespace Xerotier.NotificationService.Model;

/// <summary>
/// The order of a subscription's messages (notifications.md section 20). Whoever adds one takes its <c>sequence</c> by an update of the
/// subscription's row, in a statement of its own before the one that adds it: the next statement then sees every message that was added or
/// given up before. Whoever holds a message's row must have taken the subscription's first, or two of them wait for each other.
/// </summary>
internal static class Waiting
{
    /// <summary>How often a message may fail until later ones are tried too.</summary>
    public const int Attempts = 3;

    /// <summary>In SQL: the lane that sends what is due to the subscription <c>s</c> (<see cref="Sending.Lane"/>). It is set with each <c>next_attempt_at</c>.</summary>
    public const string LaneOf = "case when s.channel = 'email' then 'mail' when s.slow then 'slow' else 'well' end";

    /// <summary>In SQL: whether no message of the subscription <c>s</c>, beneath its newest sequence, holds up its newest one, which is then due at once.</summary>
    public static readonly string NothingBefore = $"""
        not exists (
            select from deliveries earlier
            where earlier.subscription_id = s.id and earlier.sequence < s.sequence and earlier.state = 'pending' and earlier.attempts < {Attempts}
        )
        """;
}
