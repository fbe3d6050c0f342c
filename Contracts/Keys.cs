using System.ComponentModel.DataAnnotations;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace Xerotier.Contracts;

/// <summary>An API key, without its value.</summary>
public record ApiKey
{
    /// <summary>The key's ID.</summary>
    /// <example>"key_0v8w2x4y6z1a3b5c7d9e"</example>
    [RegularExpression("^key_")]
    public required string Id { get; init; }

    /// <summary>The object's type, always <c>api_key</c>.</summary>
    /// <example>"api_key"</example>
    [AllowedValues("api_key")]
    public string Object { get; } = "api_key";

    /// <summary>The key's name; windows that it creates show it as <c>created_by</c>.</summary>
    /// <example>"ops-key"</example>
    public required string Name { get; init; }

    /// <summary>What the key may do. Only platform keys have <c>platform</c>.</summary>
    /// <example>["management"]</example>
    [Items(MinCount = 1, Values = ["management", "inference", "heartbeat", "platform"])]
    public required IReadOnlyList<string> Scopes { get; init; }

    /// <summary>When the key expires; null: never.</summary>
    /// <example>null</example>
    public required DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Networks (CIDR) that the key may be used from; empty: any.</summary>
    /// <example>["192.0.2.0/24"]</example>
    public required IReadOnlyList<string> AllowedIps { get; init; }

    /// <summary>When the key was created.</summary>
    /// <example>"2026-05-20T08:00:00Z"</example>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Name of the key that created it; null: the Gateway did, or it is older than this record.</summary>
    /// <example>"platform"</example>
    public required string? CreatedBy { get; init; }

    /// <summary>When the key was used last, to the minute; null: not yet.</summary>
    /// <example>null</example>
    public required DateTimeOffset? LastUsedAt { get; init; }

    /// <summary>When the key was revoked; null unless it was.</summary>
    /// <example>null</example>
    public required DateTimeOffset? RevokedAt { get; init; }
}

/// <summary>An API key with its value, which no later response shows again.</summary>
public sealed record ApiKeyCreated : ApiKey
{
    /// <summary>A key without properties, for the serializer.</summary>
    public ApiKeyCreated()
    {
    }

    /// <summary>A key with its value.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">Its value.</param>
    [SetsRequiredMembers]
    public ApiKeyCreated(ApiKey key, string value)
        : base(key) => Key = value;

    /// <summary>The key's value. Store it: only this response shows it.</summary>
    /// <example>"xero_demo_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789_-AbCdE"</example>
    [JsonPropertyOrder(1)]
    [RegularExpression("^xero_[a-z0-9-]{1,40}_[A-Za-z0-9_-]{43}$")]
    public required string Key { get; init; }
}

/// <summary>An API key to create.</summary>
public sealed record ApiKeyCreate
{
    /// <summary>The key's name.</summary>
    /// <example>"ops-key"</example>
    [StringLength(100, MinimumLength = 1)]
    public required string Name { get; init; }

    /// <summary>What the key may do.</summary>
    /// <example>["management"]</example>
    [Items(MinCount = 1, Values = ["management", "inference", "heartbeat"], Unique = true)]
    public required IReadOnlyList<string> Scopes { get; init; }

    /// <summary>When the key expires: ISO 8601 with an offset or Z, in the future. Absent: never.</summary>
    /// <example>"2027-05-20T08:00:00Z"</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Addresses or networks (CIDR) that the key may be used from. Absent or empty: any.</summary>
    /// <example>["192.0.2.0/24"]</example>
    [Items(MaxCount = 100)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? AllowedIps { get; init; }
}

/// <summary>A platform key to create.</summary>
public sealed record PlatformKeyCreate
{
    /// <summary>The key's name.</summary>
    /// <example>"ops"</example>
    [StringLength(100, MinimumLength = 1)]
    public required string Name { get; init; }

    /// <summary>When the key expires: ISO 8601 with an offset or Z, in the future. Absent: never.</summary>
    /// <example>"2027-05-20T08:00:00Z"</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Addresses or networks (CIDR) that the key may be used from. Absent or empty: any.</summary>
    /// <example>["192.0.2.0/24"]</example>
    [Items(MaxCount = 100)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? AllowedIps { get; init; }
}

/// <summary>One change of an API key.</summary>
public sealed record ApiKeyEvent
{
    /// <summary>The event's ID: the key's ID and the microsecond of the change.</summary>
    /// <example>"key_0v8w2x4y6z1a3b5c7d9e.1779264000000000"</example>
    [RegularExpression("^key_")]
    public required string Id { get; init; }

    /// <summary>The object's type, always <c>api_key.event</c>.</summary>
    /// <example>"api_key.event"</example>
    [AllowedValues("api_key.event")]
    public string Object { get; } = "api_key.event";

    /// <summary>The key that changed.</summary>
    /// <example>"key_0v8w2x4y6z1a3b5c7d9e"</example>
    [RegularExpression("^key_")]
    public required string KeyId { get; init; }

    /// <summary>The key's name.</summary>
    /// <example>"ci"</example>
    public required string Name { get; init; }

    /// <summary>What was done to it: created, rotated or revoked.</summary>
    /// <example>"created"</example>
    [AllowedValues("created", "rotated", "revoked")]
    public required string Action { get; init; }

    /// <summary>Name of the key that did it.</summary>
    /// <example>"ops-key"</example>
    public required string Actor { get; init; }

    /// <summary>ID of the key that did it; null when the Gateway did it by itself.</summary>
    /// <example>"key_3b5c7d9e0v8w2x4y6z1a"</example>
    public required string? ActorKeyId { get; init; }

    /// <summary>When it was done.</summary>
    /// <example>"2026-05-20T08:00:00Z"</example>
    public required DateTimeOffset OccurredAt { get; init; }
}
