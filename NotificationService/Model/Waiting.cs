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

    /// <summary>
    /// In SQL: the <c>next_attempt_at</c> of a mail that asks the owner of an address, who waits for it. Its first attempt goes before the
    /// mails of events, of which there may be thousands; not while fifty such mails wait, since anybody can cause them.
    /// </summary>
    public const string BeforeOthers = """
        clock_timestamp() - case when (
            select count(*) from (
                select from deliveries w where w.state = 'pending' and w.lane = 'mail' and w.next_attempt_at < clock_timestamp() - interval '12 hours' limit 50
            ) before
        ) < 50 then interval '1 day' else interval '0' end
        """;

    /// <summary>In SQL: since when, or from when on, the message <c>d</c> is due; null: it is not to be tried yet.</summary>
    public const string DueAt = "case when d.next_attempt_at < d.created_at then d.created_at else d.next_attempt_at end";

    /// <summary>In SQL: whether an earlier message of its subscription holds up the message <c>d</c>, which then waits for it.</summary>
    public static readonly string HeldUp = EarlierThan("d.subscription_id", "d.sequence");

    /// <summary>In SQL: whether no message of the subscription <c>s</c>, beneath its newest sequence, holds up its newest one, which is then due at once.</summary>
    public static readonly string NothingBefore = $"not {EarlierThan("s.id", "s.sequence")}";

    private static string EarlierThan(string subscription, string sequence) => $"""
        exists (
            select from deliveries earlier
            where earlier.subscription_id = {subscription} and earlier.sequence < {sequence} and earlier.state = 'pending' and earlier.attempts < {Attempts}
        )
        """;
}
