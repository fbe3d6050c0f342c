namespace Xerotier.NotificationService.Messages;

/// <summary>What came of an attempt.</summary>
internal enum SendOutcome
{
    /// <summary>The message arrived.</summary>
    Delivered,

    /// <summary>It did not, and may the next time.</summary>
    FailedForNow,

    /// <summary>It did not, and never will.</summary>
    FailedForGood,

    /// <summary>It did not, and the receiver wants no other: its subscription is to be disabled.</summary>
    Disable,

    /// <summary>Nobody was asked: the address is not one that a message may go to. It counts as <see cref="FailedForNow"/>, for names change.</summary>
    Refused,
}

/// <summary>What came of an attempt, and why.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="StatusCode">The status of the response, of HTTP or SMTP; null: there was no response.</param>
/// <param name="Error">What went wrong, for those who may see the subscription: a sentence without address or secret; null after a success.</param>
/// <param name="RetryAfter">How long the receiver asks to be left alone, up to a day; null: it does not.</param>
internal sealed record SendResult(SendOutcome Outcome, int? StatusCode, string? Error, TimeSpan? RetryAfter = null);
