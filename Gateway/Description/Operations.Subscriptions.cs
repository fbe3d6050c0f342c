using Xerotier.Contracts;

namespace Xerotier.Gateway.Description;

/// <content>Who is told.</content>
internal static partial class Operations
{
    private const string TestMessage = """{"event_type": "subscription.test", "object_id": "sub_7k3q0c1v2b3n4m5x6z7a"}""";

    public static readonly Operation SubscribePage = new(
        "subscribePage", Tags.Status, "Get the form that subscribes to mail", "For people. It works without script. Where no mail is set up, the page says so.")
    {
        Responses = [new(200, "The page.", Body.Html)],
        Errors = [503, 504],
    };

    public static readonly Operation Subscribe = new(
        "subscribeToPage",
        Tags.Status,
        "Subscribe to the status page by mail",
        "The form of the page, up to 8 KiB: email, and components to be told of, by ID (none: all). The answer is the same for every address, known or not: a mail asks its owner to confirm, and without that nothing is sent. A form that another site has a browser send is refused (403 csrf_failed).")
    {
        Request = Body.Form,
        Responses = [new(200, "No mail is set up.", Body.Html), new(202, "The form is taken, whatever the address.", Body.Html)],
        Errors = [400, 403, 415, 503, 504],
    };

    public static readonly Operation ManagePage = new(
        "subscriptionPage", Tags.Status, "Get the page of a mail's link", "For people: the button that confirms, or what the subscription is with the button that ends it. Following the link changes nothing.")
    {
        Parameters = [Parameters.SubscriberToken],
        Responses = [new(200, "The page.", Body.Html)],
        Errors = [404, 503, 504],
    };

    public static readonly Operation Manage = new(
        "changeSubscriptionOfPage",
        Tags.Status,
        "Confirm, change or end a subscription by mail",
        "The form of the page, up to 8 KiB, with action=confirm, update (with components) or unsubscribe; or the one click of a mail client after RFC 8058, List-Unsubscribe=One-Click. It may come from any site: only the owner of the mail has the token.")
    {
        Parameters = [Parameters.SubscriberToken],
        Request = Body.Form,
        Responses = [new(200, "The page that says so.", Body.Html)],
        Errors = [400, 404, 415, 503, 504],
    };

    public static readonly Operation ListSubscriptions = new("listSubscriptions", Tags.Subscriptions, "List subscriptions", $"The project's subscriptions, newest first. {PagedById}")
    {
        Parameters = [Parameters.Limit, Parameters.After with { Example = Parameters.SubscriptionId.Example }],
        Responses = [new(200, "One page of subscriptions.", Body.Json<ListPage<Subscription>>())],
        Errors = [400],
    };

    public static readonly Operation CreateSubscription = new(
        "createSubscription",
        Tags.Subscriptions,
        "Create a subscription",
        "Messages go to the target from now on. The response is the only one that shows the secret that a webhook's messages are signed with. A target must be public, and is not asked before the first message: send a test. An e-mail address is unconfirmed, and is told of nothing, until its owner has followed the mail that is sent to it now; if nobody does within 24 hours, the subscription is removed. A project has at most 100 webhooks and Slack targets, unless the installation says otherwise.")
    {
        Request = Body.Json<SubscriptionCreate>(),
        Responses = [new(201, "The new subscription with its secret.", Body.Json<SubscriptionWithSecret>(), "ETag", "Location")],
        Errors = [400, 409],
    };

    public static readonly Operation CountAudience = new(
        "countAudience",
        Tags.Subscriptions,
        "Count who would be told of an event",
        "Nothing is sent or changed. Of an event of a platform's own project everybody is told who asked for its type and one of its components, the page's subscribers by mail too; of another project's maintenance its own subscriptions alone, and it has no other events (403 scope_insufficient).")
    {
        Request = Body.Json<SubscriptionAudienceRequest>(),
        Responses = [new(200, "How many.", Body.Json<SubscriptionAudience>())],
        Errors = [400],
    };

    public static readonly Operation GetSubscription = new("getSubscription", Tags.Subscriptions, "Get a subscription", "Send its ETag as If-Match to change the subscription only if nobody has changed it since. Messages do not move its ETag.")
    {
        Parameters = [Parameters.SubscriptionId],
        Responses = [new(200, "The subscription.", Body.Json<Subscription>(), "ETag")],
    };

    public static readonly Operation UpdateSubscription = new(
        "updateSubscription",
        Tags.Subscriptions,
        "Update a subscription",
        "Fields that are absent keep their value. Disabling it gives up the messages that are pending; what happens while it is disabled is not sent later.")
    {
        Parameters = [Parameters.SubscriptionId, Parameters.IfMatch],
        Request = Body.Json<SubscriptionUpdate>("""{"target": null, "components": null, "events": null, "state": "disabled"}"""),
        Responses = [new(200, "The subscription.", Body.Json<Subscription>("""{"state": "disabled", "updated_at": "2026-05-21T09:00:00Z"}"""), "ETag")],
        Errors = [400, 409, 412],
    };

    public static readonly Operation DeleteSubscription = new("deleteSubscription", Tags.Subscriptions, "Delete a subscription", "With its messages, for good.")
    {
        Parameters = [Parameters.SubscriptionId, Parameters.IfMatch],
        Responses = [new(200, "The subscription is gone.", Body.Json<SubscriptionDeleted>())],
        Errors = [400, 412],
    };

    public static readonly Operation RotateSubscription = new(
        "rotateSubscription", Tags.Subscriptions, "Rotate a webhook's secret", "Gives the webhook a new secret, which no later response shows. For 24 hours its messages are signed with the old one too. Slack has no secret (409).")
    {
        Parameters = [Parameters.SubscriptionId, Parameters.IfMatch],
        Responses = [new(200, "The subscription with its new secret.", Body.Json<SubscriptionWithSecret>("""{"previous_secret_until": "2026-05-22T09:00:00Z", "updated_at": "2026-05-21T09:00:00Z"}"""), "ETag")],
        Errors = [400, 409, 412],
    };

    public static readonly Operation TestSubscription = new(
        "testSubscription", Tags.Subscriptions, "Send a test", "A message of the type subscription.test to this subscription alone, after those that wait. What came of it is in its deliveries. One that is not active gets none (409). A subscription gets at most 5 a minute and all of a project 20, unless the installation says otherwise (429).")
    {
        Parameters = [Parameters.SubscriptionId, Parameters.IfMatch, Parameters.IdempotencyKey],
        Responses = [new(201, "The message.", Body.Json<Delivery>(TestMessage))],
        Errors = [400, 409, 412],
    };

    public static readonly Operation ListDeliveries = new("listDeliveries", Tags.Subscriptions, "List a subscription's messages", $"The newest first, with what came of each. {PagedById}")
    {
        Parameters = [Parameters.SubscriptionId, Parameters.Limit, Parameters.After with { Example = Parameters.DeliveryId.Example }],
        Responses = [new(200, "One page of messages.", Body.Json<ListPage<Delivery>>())],
        Errors = [400],
    };

    public static readonly Operation RetryDelivery = new(
        "retryDelivery",
        Tags.Subscriptions,
        "Try a message again",
        "Now, instead of at its next time. One that was given up begins its attempts anew, under the same ID. One that waits for earlier messages goes on waiting. One that has arrived is not sent again (409).")
    {
        Parameters = [Parameters.SubscriptionId, Parameters.DeliveryId, Parameters.IdempotencyKey],
        Responses = [new(200, "The message.", Body.Json<Delivery>())],
        Errors = [400, 409],
    };

    public static readonly Operation ListSubscribers = new("listSubscribers", Tags.Platform, "List the page's subscribers", $"Those who are told of the status page by mail, newest first. No other response shows their addresses. {PagedById}")
    {
        Parameters = [Parameters.Limit, Parameters.After with { Example = Parameters.SubscriberId.Example }],
        Responses = [new(200, "One page of subscribers.", Body.Json<ListPage<PageSubscriber>>())],
        Errors = [400],
    };

    public static readonly Operation DeleteSubscriber = new("deleteSubscriber", Tags.Platform, "Remove a subscriber of the page", "With the mails that were to be sent.")
    {
        Parameters = [Parameters.SubscriberId, Parameters.IfMatch],
        Responses = [new(200, "The subscriber is gone.", Body.Json<PageSubscriberDeleted>())],
        Errors = [400, 412],
    };
}
