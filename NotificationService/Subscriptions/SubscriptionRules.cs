using Xerotier.ServiceDefaults;

namespace Xerotier.NotificationService.Subscriptions;

/// <summary>What may become of a subscription (notifications.md section 21).</summary>
internal static class SubscriptionRules
{
    /// <summary>What deliveries say that were pending when somebody disabled their subscription.</summary>
    public const string GivenUp = "The subscription was disabled.";

    /// <summary>Refuses a change that the subscription does not allow.</summary>
    /// <exception cref="ApiException">409.</exception>
    public static void Check(StoredSubscription subscription, SubscriptionUpdate fields)
    {
        if (subscription.Channel == SubscriptionChannel.Email && fields.Target is { } target && target != subscription.Address)
        {
            throw new ApiException(ApiErrors.InvalidStateTransition("The target of an e-mail subscription cannot be changed: create another one, which its owner confirms."));
        }

        if (subscription.State == SubscriptionState.Unconfirmed && fields.State is not null)
        {
            throw new ApiException(ApiErrors.InvalidStateTransition("The subscription is unconfirmed: the owner of the address must confirm it first.")); // disabling would lead around that
        }
    }

    /// <summary>Whether the change says anything new.</summary>
    public static bool Changes(StoredSubscription subscription, SubscriptionUpdate fields) =>
        (fields.Target is { } target && target != subscription.Address)
        || (fields.State is { } state && state != subscription.State)
        || (fields.Components is { } components && !components.SequenceEqual(subscription.Components))
        || (fields.Events is { } events && !events.SequenceEqual(subscription.Events));

    /// <summary>409 for a message to a subscription that is not told.</summary>
    public static ApiException NotActive(StoredSubscription subscription) =>
        new(ApiErrors.InvalidStateTransition($"The subscription is {subscription.State.Wire()}, so nothing is sent to it."));
}
