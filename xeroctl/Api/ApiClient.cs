using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Xerotier.Xeroctl.Api;

/// <summary>
/// Sends requests. Every failure becomes a <see cref="CliException"/> with the API's code and the request id. Connection failures,
/// 429 and 503 are retried where nothing can happen twice, with growing, jittered pauses and in bounded time.
/// </summary>
internal sealed class ApiClient(bool verbose, TimeSpan timeout, int attempts = 4) : IDisposable
{
    private const int MaxResponse = 64 * 1024 * 1024;
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(30);

    private readonly HttpClient http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false, // only the configured server gets the key
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None, // xeroctl prints the bytes unchanged
        ConnectTimeout = ConnectTimeout(timeout),
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>Sends <paramref name="call"/> and reads the response.</summary>
    /// <exception cref="CliException">It failed.</exception>
    public async Task<ApiResponse> SendAsync(ApiCall call, CancellationToken cancel)
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
                throw ApiFailure.TimedOut(call, timeout, requestId);
            }

            var pause = Pause(call, outcome, attempt);
            if (pause is null || Stopwatch.GetElapsedTime(started) + pause > MaxWait)
            {
                throw outcome.Failure is null ? ApiFailure.Of(call, outcome) : ApiFailure.NoConnection(call, outcome);
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
            response.Headers.TryGetValues("X-Request-Id", out var ids) ? TerminalText.Line(ids.First()) : requestId,
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

    // Shorter than the whole timeout, so that the message can say whether the connection or the response is missing.
    private static TimeSpan ConnectTimeout(TimeSpan timeout) => TimeSpan.FromSeconds(Math.Min(10, timeout.TotalSeconds * 2 / 3));

    private static async Task<byte[]> ReadAsync(HttpResponseMessage response, string requestId, CancellationToken cancel)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancel);
        using var body = new MemoryStream();
        var buffer = new byte[32 * 1024];
        for (int read; (read = await stream.ReadAsync(buffer, cancel)) > 0;)
        {
            if (body.Length + read > MaxResponse)
            {
                throw new CliException(ExitCodes.Failure, $"the response is larger than 64 MB (request {requestId})");
            }

            body.Write(buffer, 0, read);
        }

        return body.ToArray();
    }

    private static ApiResponse Read(Outcome outcome)
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
                : throw ApiFailure.NotTheApi(outcome, ExitCodes.Failure);
        }
        catch (JsonException)
        {
            throw ApiFailure.NotTheApi(outcome, ExitCodes.Failure);
        }
    }

    private TimeSpan? Pause(ApiCall call, Outcome outcome, int attempt)
    {
        // A failed connection and a 429 changed nothing: every call can be repeated after them.
        var unchanged = outcome.Status == 429 || outcome.Failure is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError };
        var transient = outcome.Status is 429 or 503 || (outcome.Failure is not null and not HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError });
        if (attempt >= attempts || !transient || !(unchanged || call.IsRepeatable))
        {
            return null;
        }

        var backoff = TimeSpan.FromMilliseconds(200 * (1 << (attempt - 1)) * (0.5 + Random.Shared.NextDouble()));
        var asked = TimeSpan.FromSeconds(outcome.RetryAfterSeconds);
        return asked > backoff ? asked + (backoff / 4) : backoff;
    }

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
            Terminal.Error.WriteLine(TerminalText.Line(TerminalText.Redact(line, key)));
        }
    }
}
