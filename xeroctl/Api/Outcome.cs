using System.Net.Http.Headers;

namespace Xerotier.Xeroctl.Api;

/// <summary>What one attempt to send a request led to.</summary>
/// <param name="Status">The HTTP status; 0 without a response.</param>
/// <param name="Reason">The reason phrase.</param>
/// <param name="MediaType">The media type of the body, if there is one.</param>
/// <param name="Body">The body.</param>
/// <param name="RequestId">The request id, the server's where it sent one.</param>
/// <param name="RetryAfter">The pause that the server asks for.</param>
/// <param name="ETag">The entity tag.</param>
/// <param name="Failure">Why there is no response.</param>
internal sealed record Outcome(
    int Status, string Reason, string? MediaType, byte[] Body, string RequestId, RetryConditionHeaderValue? RetryAfter, string? ETag, Exception? Failure)
{
    /// <summary>The seconds that the server asks to wait; 0 where it does not.</summary>
    public double RetryAfterSeconds => Math.Max(
        0,
        RetryAfter is null ? 0 : RetryAfter.Delta?.TotalSeconds ?? (RetryAfter.Date!.Value - TimeProvider.System.GetUtcNow()).TotalSeconds);
}
