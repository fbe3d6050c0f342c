using System.Buffers;
using System.Net.Http.Headers;
using Microsoft.Extensions.Options;
using Xerotier.NotificationService.Messages;
using Xerotier.NotificationService.Model;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.NotificationService.Sending;

/// <summary>Sends one message to a webhook or to Slack (notifications.md section 21). It reaches no inside address (<see cref="OutboundHandler"/>) and retries nothing.</summary>
internal sealed class MessageSender : IDisposable
{
    /// <summary>The most bytes of a response's body that are read.</summary>
    public const int LongestBody = 16 * 1024;

    /// <summary>How long an attempt may take: the name, the connection, the response.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromDays(1);

    private readonly TimeProvider time;
    private readonly TimeSpan timeout;
    private readonly bool allowHttp;
    private readonly HttpClient client;

    /// <summary>Creates a sender.</summary>
    public MessageSender(IOptions<NotificationsOptions> options, [FromKeyedServices(DatabaseTime.Key)] TimeProvider time)
        : this(Connections(options.Value.AllowPrivateTargets), time, Timeout)
    {
    }

    /// <summary>Creates a sender.</summary>
    /// <param name="connections">How it connects, after <see cref="Connections"/>; plain http will do where private addresses do.</param>
    /// <param name="time">The clock of timeouts, timestamps and dates.</param>
    /// <param name="timeout">How long an attempt may take.</param>
    internal MessageSender(OutboundOptions connections, TimeProvider time, TimeSpan timeout)
    {
        (allowHttp, this.time, this.timeout) = (connections.AllowPrivate, time, timeout);
        Handler = OutboundHandler.Create(connections);
        client = new(Handler) { Timeout = System.Threading.Timeout.InfiniteTimeSpan };
        client.DefaultRequestHeaders.UserAgent.Add(new("Xerotier-Status", null));
    }

    /// <summary>What makes its requests.</summary>
    internal SocketsHttpHandler Handler { get; }

    /// <summary>How messages connect.</summary>
    public static OutboundOptions Connections(bool allowPrivate) => new()
    {
        AllowPrivate = allowPrivate,
        Setting = "Notifications__AllowPrivateTargets",
        ConnectTimeout = Timeout,
        PooledConnectionLifetime = TimeSpan.FromMinutes(2), // then the name is asked for again
    };

    /// <summary>Sends a message to a webhook, signed as of now.</summary>
    /// <param name="target">The webhook's address.</param>
    /// <param name="id">The message's ID, the same in every attempt.</param>
    /// <param name="body">What <see cref="WebhookMessage"/> has made.</param>
    /// <param name="secrets">What signs it.</param>
    /// <param name="stopping">Ends the attempt.</param>
    /// <exception cref="OperationCanceledException"><paramref name="stopping"/> ended it before there was a response.</exception>
    public Task<SendResult> SendWebhookAsync(string target, string id, MessageBody body, WebhookSecrets secrets, CancellationToken stopping)
    {
        var now = time.GetUtcNow();
        return SendAsync(
            target,
            body,
            headers =>
            {
                headers.Add("webhook-id", id);
                headers.Add("webhook-timestamp", WebhookSignature.Timestamp(now));
                headers.Add("webhook-signature", WebhookSignature.Sign(id, now, body, secrets));
            },
            status => status is 410 ? SendOutcome.Disable : SendOutcome.FailedForNow,
            stopping);
    }

    /// <summary>Sends a message to a channel of Slack.</summary>
    /// <param name="target">The address of the incoming webhook, which is a secret.</param>
    /// <param name="body">What <see cref="SlackMessage"/> has made.</param>
    /// <param name="stopping">Ends the attempt.</param>
    /// <exception cref="OperationCanceledException"><paramref name="stopping"/> ended it before there was a response.</exception>
    public Task<SendResult> SendSlackAsync(string target, byte[] body, CancellationToken stopping) => SendAsync(
        target,
        new(body, default),
        _ => { },
        status => status switch
        {
            404 or 410 => SendOutcome.Disable,
            408 or 429 => SendOutcome.FailedForNow,
            >= 400 and < 500 => SendOutcome.FailedForGood,
            _ => SendOutcome.FailedForNow,
        },
        stopping);

    /// <inheritdoc/>
    public void Dispose()
    {
        client.Dispose();
        Handler.Dispose();
    }

    private async Task<SendResult> SendAsync(string target, MessageBody body, Action<HttpRequestHeaders> sign, Func<int, SendOutcome> failure, CancellationToken stopping)
    {
        if (!Uri.TryCreate(target, UriKind.Absolute, out var address) || !(address.Scheme is "https" || (allowHttp && address.Scheme is "http")))
        {
            return new(SendOutcome.Refused, null, "The target is no https address.");
        }

        using var late = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, stopping);
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = body.ToContent() };
        sign(request.Headers);
        try
        {
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            var result = ResultOf(response, failure);
            await ReadBodyAsync(response, either.Token);
            return result;
        }
        catch (Exception exception) when (!stopping.IsCancellationRequested)
        {
            return OutboundHandler.IsRefusal(exception)
                ? new(SendOutcome.Refused, null, "The host has no address that messages may go to.")
                : new(SendOutcome.FailedForNow, null, late.IsCancellationRequested ? $"There was no response within {timeout.TotalSeconds:0.#} s." : ReasonOf(exception));
        }
    }

    private SendResult ResultOf(HttpResponseMessage response, Func<int, SendOutcome> failure)
    {
        var status = (int)response.StatusCode;
        return response.IsSuccessStatusCode ? new(SendOutcome.Delivered, status, null)
            : new(failure(status), status, $"The response was {status}{(status is >= 300 and < 400 ? "; redirects are not followed" : "")}.", RetryAfterOf(response));
    }

    private TimeSpan? RetryAfterOf(HttpResponseMessage response)
    {
        var asked = response.Headers.RetryAfter is { } header ? header.Delta ?? (header.Date - time.GetUtcNow()) : null;
        return asked > LongestRetryAfter ? LongestRetryAfter : asked > TimeSpan.Zero ? asked : null;
    }

    /// <summary>Reads a short body, so that its connection can be used again. What is in it, or goes wrong with it, is nobody's business: the status has said all.</summary>
    private static async Task ReadBodyAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(4 * 1024);
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellation);
            for (int left = LongestBody, read = 1; left > 0 && read > 0; left -= read)
            {
                read = await body.ReadAsync(buffer.AsMemory(0, Math.Min(left, buffer.Length)), cancellation);
            }
        }
        catch (Exception failure) when (failure is IOException or HttpRequestException or OperationCanceledException)
        {
            // The connection is closed then.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>What went wrong, in words of ours: those of the framework name the address.</summary>
    private static string ReasonOf(Exception failure) => (failure as HttpRequestException)?.HttpRequestError switch
    {
        HttpRequestError.NameResolutionError => "The host's name could not be resolved.",
        HttpRequestError.ConnectionError => "There was no connection to the host.",
        HttpRequestError.SecureConnectionError => "TLS failed: the certificate must be valid for the host, and come with its whole chain.",
        HttpRequestError.ResponseEnded => "The connection ended before the response.",
        HttpRequestError.InvalidResponse or HttpRequestError.HttpProtocolError => "The response was not valid HTTP.",
        HttpRequestError.ConfigurationLimitExceeded => "The response's headers were too long.",
        _ => "The request could not be sent.",
    };
}
