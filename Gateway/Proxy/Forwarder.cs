using System.Net;
using System.Text;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Options;
using Xerotier.Gateway.Configuration;
using Xerotier.Gateway.Keys;
using Xerotier.Gateway.Limits;
using Xerotier.Gateway.Metrics;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Site;
using Yarp.ReverseProxy.Forwarder;

namespace Xerotier.Gateway.Proxy;

/// <summary>
/// Forwards requests to a service with YARP, on behalf of their key. A destination that fails costs no request that is safe to repeat: a
/// request that reached no destination is sent to another one, and so is any GET.
/// </summary>
internal sealed partial class Forwarder(
    IHttpForwarder yarp, Upstreams upstreams, InternalTokens tokens, InternalTls tls, OpenCalls calls, RateLimits limits, ErrorPages pages, GatewayMetrics metrics, IOptions<GatewayOptions> options, TimeProvider time, ILogger<Forwarder> logger) : IDisposable
{
    /// <summary>Seconds that one of several destinations gets.</summary>
    private const int AttemptTimeout = 2;

    /// <summary>How long a client gets to read why its stream ended, unless it hangs up earlier.</summary>
    private static readonly TimeSpan Farewell = TimeSpan.FromMilliseconds(200);

    private readonly HttpMessageInvoker http = new(new SendOnceHandler(Handler(tls)));
    private readonly HttpMessageInvoker grpc = new(new SendOnceHandler(Handler(tls)));
    private readonly ForwarderRequestConfig totalTimeout = WithTimeout(options.Value.UpstreamTimeoutSeconds);
    private readonly ForwarderRequestConfig attemptTimeout = WithTimeout(Math.Min(options.Value.UpstreamTimeoutSeconds, AttemptTimeout));

    // A call may pause between heartbeats for any time; HTTP/2 pings find a dead peer.
    private readonly ForwarderRequestConfig streaming = new() { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, ActivityTimeout = TimeSpan.FromDays(1) };

    /// <summary>Forwards requests to <paramref name="service"/> over HTTP/1.1; of anybody's without a session only as many as <see cref="RateLimits.TakeQuery"/> lets through.</summary>
    public Handler To(string service)
    {
        var upstream = upstreams[service];
        return call => call is { Route.Access: Access.Public, SessionHeaders: null } && limits.TakeQuery(call.Client) is { } exceeded
            ? RefuseAsync(call, exceeded)
            : SendAsync(call, upstream, destination => destination.Http, http, config: null, CancellationToken.None);
    }

    /// <summary>Forwards long-lived gRPC calls to <paramref name="service"/>; each ends when its key does.</summary>
    public Handler StreamTo(string service)
    {
        var upstream = upstreams[service];
        return call => StreamAsync(call, upstream);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        http.Dispose();
        grpc.Dispose();
    }

    private Task RefuseAsync(Call call, ApiError error)
    {
        metrics.Refused(error);
        return Responses.WriteErrorAsync(call.Http, error, pages);
    }

    private async Task StreamAsync(Call call, Upstream upstream)
    {
        var context = call.Http;
        var started = time.GetTimestamp();
        using var open = calls.TryOpen(call.Key!);
        if (open is null)
        {
            metrics.Refused(ApiErrors.TooManyStreams);
            await Responses.WriteErrorAsync(context, ApiErrors.TooManyStreams);
            metrics.StreamEnded(call.Route.Pattern, Responses.GrpcStatusOf(context), started);
            return;
        }

        context.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = null;
        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }

        var reset = new SuppressedReset(context.Features.Get<IHttpResetFeature>()!, open);
        context.Features.Set<IHttpResetFeature>(reset);
        try
        {
            await SendAsync(call, upstream, destination => destination.Grpc, grpc, streaming, open.Ended);
            if (open.Error is { } error && !context.RequestAborted.IsCancellationRequested)
            {
                if (error == ApiErrors.ServiceUnavailable)
                {
                    context.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose(); // another Gateway is by another connection
                }

                if (context.Response.HasStarted)
                {
                    Responses.AppendGrpcTrailers(context, error);
                    await context.Response.CompleteAsync();
                }
                else
                {
                    await Responses.WriteErrorAsync(context, error);
                }

                if (error == ApiErrors.ServiceUnavailable)
                {
                    // The connection closes with its last stream, and a client that learns of that first does not read why its call ended.
                    await Task.Delay(Farewell, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }
            }
        }
        finally
        {
            metrics.StreamEnded(call.Route.Pattern, Responses.GrpcStatusOf(context), started);
        }
    }

    private async Task SendAsync(Call call, Upstream upstream, Func<Destination, string> address, HttpMessageInvoker client, ForwarderRequestConfig? config, CancellationToken ended)
    {
        var context = call.Http;
        context.Request.Headers.Remove("Upgrade"); // YARP would forward a WebSocket
        var authorization = call.Key?.Authorization(tokens, upstream.Name, time.GetUtcNow(), call.InSession) ?? $"Bearer {tokens.ForPublic(upstream.Name)}";
        var isPublic = call.Route.Access == Access.Public;
        var transformer = new ServiceRequestTransformer(authorization, call.Client, isPublic, wantsPage: isPublic && ErrorPages.IsPreferred(context.Request), call.SessionHeaders);
        var repeatable = call.Route.Method == "GET" && context.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: true };
        var errors = isPublic ? pages : null;
        var common = CommonHeaders.Of(context.Response);
        var tried = new List<Destination>(1);
        while (upstream.Next(tried) is { } destination)
        {
            tried.Add(destination);
            transformer.Host = destination.Replica.Name;
            var timeout = !destination.IsHealthy(time) || (repeatable && upstream.HasOther(destination)) ? attemptTimeout : totalTimeout;
            var error = await yarp.SendAsync(context, address(destination), client, config ?? timeout, transformer, ended);
            if (transformer.TokenRejected)
            {
                LogTokenRejected(logger, upstream.Name);
                await Responses.WriteErrorAsync(context, ApiErrors.ServiceUnavailable, errors);
                return;
            }

            if (error == ForwarderError.None)
            {
                call.Outcome = new(context.Response.StatusCode, upstream.Name);
                if (transformer.Error is { } refused)
                {
                    await Responses.WriteErrorAsync(context, refused, errors);
                }

                return;
            }

            // YARP aborts a response that the service breaks off, which also cancels RequestAborted.
            var isBrokenOff = error == ForwarderError.ResponseBodyDestination;
            if (!isBrokenOff && (context.RequestAborted.IsCancellationRequested || ended.IsCancellationRequested))
            {
                call.Outcome = Outcome.ClientClosed;
                return;
            }

            var failure = context.GetForwarderErrorFeature()?.Exception;
            var notSent = error == ForwarderError.Request && failure is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError };
            if (error is not (ForwarderError.RequestBodyClient or ForwarderError.RequestCreation))
            {
                destination.ReportFailure(time);
                LogFailed(logger, upstream.Name, destination.Http, error, (failure?.InnerException ?? failure)?.Message);
            }

            if (context.Response.HasStarted)
            {
                call.Outcome = new(StatusCodes.Status502BadGateway, upstream.Name);
                return; // YARP has aborted it, so that the client does not take it for complete
            }

            var status = context.Response.StatusCode;
            context.Response.Clear();
            common.SetOn(context.Response);
            if ((notSent || (repeatable && error != ForwarderError.RequestCreation)) && tried.Count < upstream.Destinations.Count)
            {
                continue;
            }

            await Responses.WriteErrorAsync(context, error switch
            {
                ForwarderError.RequestCreation => ApiErrors.Invalid("The request cannot be passed on as it was sent."),
                ForwarderError.RequestTimedOut => ApiErrors.UpstreamTimeout,
                _ => ApiErrors.FromStatus(status),
            }, errors);
            return;
        }

        await Responses.WriteErrorAsync(context, ApiErrors.ServiceUnavailable, errors); // no replica is known
    }

    private static ForwarderRequestConfig WithTimeout(int seconds) =>
        new() { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact, ActivityTimeout = TimeSpan.FromSeconds(seconds) };

    private static SocketsHttpHandler Handler(InternalTls tls) => new()
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = TimeSpan.FromSeconds(1),
        EnableMultipleHttp2Connections = true,
        InitialHttp2StreamWindowSize = 1024 * 1024,
        KeepAlivePingDelay = TimeSpan.FromSeconds(2),
        KeepAlivePingTimeout = TimeSpan.FromSeconds(2),
        PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
        RequestHeaderEncodingSelector = static (_, _) => Encoding.UTF8, // the encoding in which Kestrel read them
        SslOptions = tls.ClientOptions(),
        UseCookies = false,
        UseProxy = false,
    };

    [LoggerMessage(1, LogLevel.Warning, "{Service} at {Address} failed a request: {Error}, {Reason}")]
    private static partial void LogFailed(ILogger logger, string service, string address, ForwarderError error, string? reason);

    [LoggerMessage(2, LogLevel.Error, "{Service} rejected an internal token; its own log says why")]
    private static partial void LogTokenRejected(ILogger logger, string service);

    /// <summary>Prevents YARP from resetting a stream that ends because of its key: the trailers tell the caller why.</summary>
    private sealed class SuppressedReset(IHttpResetFeature inner, OpenCalls.OpenCall call) : IHttpResetFeature
    {
        /// <inheritdoc/>
        public void Reset(int errorCode)
        {
            if (call.Error is null)
            {
                inner.Reset(errorCode);
            }
        }
    }
}
