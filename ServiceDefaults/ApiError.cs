using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Xerotier.Contracts;

namespace Xerotier.ServiceDefaults;

/// <summary>One error of the public API (product.md section 2, Errors). Made from exceptions by <see cref="ApiErrors.From"/>, mapped to HTTP in <see cref="ErrorEnvelope"/> and to gRPC in <see cref="GrpcErrors"/>.</summary>
/// <param name="Status">HTTP status code.</param>
/// <param name="Type">The error's type, one of <see cref="ErrorTypes"/>.</param>
/// <param name="Code">The error's code, such as <c>not_found</c>.</param>
/// <param name="Message">A sentence for the caller; never a stack, SQL, path or address.</param>
/// <param name="Param">The field or parameter at fault, if there is one.</param>
public sealed record ApiError(int Status, string Type, string Code, string Message, string? Param = null)
{
    /// <summary>Every invalid field, when several are.</summary>
    public IReadOnlyList<FieldError>? Errors { get; init; }

    /// <summary>Whole seconds after which a retry makes sense; sent as <c>Retry-After</c> too.</summary>
    public int? RetryAfterSeconds { get; init; }

    /// <summary>Value of the <c>Allow</c> header of a 405.</summary>
    public string? Allow { get; init; }
}

/// <summary>Thrown where an <see cref="ApiError"/> ends the request.</summary>
/// <param name="error">The error to answer with.</param>
public sealed class ApiException(ApiError error) : Exception(error.Message)
{
    /// <summary>The error to answer with.</summary>
    public ApiError Error { get; } = error;
}

/// <summary>The types of product.md section 2.</summary>
public static class ErrorTypes
{
    /// <summary>The request is wrong.</summary>
    public const string InvalidRequest = "invalid_request_error";

    /// <summary>The caller is unknown or not allowed.</summary>
    public const string Authentication = "authentication_error";

    /// <summary>Too many requests.</summary>
    public const string RateLimit = "rate_limit_error";

    /// <summary>A dependency is away or slow.</summary>
    public const string Service = "service_error";

    /// <summary>A fault of ours.</summary>
    public const string Internal = "internal_error";
}

/// <summary>The errors of product.md section 2, one line each.</summary>
public static class ApiErrors
{
    /// <summary>400: a field or parameter is wrong.</summary>
    public static ApiError Invalid(string message, string? param = null) => new(400, ErrorTypes.InvalidRequest, "invalid_request", message, param);

    /// <summary>400: several fields are wrong; all of them are reported. The first one gives the envelope its code and parameter.</summary>
    public static ApiError Invalid(IReadOnlyList<FieldError> errors)
    {
        ArgumentOutOfRangeException.ThrowIfZero(errors.Count, nameof(errors));
        var first = errors[0];
        return new(400, ErrorTypes.InvalidRequest, first.Code, errors.Count == 1 ? first.Message : $"{errors.Count} fields are invalid.", first.Param)
        {
            Errors = errors.Count == 1 ? null : errors,
        };
    }

    /// <summary>400: the body is not JSON, or not of the right shape.</summary>
    public static ApiError InvalidJson(string message = "The body is not valid JSON.") => new(400, ErrorTypes.InvalidRequest, "invalid_json", message);

    /// <summary>401: no key was sent.</summary>
    public static ApiError MissingApiKey { get; } = new(401, ErrorTypes.Authentication, "missing_api_key", "Send an API key as 'Authorization: Bearer xero_…'.");

    /// <summary>401: the key is unknown or malformed.</summary>
    public static ApiError InvalidApiKey { get; } = new(401, ErrorTypes.Authentication, "invalid_api_key", "The API key is not valid.");

    /// <summary>401: the key's time is over.</summary>
    public static ApiError ExpiredApiKey { get; } = new(401, ErrorTypes.Authentication, "expired_api_key", "The API key has expired.");

    /// <summary>401: the key was revoked.</summary>
    public static ApiError RevokedApiKey { get; } = new(401, ErrorTypes.Authentication, "revoked_api_key", "The API key has been revoked.");

    /// <summary>401: the session of the console, or its key, has ended.</summary>
    public static ApiError SessionExpired { get; } = new(401, ErrorTypes.Authentication, "session_expired", "The session has ended; sign in again.");

    /// <summary>403: the key lacks the route's scope.</summary>
    public static ApiError ScopeInsufficient(string scope) => new(403, ErrorTypes.Authentication, "scope_insufficient", $"The API key lacks the scope '{scope}'.");

    /// <summary>403: the key is another project's.</summary>
    public static ApiError ProjectMismatch { get; } = new(403, ErrorTypes.Authentication, "project_mismatch", "The API key does not belong to this project.");

    /// <summary>403: the client's address is not on the key's allow list.</summary>
    public static ApiError IpNotAllowed { get; } = new(403, ErrorTypes.Authentication, "ip_not_allowed", "The API key may not be used from this address.");

    /// <summary>403: the key's project is suspended.</summary>
    public static ApiError ProjectSuspended { get; } = new(403, ErrorTypes.Authentication, "project_suspended", "The project is suspended.");

    /// <summary>403: another site had a visitor's browser send a form.</summary>
    public static ApiError CsrfFailed { get; } = new(403, ErrorTypes.Authentication, "csrf_failed", "The form was sent from another site. Open the page here and send it again.");

    /// <summary>403: the console is not shown over plain HTTP, except on the machine itself.</summary>
    public static ApiError HttpsRequired { get; } = new(403, ErrorTypes.Authentication, "https_required", "The console is shown over https only. Open this address with https://.");

    /// <summary>404.</summary>
    public static ApiError NotFound(string message = "Not found.") => new(404, ErrorTypes.InvalidRequest, "not_found", message);

    /// <summary>405, with the methods that are allowed.</summary>
    public static ApiError MethodNotAllowed(string? allow) => new(405, ErrorTypes.InvalidRequest, "method_not_allowed", "The method is not allowed here.") { Allow = allow };

    /// <summary>413.</summary>
    public static ApiError PayloadTooLarge { get; } = new(413, ErrorTypes.InvalidRequest, "payload_too_large", "The request is too large.");

    /// <summary>415.</summary>
    public static ApiError UnsupportedMediaType { get; } = new(415, ErrorTypes.InvalidRequest, "unsupported_media_type", "Send the body as application/json.");

    /// <summary>415 of what takes a form.</summary>
    public static ApiError NotAForm { get; } = UnsupportedMediaType with { Message = "Send the body as application/x-www-form-urlencoded." };

    /// <summary>409: the window's state does not allow the change.</summary>
    public static ApiError InvalidStateTransition(string message) => new(409, ErrorTypes.InvalidRequest, "invalid_state_transition", message);

    /// <summary>409: the idempotency key was used with another body.</summary>
    public static ApiError IdempotencyConflict { get; } = new(409, ErrorTypes.InvalidRequest, "idempotency_conflict", "This Idempotency-Key was used with a different request.");

    /// <summary>409: the name is taken.</summary>
    public static ApiError AlreadyExists(string message, string? param = null) => new(409, ErrorTypes.InvalidRequest, "already_exists", message, param);

    /// <summary>409: there are as many as there may be.</summary>
    public static ApiError QuotaExceeded(string message, string? param = null) => new(409, ErrorTypes.InvalidRequest, "quota_exceeded", message, param);

    /// <summary>412: the object has changed since the caller read it.</summary>
    public static ApiError PreconditionFailed { get; } = new(412, ErrorTypes.InvalidRequest, "precondition_failed", "The object has changed since it was read.");

    /// <summary>429, with the seconds after which one request is allowed again.</summary>
    public static ApiError RateLimitExceeded(int retryAfterSeconds) => new(429, ErrorTypes.RateLimit, "rate_limit_exceeded", "Too many requests.") { RetryAfterSeconds = retryAfterSeconds };

    /// <summary>429: there are as many streams as there may be; one that is silent ends within a minute.</summary>
    public static ApiError TooManyStreams { get; } = RateLimitExceeded(60) with { Message = "Too many streams are open with this API key or in its project; send the heartbeats of many senders by one stream." };

    /// <summary>503: a dependency is away.</summary>
    public static ApiError ServiceUnavailable { get; } = new(503, ErrorTypes.Service, "service_unavailable", "The service is unavailable at the moment; try again shortly.");

    /// <summary>504: a dependency did not answer in time.</summary>
    public static ApiError UpstreamTimeout { get; } = new(504, ErrorTypes.Service, "upstream_timeout", "The service did not answer in time.");

    /// <summary>500.</summary>
    public static ApiError Internal { get; } = new(500, ErrorTypes.Internal, "internal_error", "Something went wrong on our side.");

    /// <summary>What <paramref name="failure"/> is to the caller: the one translation of exceptions, for HTTP, gRPC and the edge. Ask first whether the caller is still there.</summary>
    public static ApiError From(Exception failure) => failure switch
    {
        ApiException api => api.Error,
        BadHttpRequestException bad => FromStatus(bad.StatusCode),
        RpcException { StatusCode: StatusCode.DeadlineExceeded } => UpstreamTimeout,
        RpcException { StatusCode: StatusCode.Unavailable or StatusCode.Cancelled or StatusCode.ResourceExhausted } => ServiceUnavailable,
        RpcException { StatusCode: StatusCode.Internal, Status.DebugException: HttpRequestException or IOException } => ServiceUnavailable, // its connection broke, as when it is stopped: it has said nothing itself
        RpcException { StatusCode: StatusCode.Unauthenticated } => ServiceUnavailable, // another service refuses our token: its clock is off, or ours
        OperationCanceledException => UpstreamTimeout,
        _ => Postgres.ToApiError(failure) ?? Internal,
    };

    /// <summary>The error for a bare status code, as a framework component leaves it.</summary>
    public static ApiError FromStatus(int status, string? allow = null) => status switch
    {
        400 => Invalid("The request is not valid."),
        401 => MissingApiKey,
        403 => ProjectMismatch,
        404 => NotFound(),
        405 => MethodNotAllowed(allow),
        408 => new(400, ErrorTypes.InvalidRequest, "invalid_request", "The request did not arrive in time."),
        413 => PayloadTooLarge,
        414 or 431 => Invalid("The request line or the headers are too long."),
        415 => UnsupportedMediaType,
        502 or 503 => ServiceUnavailable,
        504 => UpstreamTimeout,
        < 500 => new(status, ErrorTypes.InvalidRequest, "invalid_request", "The request is not valid."),
        _ => Internal,
    };
}
