using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Xerotier.Xeroctl;

/// <summary>A request to the API.</summary>
/// <param name="Method">The method.</param>
/// <param name="Address">The URL.</param>
/// <param name="Key">The API key; null for public pages.</param>
internal sealed record ApiCall(HttpMethod Method, Uri Address, string? Key)
{
    /// <summary>The body, JSON.</summary>
    public byte[]? Body { get; init; }

    /// <summary><c>Idempotency-Key</c>: makes a POST repeatable.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary><c>If-None-Match</c>: answers 304 while nothing has changed.</summary>
    public string? IfNoneMatch { get; init; }

    /// <summary>Whether sending it twice does no more than sending it once.</summary>
    public bool IsRepeatable => IdempotencyKey is not null || Method == HttpMethod.Get || Method == HttpMethod.Delete;

    /// <summary>The headers that xeroctl sets, by name.</summary>
    public IEnumerable<(string Name, string Value)> Headers()
    {
        if (Key is not null)
        {
            yield return ("Authorization", $"Bearer {Key}");
        }

        yield return ("Accept", "application/json");
        if (IdempotencyKey is not null)
        {
            yield return ("Idempotency-Key", IdempotencyKey);
        }

        if (IfNoneMatch is not null)
        {
            yield return ("If-None-Match", IfNoneMatch);
        }
    }
}

/// <summary>An answer of the API with a status of success, or 304.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Body">The bytes as they came.</param>
/// <param name="Json">The body, read.</param>
/// <param name="ETag">The entity tag, if there is one.</param>
internal sealed record ApiAnswer(int Status, byte[] Body, JsonElement Json, string? ETag);

/// <summary>
/// Sends requests: every failure becomes a <see cref="CliException"/> with the API's code and the request id. Connection failures,
/// 429 and 503 are tried again where that cannot do anything twice, with growing, jittered pauses and in bounded time.
/// </summary>
internal sealed class ApiClient(bool verbose, TimeSpan timeout, int attempts = 4) : IDisposable
{
    private const int MaxAnswer = 64 * 1024 * 1024;
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(30);

    private readonly HttpClient http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false, // a key goes nowhere but to the configured server
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None, // the bytes are printed as they came
        ConnectTimeout = ConnectTimeout(timeout),
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>Sends <paramref name="call"/> and reads the answer.</summary>
    /// <exception cref="CliException">It failed.</exception>
    public async Task<ApiAnswer> SendAsync(ApiCall call, CancellationToken cancel)
    {
        var requestId = Guid.NewGuid().ToString("N");
        var started = Stopwatch.GetTimestamp();
        for (var attempt = 1; ; attempt++)
        {
            Outcome outcome;
            try
            {
                outcome = await TryAsync(call, requestId, cancel);
                if (outcome.Status is (>= 200 and < 300) or 304)
                {
                    return Read(outcome);
                }
            }
            catch (Exception failure) when (failure is HttpRequestException or IOException)
            {
                outcome = new(0, "", null, [], requestId, null, null, failure);
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                throw new CliException(ExitCodes.Unreachable, $"{Server(call)} did not answer within {timeout.TotalSeconds:0} s (request {requestId})");
            }

            var pause = Pause(call, outcome, attempt);
            if (pause is null || Stopwatch.GetElapsedTime(started) + pause > MaxWait)
            {
                throw outcome.Failure is null ? Error(outcome) : NoConnection(call, outcome);
            }

            Trace($"* trying again in {pause.Value.TotalSeconds:0.0} s", null);
            await Task.Delay(pause.Value, cancel);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    private async Task<Outcome> TryAsync(ApiCall call, string requestId, CancellationToken cancel)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(timeout);
        using var request = new HttpRequestMessage(call.Method, call.Address);
        foreach (var (name, value) in call.Headers())
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        request.Headers.TryAddWithoutValidation("User-Agent", $"xeroctl/{Program.Version}");
        request.Headers.TryAddWithoutValidation("X-Request-Id", requestId);
        if (call.Body is not null)
        {
            request.Content = new ByteArrayContent(call.Body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        }

        else if (call.Method == HttpMethod.Post)
        {
            // Even an empty body keeps the handler from sending the request again on its own when the connection breaks.
            request.Content = new ByteArrayContent([]);
        }

        var started = Stopwatch.GetTimestamp();
        TraceRequest(call, request);
        using var response = await SendAsync(request, deadline.Token);
        var body = await ReadAsync(response, requestId, deadline.Token);
        var outcome = new Outcome(
            (int)response.StatusCode,
            response.ReasonPhrase is { Length: > 0 } phrase ? phrase : response.StatusCode.ToString(),
            response.Content.Headers.ContentType?.MediaType,
            body,
            response.Headers.TryGetValues("X-Request-Id", out var ids) ? Printable.Line(ids.First()) : requestId,
            response.Headers.RetryAfter,
            response.Headers.ETag?.ToString(),
            null);
        TraceResponse(call, response, body, Stopwatch.GetElapsedTime(started));
        return outcome;
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken deadline)
    {
        try
        {
            return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, deadline);
        }
        catch (OperationCanceledException) when (!deadline.IsCancellationRequested)
        {
            var reason = new TimeoutException($"no connection within {ConnectTimeout(timeout).TotalSeconds:0.#} s");
            throw new HttpRequestException(HttpRequestError.ConnectionError, null, reason);
        }
    }

    // Shorter than the whole, so that it is known which of the two was missing.
    private static TimeSpan ConnectTimeout(TimeSpan timeout) => TimeSpan.FromSeconds(Math.Min(10, timeout.TotalSeconds * 2 / 3));

    private static async Task<byte[]> ReadAsync(HttpResponseMessage response, string requestId, CancellationToken cancel)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancel);
        using var body = new MemoryStream();
        var buffer = new byte[32 * 1024];
        for (int read; (read = await stream.ReadAsync(buffer, cancel)) > 0;)
        {
            if (body.Length + read > MaxAnswer)
            {
                throw new CliException(ExitCodes.Failure, $"the answer is larger than 64 MB (request {requestId})");
            }

            body.Write(buffer, 0, read);
        }

        return body.ToArray();
    }

    private static ApiAnswer Read(Outcome outcome)
    {
        if (outcome.Status == 304)
        {
            return new(outcome.Status, outcome.Body, default, outcome.ETag);
        }

        try
        {
            var json = JsonElement.Parse(outcome.Body);
            return json.Text("object") is not null || json.Child("overall").ValueKind == JsonValueKind.Object
                ? new(outcome.Status, outcome.Body, json, outcome.ETag)
                : throw NotTheApi(outcome, ExitCodes.Failure);
        }
        catch (JsonException)
        {
            throw NotTheApi(outcome, ExitCodes.Failure);
        }
    }

    private static CliException Error(Outcome outcome)
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

        var details = error.Items("errors").Select(field => $"  {OptionOf(field.Text("param"))}: {field.Text("message")}").ToList();
        if (details.Count == 0 && error.Text("param") is { Length: > 0 } param)
        {
            message = $"{OptionOf(param)}: {message}";
        }

        if (outcome.RetryAfter is not null && Seconds(outcome.RetryAfter) is var seconds and > 0)
        {
            message = $"{message.TrimEnd('.')}; try again in {seconds:0} s.";
        }

        return new(exitCode, $"{message} ({outcome.Status} {code}, request {outcome.RequestId})") { Details = details };
    }

    // The API's field names are snake_case, the options that set them have the same words.
    private static string OptionOf(string? param) => param switch
    {
        null or "" => "request",
        "affected_services" => "--affected-service",
        "scopes" => "--scope",
        "allowed_ips" => "--allowed-ip",
        _ => $"--{param.Replace('_', '-')}",
    };

    private static CliException NotTheApi(Outcome outcome, int exitCode)
    {
        var text = Printable.Line(Encoding.UTF8.GetString(outcome.Body.AsSpan(0, Math.Min(outcome.Body.Length, 400)))).Trim();
        return new(exitCode, $"the server answered {outcome.Status} {Printable.Line(outcome.Reason)} with {Printable.Line(outcome.MediaType ?? "no content type")} that is not the API's; is the base URL right, or a proxy in between? (request {outcome.RequestId})")
        {
            Details = text.Length == 0 ? [] : [$"  {Printable.Fit(text, 120)}"],
        };
    }

    private static CliException NoConnection(ApiCall call, Outcome outcome)
    {
        var why = outcome.Failure switch
        {
            HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => "cannot be found: its name does not resolve",
            HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError, InnerException: var inner } => $"has no valid TLS certificate, or speaks no TLS: {inner?.Message}",
            HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError, InnerException: var inner } => $"cannot be reached: {inner?.Message}",
            HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse } => "does not answer in HTTP; is it another service's port, or one for https",
            _ => "closed the connection before it had answered",
        };
        var proxy = HttpClient.DefaultProxy.GetProxy(call.Address);
        var through = proxy is null || proxy == call.Address ? "" : $", through the proxy {proxy.Authority},";
        return new(ExitCodes.Unreachable, Printable.Line($"{Server(call)}{through} {why.TrimEnd('.')} (request {outcome.RequestId})"));
    }

    private static string Server(ApiCall call) => call.Address.GetLeftPart(UriPartial.Authority);

    private TimeSpan? Pause(ApiCall call, Outcome outcome, int attempt)
    {
        // A connection that was never made and a 429 have done nothing: those are safe to repeat for every call.
        var untouched = outcome.Status == 429 || outcome.Failure is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError };
        var worthIt = outcome.Status is 429 or 503 || (outcome.Failure is not null and not HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError });
        if (attempt >= attempts || !worthIt || !(untouched || call.IsRepeatable))
        {
            return null;
        }

        var backoff = TimeSpan.FromMilliseconds(200 * (1 << (attempt - 1)) * (0.5 + Random.Shared.NextDouble()));
        var asked = TimeSpan.FromSeconds(Seconds(outcome.RetryAfter));
        return asked > backoff ? asked + (backoff / 4) : backoff;
    }

    private static double Seconds(RetryConditionHeaderValue? value) => Math.Max(
        0,
        value is null ? 0 : value.Delta?.TotalSeconds ?? (value.Date!.Value - TimeProvider.System.GetUtcNow()).TotalSeconds);

    private void TraceRequest(ApiCall call, HttpRequestMessage request)
    {
        if (!verbose)
        {
            return;
        }

        Trace($"> {call.Method} {call.Address}", call.Key);
        foreach (var (name, values) in request.Headers.NonValidated)
        {
            Trace($"> {name}: {values}", call.Key);
        }

        if (call.Body is not null)
        {
            Trace($"> {Encoding.UTF8.GetString(call.Body)}", call.Key);
        }
    }

    private void TraceResponse(ApiCall call, HttpResponseMessage response, byte[] body, TimeSpan elapsed)
    {
        if (!verbose)
        {
            return;
        }

        Trace($"< {(int)response.StatusCode} {response.ReasonPhrase} ({elapsed.TotalMilliseconds:0} ms)", null);
        foreach (var (name, values) in response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated))
        {
            Trace($"< {name}: {values}", call.Key);
        }

        if (body.Length > 0)
        {
            Trace($"< {Encoding.UTF8.GetString(body)}", call.Key);
        }
    }

    private void Trace(string line, string? key)
    {
        if (verbose)
        {
            Terminal.Error.WriteLine(Printable.Line(Printable.WithoutKeys(line, key)));
        }
    }

    private sealed record Outcome(
        int Status, string Reason, string? MediaType, byte[] Body, string RequestId, RetryConditionHeaderValue? RetryAfter, string? ETag, Exception? Failure);
}
