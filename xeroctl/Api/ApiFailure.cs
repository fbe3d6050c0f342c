using System.Text;
using System.Text.Json;

namespace Xerotier.Xeroctl.Api;

/// <summary>What a person reads when a request fails: the cause, the API's code, and the request id that the server's logs have too.</summary>
internal static class ApiFailure
{
    /// <summary>A response with a status that is not a success.</summary>
    public static CliException Of(ApiCall call, Outcome outcome)
    {
        var exitCode = ExitCodes.FromStatus(outcome.Status);
        JsonElement error;
        try
        {
            error = JsonElement.Parse(outcome.Body).Child("error");
        }
        catch (JsonException)
        {
            error = default;
        }

        if (error.Text("message") is not { Length: > 0 } message || error.Text("code") is not { Length: > 0 } code)
        {
            return NotTheApi(outcome, exitCode);
        }

        var details = error.Items("errors").Select(field => $"  {NameOf(call, field.Text("param"))}: {field.Text("message")}").ToList();
        if (details.Count == 0 && error.Text("param") is { Length: > 0 } param)
        {
            message = $"{NameOf(call, param)}: {message}";
        }

        if (outcome.RetryAfterSeconds is > 0 and var seconds)
        {
            message = $"{message.TrimEnd('.')}; try again in {seconds:0} s.";
        }

        return new(exitCode, $"{message} ({outcome.Status} {code}, request {outcome.RequestId})") { Details = details };
    }

    /// <summary>A response that the API did not write, such as a proxy's.</summary>
    public static CliException NotTheApi(Outcome outcome, int exitCode)
    {
        var text = TerminalText.Line(Encoding.UTF8.GetString(outcome.Body.AsSpan(0, Math.Min(outcome.Body.Length, 400)))).Trim();
        var (reason, type) = (TerminalText.Line(outcome.Reason), TerminalText.Line(outcome.MediaType ?? "no content type"));
        return new(exitCode, $"the server responded {outcome.Status} {reason} with {type}, which is not an API response; check the base URL and any proxy in between (request {outcome.RequestId})")
        {
            Details = text.Length == 0 ? [] : [$"  {TerminalText.Truncate(text, 120)}"],
        };
    }

    /// <summary>No connection, or one that broke before the response was complete.</summary>
    public static CliException NoConnection(ApiCall call, Outcome outcome)
    {
        var why = outcome.Failure switch
        {
            HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => "cannot be found: its name does not resolve",
            HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError, InnerException: var inner } => $"has no valid TLS certificate, or does not speak TLS: {inner?.Message}",
            HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError, InnerException: var inner } => $"cannot be reached: {inner?.Message}",
            HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse } => "does not speak HTTP; the port may belong to another service, or need https",
            _ => "closed the connection before it responded",
        };
        var proxy = HttpClient.DefaultProxy.GetProxy(call.Address);
        var through = proxy is null || proxy == call.Address ? "" : $", through the proxy {proxy.Authority},";
        return new(ExitCodes.Unreachable, TerminalText.Line($"{Server(call)}{through} {why.TrimEnd('.')} (request {outcome.RequestId})"));
    }

    /// <summary>No response in time.</summary>
    public static CliException TimedOut(ApiCall call, TimeSpan timeout, string requestId) =>
        new(ExitCodes.Unreachable, $"{Server(call)} did not respond within {timeout.TotalSeconds:0} s (request {requestId})");

    // The API's field names are snake_case; the options that set them use the same words. Of a list's item, the list is named.
    private static string NameOf(ApiCall call, string? param) => param?.Split('[')[0] switch
    {
        null or "" => "request",
        var name when call.Arguments.Contains(name) => $"<{name}>",
        "affected_services" => "--affected-service",
        "components" => "--component",
        "events" => "--event",
        "exdates" => "--exdate",
        "notify" => "--no-notify",
        "reminders" => "--reminder",
        "impact_override" => "--impact",
        "probe" => "--probe-url",
        "probe.interval_seconds" => "--probe-interval",
        "probe.timeout_seconds" => "--probe-timeout",
        "probe.expect_status" => "--probe-status",
        "scopes" => "--scope",
        "allowed_ips" => "--allowed-ip",
        var name => $"--{name.Replace('_', '-').Replace('.', '-')}",
    };

    private static string Server(ApiCall call) => call.Address.GetLeftPart(UriPartial.Authority);
}
