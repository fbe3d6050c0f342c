using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;

namespace Xerotier.ServiceDefaults;

/// <summary>Says why internal tokens are refused, for their callers learn nothing but 401: each time in a metric, and once in ten seconds for each reason in the log. Never the token.</summary>
internal sealed partial class RefusedTokens : IDisposable
{
    private static readonly string[] Reasons = ["not_yet_valid", "expired", "audience", "key", "other"];
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(10);

    private readonly TimeProvider time;
    private readonly ILogger<RefusedTokens> logger;
    private readonly Meter meter;
    private readonly Counter<long> refusals;
    private readonly ConcurrentDictionary<string, long> logged = new(); // by reason

    public RefusedTokens(IMeterFactory meters, TimeProvider time, ILogger<RefusedTokens> logger)
    {
        (this.time, this.logger) = (time, logger);
        meter = meters.Create("Xerotier.ServiceDefaults");
        refusals = meter.CreateCounter<long>(
            "xerotier.internal_tokens.refused", "{token}", "Internal tokens that were refused, by reason: not_yet_valid, expired, audience, key, other.");
        Array.ForEach(Reasons, reason => refusals.Add(0, new KeyValuePair<string, object?>("reason", reason))); // what has not happened yet is 0, not absent
    }

    /// <inheritdoc/>
    public void Dispose() => meter.Dispose();

    /// <summary>Reports a token that failed its check.</summary>
    public void Report(Exception failure)
    {
        var now = time.GetUtcNow().UtcDateTime;
        var (reason, text) = failure switch
        {
            SecurityTokenNotYetValidException early => ("not_yet_valid", $"it is valid from {early.NotBefore:O}, and by our clock it is {now:O}: the clocks differ."),
            SecurityTokenExpiredException late => ("expired", $"it was valid until {late.Expires:O}, and by our clock it is {now:O}: if it was new, the clocks differ."),
            SecurityTokenInvalidAudienceException => ("audience", "it was made for another service."),
            SecurityTokenSignatureKeyNotFoundException => ("key", "the key that it names is not in InternalAuth:Keys."),
            _ => ("other", $"it is none of ours ({failure.GetType().Name})."),
        };
        refusals.Add(1, new KeyValuePair<string, object?>("reason", reason));
        var instant = time.GetTimestamp();
        if (!logged.TryGetValue(reason, out var last) || time.GetElapsedTime(last, instant) > Quiet)
        {
            logged[reason] = instant;
            LogRefused(logger, text);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "An internal token was refused: {Reason}")]
    private static partial void LogRefused(ILogger logger, string reason);
}
