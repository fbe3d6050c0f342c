using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace Xerotier.Contracts;

/// <summary>The envelope of every error, on every path and from every service.</summary>
public sealed record ErrorResponse
{
    /// <summary>The error.</summary>
    public required ErrorDetail Error { get; init; }
}

/// <summary>What went wrong.</summary>
public sealed record ErrorDetail
{
    /// <summary>A sentence for people. Its wording may change: decide by <c>code</c>.</summary>
    /// <example>"'title' is required."</example>
    public required string Message { get; init; }

    /// <summary>The error's type.</summary>
    /// <example>"invalid_request_error"</example>
    [AllowedValues("invalid_request_error", "authentication_error", "rate_limit_error", "service_error", "internal_error")]
    public required string Type { get; init; }

    /// <summary>The error's code, for programs.</summary>
    /// <example>"invalid_request"</example>
    [AllowedValues(
        "invalid_request", "invalid_json", "unknown_field",
        "missing_api_key", "invalid_api_key", "expired_api_key", "revoked_api_key", "session_expired",
        "scope_insufficient", "project_mismatch", "ip_not_allowed", "project_suspended", "csrf_failed", "https_required",
        "not_found", "method_not_allowed", "payload_too_large", "unsupported_media_type",
        "invalid_state_transition", "idempotency_conflict", "already_exists", "quota_exceeded", "precondition_failed",
        "rate_limit_exceeded", "service_unavailable", "upstream_timeout", "internal_error")]
    public required string Code { get; init; }

    /// <summary>The field or parameter that is wrong; null when none is.</summary>
    /// <example>"title"</example>
    public required string? Param { get; init; }

    /// <summary>Every invalid field, when there are several.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Items(MinCount = 2)]
    public IReadOnlyList<FieldError>? Errors { get; init; }

    /// <summary>Seconds to wait before the next request; only with status 429.</summary>
    /// <example>1</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Range(1, int.MaxValue)]
    public int? RetryAfter { get; init; }

    /// <summary>How to retry; only with status 429.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RetryStrategy? RetryStrategy { get; init; }
}

/// <summary>One invalid field.</summary>
public sealed record FieldError
{
    /// <summary>The field's name.</summary>
    /// <example>"title"</example>
    public required string Param { get; init; }

    /// <summary>The error's code.</summary>
    /// <example>"invalid_request"</example>
    public required string Code { get; init; }

    /// <summary>A sentence for people.</summary>
    /// <example>"'title' is required."</example>
    public required string Message { get; init; }
}

/// <summary>How a client should retry after a 429.</summary>
public sealed record RetryStrategy
{
    /// <summary>The kind of strategy.</summary>
    /// <example>"exponential_backoff"</example>
    [AllowedValues("exponential_backoff")]
    public string Type { get; } = "exponential_backoff";

    /// <summary>Milliseconds before the first retry.</summary>
    /// <example>1000</example>
    [Range(0, int.MaxValue)]
    public required int InitialDelayMs { get; init; }

    /// <summary>Most milliseconds between two retries.</summary>
    /// <example>60000</example>
    [Range(0, int.MaxValue)]
    public required int MaxDelayMs { get; init; }

    /// <summary>Factor by which the delay grows from one retry to the next.</summary>
    /// <example>2</example>
    public required double Multiplier { get; init; }

    /// <summary>Whether to vary the delay at random, so that clients do not retry at the same instant.</summary>
    /// <example>true</example>
    public required bool Jitter { get; init; }
}
