using Xerotier.ServiceDefaults;

namespace Xerotier.HealthCollector.Ingest;

/// <summary>Why a heartbeat was refused, as the acknowledgement says it.</summary>
/// <param name="Code">The error's code.</param>
/// <param name="Message">A sentence for the sender.</param>
internal sealed record Refusal(string Code, string Message)
{
    /// <summary>The key's limit is reached.</summary>
    public static Refusal RateLimit { get; } = new(ApiErrors.RateLimitExceeded(1).Code, ApiErrors.RateLimitExceeded(1).Message);

    /// <summary>The project's quota is reached.</summary>
    public static Refusal Quota { get; } = new("quota_exceeded", "The project has reached its limit of registered agents or of their data.");

    /// <summary>Redis did not take the heartbeat.</summary>
    public static Refusal Unavailable { get; } = new(ApiErrors.ServiceUnavailable.Code, ApiErrors.ServiceUnavailable.Message);

    /// <summary>A field is wrong.</summary>
    public static Refusal Invalid(string message) => new("invalid_request", message);

    /// <summary>The key may not send this kind of heartbeat.</summary>
    public static Refusal Scope(string message) => new("scope_insufficient", message);

    /// <summary>A field is not known.</summary>
    public static Refusal UnknownField(string message) => new("unknown_field", message);
}
