using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Net.Http.Headers;
using Xerotier.ServiceDefaults;

namespace Xerotier.OperatorConsole.Api;

/// <summary>An object with the tag of its version.</summary>
/// <param name="Value">The object.</param>
/// <param name="ETag">What a change of this version alone sends as <c>If-Match</c>; null where the API gives none.</param>
public sealed record Versioned<T>(T Value, string? ETag);

/// <summary>The public API for one request of a user: with the user's session in place of a key, from the user's own address.</summary>
/// <param name="gateways">Sends.</param>
/// <param name="http">The user's request.</param>
/// <param name="secret">The session's secret; null: what needs no key.</param>
public sealed class GatewayApi(Gateways gateways, HttpContext http, string? secret)
{
    private const long MostBytes = 64 * 1024 * 1024;

    /// <summary>The longest that a page waits for what it can do without: whoever posts an incident waits for no other service.</summary>
    public static readonly TimeSpan Briefly = TimeSpan.FromSeconds(1);

    /// <summary>Reads an object.</summary>
    /// <param name="path">The path, with its query.</param>
    /// <param name="type">The object's shape.</param>
    /// <param name="within">The longest that it may take, after which it is a timeout as any (504); null: as long as requests do.</param>
    /// <exception cref="ApiException">What the API answers instead.</exception>
    public async Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, TimeSpan? within = null) =>
        (await AskAsync(HttpMethod.Get, path, null, type, within) ?? throw new ApiException(ApiErrors.ServiceUnavailable)).Value;

    /// <summary>Reads what is on the public page; what everybody sees is read anew only when it has changed.</summary>
    /// <param name="within">The longest that it may take, after which it is a timeout as any (504); null: as long as requests do.</param>
    /// <exception cref="ApiException">What the API answers instead.</exception>
    public async Task<StatusDocument> GetStatusAsync(TimeSpan? within = null)
    {
        var known = gateways.Status;
        if (await AskAsync(HttpMethod.Get, "/status.json", null, ContractsJson.Wire.StatusDocument, within, ("If-None-Match", known?.ETag)) is { } read)
        {
            gateways.Status = known = read;
        }

        return known!.Value;
    }

    /// <summary>Reads an object with its version.</summary>
    /// <exception cref="ApiException">What the API answers instead.</exception>
    public Task<Versioned<T>> FindAsync<T>(string path, JsonTypeInfo<T> type) => SendAsync(HttpMethod.Get, path, null, type);

    /// <summary>Waits for what a page can do without: null where it cannot be had right now, which is said in its place.</summary>
    public static async Task<T?> OrNullAsync<T>(Task<T> asked)
        where T : class
    {
        try
        {
            return await asked;
        }
        catch (ApiException failure) when (failure.Error.Status is StatusCodes.Status429TooManyRequests or >= 500)
        {
            return null;
        }
    }

    /// <summary>Sends a change.</summary>
    /// <param name="method">The method.</param>
    /// <param name="path">The path, with its query.</param>
    /// <param name="body">The body, if it has one.</param>
    /// <param name="type">The shape of the answer.</param>
    /// <param name="ifMatch">The version that it changes; null: any.</param>
    /// <param name="idempotencyKey">By which the API knows a second sending of it; null: it does not.</param>
    /// <param name="within">The longest that it may take, after which it is a timeout as any (504); null: as long as requests do.</param>
    /// <exception cref="ApiException">What the API answers instead.</exception>
    public async Task<Versioned<T>> SendAsync<T>(HttpMethod method, string path, JsonObject? body, JsonTypeInfo<T> type, string? ifMatch = null, string? idempotencyKey = null, TimeSpan? within = null) =>
        await AskAsync(method, path, body, type, within, ("If-Match", ifMatch), ("Idempotency-Key", idempotencyKey)) ?? throw new ApiException(ApiErrors.ServiceUnavailable);

    /// <returns>The answer; null: it has not changed.</returns>
    private async Task<Versioned<T>?> AskAsync<T>(HttpMethod method, string path, JsonObject? body, JsonTypeInfo<T> type, TimeSpan? within, params IReadOnlyList<(string Name, string? Value)> conditions)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        ends.CancelAfter(within ?? Timeout.InfiniteTimeSpan);
        try
        {
            return await AskUntilAsync(method, path, body, type, conditions, ends.Token);
        }
        catch (OperationCanceledException) when (!http.RequestAborted.IsCancellationRequested)
        {
            throw new ApiException(ApiErrors.UpstreamTimeout);
        }
    }

    private async Task<Versioned<T>?> AskUntilAsync<T>(HttpMethod method, string path, JsonObject? body, JsonTypeInfo<T> type, IReadOnlyList<(string Name, string? Value)> conditions, CancellationToken cancellation)
    {
        using var response = await gateways.SendAsync(
            () =>
            {
                var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
                var headers = request.Headers;
                if (secret is not null)
                {
                    headers.TryAddWithoutValidation(ConsoleSession.SecretHeader, secret);
                }

                Pass("X-Forwarded-For");
                Pass("X-Request-Id");
                Pass(ConsoleSession.LiveHeader);
                foreach (var (name, value) in conditions)
                {
                    Add(name, value);
                }

                headers.Accept.Add(new("application/json"));
                if (body is not null)
                {
                    request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
                }

                return request;

                void Pass(string name) => Add(name, http.Request.Headers[name] is [{ } sent] ? sent : null);
                void Add(string name, string? value)
                {
                    if (value is not null)
                    {
                        headers.TryAddWithoutValidation(name, value);
                    }
                }
            },
            cancellation);
        if (response.StatusCode == HttpStatusCode.NotModified)
        {
            return null;
        }

        if (!response.IsSuccessStatusCode)
        {
            throw new ApiException(await ReadErrorAsync(response));
        }

        try
        {
            await response.Content.LoadIntoBufferAsync(MostBytes, cancellation);
            var value = await response.Content.ReadFromJsonAsync(ContractsJson.FromAnyVersion(ContractsJson.Wire.Options, type), cancellation);
            return new Versioned<T>(value ?? throw new ApiException(ApiErrors.ServiceUnavailable), response.Headers.TryGetValues(HeaderNames.ETag, out var tags) ? tags.First() : null);
        }
        catch (Exception failure) when (failure is JsonException or HttpRequestException)
        {
            throw new ApiException(ApiErrors.ServiceUnavailable);
        }
    }

    private async Task<ApiError> ReadErrorAsync(HttpResponseMessage response)
    {
        var status = (int)response.StatusCode;
        try
        {
            await response.Content.LoadIntoBufferAsync(1024 * 1024, http.RequestAborted);
            if (await response.Content.ReadFromJsonAsync(ContractsJson.Wire.ErrorResponse, http.RequestAborted) is { Error: { } error })
            {
                return new(status, error.Type, error.Code, error.Message, error.Param) { Errors = error.Errors, RetryAfterSeconds = error.RetryAfter };
            }
        }
        catch (Exception failure) when (failure is JsonException or HttpRequestException or InvalidOperationException)
        {
            // not of our API: what its status says
        }

        return response.StatusCode == HttpStatusCode.Unauthorized ? ApiErrors.ServiceUnavailable : ApiErrors.FromStatus(status); // our own token was refused
    }
}
