using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Options;
using Xerotier.Gateway.Keys;
using Xerotier.ServiceDefaults;
using Yarp.ReverseProxy.Forwarder;

namespace Xerotier.Gateway.Proxy;

/// <summary>
/// Passes requests on to a service with YARP, on behalf of the key that they came with. A replica that fails costs no request where
/// repeating is safe: what never reached a replica goes to another one, and so does any GET.
/// </summary>
internal sealed partial class Forwarder : IDisposable
{
    private static readonly TimeSpan FirstAttempt = TimeSpan.FromSeconds(2);
    private readonly IHttpForwarder yarp;
    private readonly Upstreams upstreams;
    private readonly InternalTokens tokens;
    private readonly OpenCalls calls;
    private readonly TimeProvider time;
    private readonly ILogger<Forwarder> logger;
    private readonly HttpMessageInvoker http = new(Handler());
    private readonly HttpMessageInvoker grpc = new(Handler());
    private readonly ForwarderRequestConfig patient;
    private readonly ForwarderRequestConfig hasty;

    // A call may be silent between heartbeats for as long as it likes; a dead peer is found by HTTP/2 pings.
    private readonly ForwarderRequestConfig streaming = new() { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, ActivityTimeout = TimeSpan.FromDays(1) };

    public Forwarder(IHttpForwarder yarp, Upstreams upstreams, InternalTokens tokens, OpenCalls calls, IOptions<GatewayOptions> options, TimeProvider time, ILogger<Forwarder> logger)
    {
        (this.yarp, this.upstreams, this.tokens, this.calls, this.time, this.logger) = (yarp, upstreams, tokens, calls, time, logger);
        var timeout = TimeSpan.FromSeconds(options.Value.UpstreamTimeoutSeconds);
        patient = new() { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact, ActivityTimeout = timeout };
        hasty = patient with { ActivityTimeout = timeout < FirstAttempt ? timeout : FirstAttempt };
    }

    /// <summary>Passes requests on to <paramref name="service"/> over HTTP/1.1.</summary>
    public Handler To(string service)
    {
        var upstream = upstreams[service];
        return call => SendAsync(call, upstream, replica => replica.Http, http, config: null, CancellationToken.None);
    }

    /// <summary>Passes long-lived gRPC calls on to <paramref name="service"/>; each ends when its key does.</summary>
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

    private async Task StreamAsync(Call call, Upstream upstream)
    {
        var context = call.Http;
        context.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = null;
        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }

        using var open = calls.Open(call.Key!);
        var reset = new HeldReset(context.Features.Get<IHttpResetFeature>()!, open);
        context.Features.Set<IHttpResetFeature>(reset);
        await SendAsync(call, upstream, replica => replica.Grpc, grpc, streaming, open.Ended);
        if (open.Fault is { } fault && !context.RequestAborted.IsCancellationRequested)
        {
            if (context.Response.HasStarted)
            {
                Answers.AppendGrpcTrailers(context, fault);
                await context.Response.CompleteAsync();
            }
            else
            {
                await Answers.WriteErrorAsync(context, fault);
            }
        }
    }

    private async Task SendAsync(Call call, Upstream upstream, Func<Replica, string> address, HttpMessageInvoker client, ForwarderRequestConfig? config, CancellationToken ended)
    {
        var context = call.Http;
        context.Request.Headers.Remove("Upgrade"); // YARP would pass a WebSocket on
        var authorization = call.Key?.Authorization(tokens, time.GetUtcNow()) ?? $"Bearer {tokens.ForService()}";
        var outgoing = new Outgoing(authorization, call.Client.Address);
        var repeatable = call.Route.Method == "GET" && context.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: true };
        var own = OwnHeaders.Of(context.Response);
        var tried = new List<Replica>(1);
        while (upstream.Next(tried) is { } replica)
        {
            tried.Add(replica);
            var impatient = !replica.IsHealthy(time) || (repeatable && upstream.HasOther(replica));
            var error = await yarp.SendAsync(context, address(replica), client, config ?? (impatient ? hasty : patient), outgoing, ended);
            if (outgoing.Refused)
            {
                LogRefused(logger, upstream.Name);
                await Answers.WriteErrorAsync(context, ApiErrors.ServiceUnavailable);
                return;
            }

            if (error == ForwarderError.None || context.RequestAborted.IsCancellationRequested || ended.IsCancellationRequested)
            {
                return;
            }

            var failure = context.GetForwarderErrorFeature()?.Exception;
            var neverReached = error == ForwarderError.Request && failure is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError };
            if (error is not (ForwarderError.RequestBodyClient or ForwarderError.RequestCreation))
            {
                replica.Suspect(time);
                LogFailed(logger, upstream.Name, replica.Http, error, (failure?.InnerException ?? failure)?.Message);
            }

            if (context.Response.HasStarted)
            {
                return; // YARP has cut it off, so that nobody takes it for whole
            }

            var status = context.Response.StatusCode;
            context.Response.Clear();
            own.SetOn(context.Response);
            if ((neverReached || (repeatable && error != ForwarderError.RequestCreation)) && tried.Count < upstream.Replicas.Count)
            {
                continue;
            }

            await Answers.WriteErrorAsync(context, error switch
            {
                ForwarderError.RequestCreation => ApiErrors.Invalid("The request cannot be passed on as it was sent."),
                ForwarderError.RequestTimedOut => ApiErrors.UpstreamTimeout,
                _ => ApiErrors.FromStatus(status),
            });
            return;
        }
    }

    private static SocketsHttpHandler Handler() => new()
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = TimeSpan.FromSeconds(1),
        EnableMultipleHttp2Connections = true,
        InitialHttp2StreamWindowSize = 1024 * 1024,
        KeepAlivePingDelay = TimeSpan.FromSeconds(2),
        KeepAlivePingTimeout = TimeSpan.FromSeconds(2),
        PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
        RequestHeaderEncodingSelector = static (_, _) => Encoding.UTF8, // as Kestrel has read them
        UseCookies = false,
        UseProxy = false,
    };

    [LoggerMessage(1, LogLevel.Warning, "{Service} at {Address} failed a request: {Error}, {Reason}")]
    private static partial void LogFailed(ILogger logger, string service, string address, ForwarderError error, string? reason);

    [LoggerMessage(2, LogLevel.Error, "{Service} refused an internal token: do all services share InternalAuth:Key?")]
    private static partial void LogRefused(ILogger logger, string service);

    /// <summary>
    /// What goes to a service: the method, path and query, a few headers that mean something to it, and who vouches for the caller.
    /// Nothing else that a caller sends gets through, so nothing can pass for one of ours.
    /// </summary>
    private sealed class Outgoing(string authorization, IPAddress client) : HttpTransformer
    {
        private static readonly string[] Passed =
            ["Accept", "Accept-Encoding", "Accept-Language", "Idempotency-Key", "If-Match", "If-None-Match", "User-Agent", "grpc-timeout", "grpc-encoding", "grpc-accept-encoding"];

        /// <summary>The service did not accept our token, which is no fault of the caller.</summary>
        public bool Refused { get; private set; }

        public override ValueTask TransformRequestAsync(HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
        {
            if (proxyRequest.Method == HttpMethod.Head)
            {
                proxyRequest.Method = HttpMethod.Get; // the server leaves the body out by itself
            }

            var headers = httpContext.Request.Headers;
            foreach (var name in Passed)
            {
                var values = headers[name];
                if (values.Count > 0)
                {
                    proxyRequest.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
                }
            }

            if (proxyRequest.Content?.Headers is { } content)
            {
                content.TryAddWithoutValidation("Content-Type", headers.ContentType.ToString());
                content.ContentLength = headers.ContentLength;
            }

            var added = proxyRequest.Headers;
            if (proxyRequest.Version.Major == 2)
            {
                added.TE.Add(new("trailers"));
            }

            added.TryAddWithoutValidation("Authorization", authorization);
            added.TryAddWithoutValidation("X-Forwarded-For", client.ToString());
            added.TryAddWithoutValidation("X-Request-Id", Answers.RequestIdOf(httpContext).ToString());
            return default;
        }

        public override ValueTask<bool> TransformResponseAsync(HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
        {
            if (proxyResponse?.StatusCode == HttpStatusCode.Unauthorized)
            {
                Refused = true;
                return ValueTask.FromResult(false);
            }

            if (proxyResponse?.Headers.Contains(RateLimitHeaders.Limit) == true)
            {
                // The service counts what a request holds, and knows better.
                var own = httpContext.Response.Headers;
                own.Remove(RateLimitHeaders.Limit);
                own.Remove(RateLimitHeaders.Remaining);
                own.Remove(RateLimitHeaders.Reset);
            }

            var copied = base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
            httpContext.Response.Headers.Server = default;
            return copied;
        }
    }

    /// <summary>Keeps YARP from resetting a stream that ends with its key: its caller is told why in the trailers.</summary>
    private sealed class HeldReset(IHttpResetFeature inner, OpenCalls.OpenCall call) : IHttpResetFeature
    {
        public void Reset(int errorCode)
        {
            if (call.Fault is null)
            {
                inner.Reset(errorCode);
            }
        }
    }
}
