using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace Xerotier.Contracts;

/// <summary>A subscription: where a project wants to be told of events (notifications.md section 21).</summary>
public record Subscription
{
    /// <summary>The subscription's ID.</summary>
    /// <example>"sub_7k3q0c1v2b3n4m5x6z7a"</example>
    [RegularExpression("^sub_")]
    public required string Id { get; init; }

    /// <summary>The object's type, always <c>subscription</c>.</summary>
    /// <example>"subscription"</example>
    [AllowedValues("subscription")]
    public string Object { get; } = "subscription";

    /// <summary>The project that it belongs to.</summary>
    /// <example>"proj_ABC123"</example>
    public required string ProjectId { get; init; }

    /// <summary>How it is told.</summary>
    /// <example>"webhook"</example>
    public required SubscriptionChannel Channel { get; init; }

    /// <summary>Where: a URL, or an e-mail address. Of a Slack webhook, whose URL is a secret, only the host and the last four characters.</summary>
    /// <example>"https://ops.example.com/hooks/xerotier"</example>
    public required string Target { get; init; }

    /// <summary>IDs of the components that it is told of; empty: all.</summary>
    /// <example>[]</example>
    public required IReadOnlyList<string> Components { get; init; }

    /// <summary>The types of the events that it is told of.</summary>
    /// <example>["incident.created", "incident.resolved"]</example>
    [Items(MinCount = 1, Values = [
        "incident.created", "incident.updated", "incident.resolved", "incident.postmortem",
        "maintenance.scheduled", "maintenance.rescheduled", "maintenance.reminder", "maintenance.started",
        "maintenance.overrunning", "maintenance.completed", "maintenance.cancelled", "component.status_changed"])]
    public required IReadOnlyList<string> Events { get; init; }

    /// <summary>Whether it is told.</summary>
    /// <example>"active"</example>
    public required SubscriptionState State { get; init; }

    /// <summary>Why it is disabled; null unless the product disabled it by itself.</summary>
    /// <example>null</example>
    public required string? DisabledReason { get; init; }

    /// <summary>How many messages it has got.</summary>
    /// <example>0</example>
    public required long DeliveredCount { get; init; }

    /// <summary>How many messages were given up.</summary>
    /// <example>0</example>
    public required long FailedCount { get; init; }

    /// <summary>What came of the last attempt; null before the first.</summary>
    /// <example>null</example>
    public required DeliveryResult? LastResult { get; init; }

    /// <summary>Until when messages are signed with the secret from before the last rotation too; null: they are not.</summary>
    /// <example>null</example>
    public required DateTimeOffset? PreviousSecretUntil { get; init; }

    /// <summary>Name of the key that created it.</summary>
    /// <example>"ops-key"</example>
    public required string CreatedBy { get; init; }

    /// <summary>When it was created.</summary>
    /// <example>"2026-05-20T08:00:00Z"</example>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When somebody changed it last.</summary>
    /// <example>"2026-05-20T08:00:00Z"</example>
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>A subscription with the secret that its messages are signed with, which no later response shows again.</summary>
public sealed record SubscriptionWithSecret : Subscription
{
    /// <summary>A subscription without properties, for the serializer.</summary>
    public SubscriptionWithSecret()
    {
    }

    /// <summary>The subscription with its secret.</summary>
    /// <param name="subscription">The subscription.</param>
    /// <param name="secret">The secret; null for a channel without one.</param>
    [System.Diagnostics.CodeAnalysis.SetsRequiredMembers]
    public SubscriptionWithSecret(Subscription subscription, string? secret)
        : base(subscription) => Secret = secret;

    /// <summary>The secret, after the Standard Webhooks specification; null for Slack and e-mail, which have none.</summary>
    /// <example>"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"</example>
    public required string? Secret { get; init; }
}

/// <summary>What came of an attempt to deliver a message.</summary>
public sealed record DeliveryResult
{
    /// <summary>When.</summary>
    /// <example>"2026-05-22T14:21:08Z"</example>
    public required DateTimeOffset At { get; init; }

    /// <summary>Whether the message arrived.</summary>
    /// <example>true</example>
    public required bool Delivered { get; init; }

    /// <summary>The HTTP status of the answer; null: there was none.</summary>
    /// <example>200</example>
    public required int? StatusCode { get; init; }

    /// <summary>What went wrong; null after a success.</summary>
    /// <example>null</example>
    public required string? Error { get; init; }
}

/// <summary>How a subscription is told.</summary>
[JsonConverter(typeof(WordConverter<SubscriptionChannel>))]
public enum SubscriptionChannel
{
    /// <summary>A signed HTTP request.</summary>
    Webhook,

    /// <summary>A message in a Slack channel, by an incoming webhook.</summary>
    Slack,

    /// <summary>A mail.</summary>
    Email,
}

/// <summary>Whether a subscription is told.</summary>
[JsonConverter(typeof(WordConverter<SubscriptionState>))]
public enum SubscriptionState
{
    /// <summary>It is.</summary>
    Active,

    /// <summary>It is not: somebody, or the product after five days without a success, has disabled it.</summary>
    Disabled,

    /// <summary>It is not: the owner of the address has not confirmed it yet.</summary>
    Unconfirmed,
}

/// <summary>A new subscription.</summary>
public sealed record SubscriptionCreate
{
    /// <summary>How it is told.</summary>
    /// <example>"webhook"</example>
    public required SubscriptionChannel Channel { get; init; }

    /// <summary>Where: an https URL of up to 2,000 characters, or an e-mail address.</summary>
    /// <example>"https://ops.example.com/hooks/xerotier"</example>
    [StringLength(2000, MinimumLength = 1)]
    public required string Target { get; init; }

    /// <summary>IDs of the components that it is told of; empty: all.</summary>
    /// <example>[]</example>
    [Items(MaxCount = 50)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Components { get; init; }

    /// <summary>The types of the events that it is told of. Default: all of incidents and maintenance.</summary>
    /// <example>["incident.created", "incident.resolved"]</example>
    [Items(MinCount = 1)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Events { get; init; }
}

/// <summary>A change of a subscription; what is absent stays.</summary>
public sealed record SubscriptionUpdate
{
    /// <summary>Where. An e-mail address cannot be changed: its owner must confirm it.</summary>
    /// <example>"https://ops.example.com/hooks/xerotier"</example>
    [StringLength(2000, MinimumLength = 1)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Target { get; init; }

    /// <summary>IDs of the components that it is told of; empty: all.</summary>
    /// <example>[]</example>
    [Items(MaxCount = 50)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Components { get; init; }

    /// <summary>The types of the events that it is told of.</summary>
    /// <example>["incident.created", "incident.resolved"]</example>
    [Items(MinCount = 1)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Events { get; init; }

    /// <summary>active or disabled.</summary>
    /// <example>"active"</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SubscriptionState? State { get; init; }
}

/// <summary>Word of a subscription that is gone.</summary>
public sealed record SubscriptionDeleted
{
    /// <summary>The subscription's ID.</summary>
    /// <example>"sub_7k3q0c1v2b3n4m5x6z7a"</example>
    public required string Id { get; init; }

    /// <summary>The object's type, always <c>subscription.deleted</c>.</summary>
    /// <example>"subscription.deleted"</example>
    [AllowedValues("subscription.deleted")]
    public string Object { get; } = "subscription.deleted";

    /// <summary>Always true.</summary>
    /// <example>true</example>
    [AllowedValues(true)]
    public bool Deleted { get; } = true;
}

/// <summary>An event whose audience somebody wants to know before it happens.</summary>
public sealed record SubscriptionAudienceRequest
{
    /// <summary>IDs of the components that the event is about; of maintenance also names of affected services. Empty: all.</summary>
    /// <example>["cmp_inference_routing"]</example>
    [Items(MaxCount = 50)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Components { get; init; }

    /// <summary>The event's type.</summary>
    /// <example>"incident.created"</example>
    [AllowedValues(
        "incident.created", "incident.updated", "incident.resolved", "incident.postmortem",
        "maintenance.scheduled", "maintenance.rescheduled", "maintenance.reminder", "maintenance.started",
        "maintenance.overrunning", "maintenance.completed", "maintenance.cancelled", "component.status_changed")]
    public required string Event { get; init; }
}

/// <summary>How many would be told of an event now.</summary>
public sealed record SubscriptionAudience
{
    /// <summary>The object's type, always <c>audience</c>.</summary>
    /// <example>"audience"</example>
    [AllowedValues("audience")]
    public string Object { get; } = "audience";

    /// <summary>How many subscriptions, those of the page by mail among them.</summary>
    /// <example>128</example>
    public required long Count { get; init; }

    /// <summary>The same by channel.</summary>
    public required AudienceByChannel ByChannel { get; init; }
}

/// <summary>How many would be told of an event, by channel.</summary>
public sealed record AudienceByChannel
{
    /// <summary>By signed HTTP requests.</summary>
    /// <example>3</example>
    public required long Webhook { get; init; }

    /// <summary>In Slack channels.</summary>
    /// <example>2</example>
    public required long Slack { get; init; }

    /// <summary>By mail.</summary>
    /// <example>123</example>
    public required long Email { get; init; }
}

/// <summary>A message to a subscription. Its ID is the message's, the same in every attempt.</summary>
public sealed record Delivery
{
    /// <summary>The message's ID; of a webhook the header <c>webhook-id</c>.</summary>
    /// <example>"msg_7k3q0c1v2b3n4m5x6z7a"</example>
    [RegularExpression("^msg_")]
    public required string Id { get; init; }

    /// <summary>The object's type, always <c>delivery</c>.</summary>
    /// <example>"delivery"</example>
    [AllowedValues("delivery")]
    public string Object { get; } = "delivery";

    /// <summary>The subscription that is told.</summary>
    /// <example>"sub_7k3q0c1v2b3n4m5x6z7a"</example>
    [RegularExpression("^sub_")]
    public required string SubscriptionId { get; init; }

    /// <summary>The type of the event.</summary>
    /// <example>"incident.created"</example>
    public required string EventType { get; init; }

    /// <summary>The incident, window, series or component that the event is about; of a test the subscription.</summary>
    /// <example>"inc_7k3q0c1v2b3n4m5x6z7a"</example>
    public required string ObjectId { get; init; }

    /// <summary>The message's place among the subscription's messages, from 1.</summary>
    /// <example>1</example>
    public required long Sequence { get; init; }

    /// <summary>How far it is.</summary>
    /// <example>"pending"</example>
    public required DeliveryState State { get; init; }

    /// <summary>How often it was tried.</summary>
    /// <example>0</example>
    public required int Attempts { get; init; }

    /// <summary>When it is tried next; null: it is not, or it waits for earlier messages.</summary>
    /// <example>"2026-05-22T14:21:07Z"</example>
    public required DateTimeOffset? NextAttemptAt { get; init; }

    /// <summary>What came of the last attempt; null before the first.</summary>
    /// <example>null</example>
    public required DeliveryResult? LastResult { get; init; }

    /// <summary>When the event was noticed.</summary>
    /// <example>"2026-05-22T14:21:07Z"</example>
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>How far a message is.</summary>
[JsonConverter(typeof(WordConverter<DeliveryState>))]
public enum DeliveryState
{
    /// <summary>It is to be tried, for the first time or again.</summary>
    Pending,

    /// <summary>It has arrived.</summary>
    Delivered,

    /// <summary>It was given up.</summary>
    Failed,
}

/// <summary>Somebody who is told of the status page by mail.</summary>
public sealed record PageSubscriber
{
    /// <summary>The subscriber's ID.</summary>
    /// <example>"sub_7k3q0c1v2b3n4m5x6z7a"</example>
    [RegularExpression("^sub_")]
    public required string Id { get; init; }

    /// <summary>The object's type, always <c>subscriber</c>.</summary>
    /// <example>"subscriber"</example>
    [AllowedValues("subscriber")]
    public string Object { get; } = "subscriber";

    /// <summary>The e-mail address.</summary>
    /// <example>"ada@example.com"</example>
    public required string Address { get; init; }

    /// <summary>IDs of the components that the subscriber is told of; empty: all.</summary>
    /// <example>[]</example>
    public required IReadOnlyList<string> Components { get; init; }

    /// <summary>Whether the subscriber is told.</summary>
    /// <example>"active"</example>
    public required SubscriptionState State { get; init; }

    /// <summary>Why it is disabled; null unless the product disabled it by itself.</summary>
    /// <example>null</example>
    public required string? DisabledReason { get; init; }

    /// <summary>How many mails were taken.</summary>
    /// <example>12</example>
    public required long DeliveredCount { get; init; }

    /// <summary>How many mails were given up.</summary>
    /// <example>0</example>
    public required long FailedCount { get; init; }

    /// <summary>When the address was entered.</summary>
    /// <example>"2026-05-20T08:00:00Z"</example>
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>Word of a subscriber that is gone.</summary>
public sealed record PageSubscriberDeleted
{
    /// <summary>The subscriber's ID.</summary>
    /// <example>"sub_7k3q0c1v2b3n4m5x6z7a"</example>
    public required string Id { get; init; }

    /// <summary>The object's type, always <c>subscriber.deleted</c>.</summary>
    /// <example>"subscriber.deleted"</example>
    [AllowedValues("subscriber.deleted")]
    public string Object { get; } = "subscriber.deleted";

    /// <summary>Always true.</summary>
    /// <example>true</example>
    [AllowedValues(true)]
    public bool Deleted { get; } = true;
}
