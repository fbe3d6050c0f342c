using System.Net;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client.Balancer;
using Grpc.Net.Client.Configuration;
using Grpc.Net.ClientFactory;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Xerotier.ServiceDefaults;

/// <summary>Where the other services are, and gRPC clients for them.</summary>
public static class ServiceClients
{
    /// <summary>The longest message that a client takes, bytes. The first of the page's stream has every public document; a test holds the largest.</summary>
    public const int LongestMessage = 64 * 1024 * 1024;

    /// <summary>How long after its own start a service takes it for normal that another one does not respond yet: on a busy machine they come up many seconds apart.</summary>
    public static readonly TimeSpan StartupGrace = TimeSpan.FromSeconds(15);

    /// <summary>
    /// The addresses of a service's endpoint, from <c>services:{service}:{endpoint}:{0, 1, …}</c> as Aspire publishes them; see <see cref="ReplicaList"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is none, or some are <c>https://</c> and others not.</exception>
    public static IReadOnlyList<Uri> GetServiceAddresses(this IConfiguration configuration, string service, string endpoint)
    {
        var addresses = configuration.GetSection($"services:{service}:{endpoint}").GetChildren()
            .Select(child => child.Value).OfType<string>().Select(value => new Uri(value)).ToList();
        return addresses.Count == 0 ? throw new SettingException($"No address of '{service}' ({endpoint}): set services__{service}__{endpoint}__0.")
            : addresses.Select(ReplicaList.IsTls).Distinct().Count() > 1 ? throw new SettingException($"The addresses of '{service}' ({endpoint}) must all be http or all https.")
            : addresses;
    }

    /// <summary>
    /// Registers a gRPC client of <paramref name="service"/> that balances over all of its replicas, carries this service's token
    /// and a deadline (<see cref="DeadlineInterceptor"/>), and notices a silent peer within 2 s.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="service">The other service's name.</param>
    /// <param name="endpoint">Its endpoint.</param>
    public static IServiceCollection AddServiceClient<TClient>(this IServiceCollection services, string service, string endpoint = "grpc")
        where TClient : ClientBase<TClient>
    {
        services.AddGrpcClient<TClient>(client => client.Address = new($"{ReplicaResolver.Scheme}:///{service}"))
            .ConfigureChannel((provider, channel) =>
            {
                var addresses = provider.GetRequiredService<IConfiguration>().GetServiceAddresses(service, endpoint);
                var replicas = new ReplicaList(
                    addresses, provider.GetRequiredService<LookUp>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<ReplicaList>>());
                var isTls = ReplicaList.IsTls(addresses[0]);
                channel.Credentials = isTls ? ChannelCredentials.SecureSsl : ChannelCredentials.Insecure;
                channel.UnsafeUseInsecureChannelCallCredentials = !isTls; // without TLS the network is to be trusted, with the token too
                channel.ServiceProvider = new ServiceCollection().AddSingleton<ResolverFactory>(new ReplicaResolver.Factory(replicas)).BuildServiceProvider();
                channel.ServiceConfig = new ServiceConfig { LoadBalancingConfigs = { new RoundRobinConfig() } };
                channel.InitialReconnectBackoff = TimeSpan.FromMilliseconds(100);
                channel.MaxReconnectBackoff = TimeSpan.FromSeconds(1);
                channel.MaxReceiveMessageSize = LongestMessage;
            })
            .ConfigurePrimaryHttpMessageHandler(provider => new SocketsHttpHandler
            {
                AutomaticDecompression = DecompressionMethods.None,

                // No ConnectTimeout: the balancer counts its pauses between tries into it, and when it runs out the request for a new
                // connection can meet the old one before that is put away, is taken for a double, and nobody ever connects again.
                EnableMultipleHttp2Connections = true,
                KeepAlivePingDelay = TimeSpan.FromSeconds(1),
                KeepAlivePingTimeout = TimeSpan.FromSeconds(1),
                PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
                SslOptions = provider.GetRequiredService<InternalTls>().ClientOptions(),
                UseProxy = false,
            })
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan) // the clients live as long as the process
            .AddCallCredentials((_, metadata, provider) =>
            {
                metadata.Add("authorization", $"Bearer {provider.GetRequiredService<InternalTokens>().ForService(service)}");
                return Task.CompletedTask;
            })
            .AddInterceptor<DeadlineInterceptor>(InterceptorScope.Channel);
        return services;
    }

    /// <summary>How old a stream may grow: 30 minutes, give or take a tenth at random. The next one goes to another replica, which may not have been there when this one began.</summary>
    public static TimeSpan NewStreamLifetime() => TimeSpan.FromMinutes(27 + (6 * Random.Shared.NextDouble()));

    /// <summary>
    /// Reads a server stream for as long as <paramref name="cancellation"/> allows: opens it again with jitter when it ends, fails
    /// or is silent for longer than <paramref name="silence"/>, and at once when it is as old as <see cref="NewStreamLifetime"/> said.
    /// </summary>
    /// <param name="open">Opens the stream.</param>
    /// <param name="received">Called for each message, in order. An <see cref="RpcException"/> of it ends the stream as one of the peer does: the next goes to another replica.</param>
    /// <param name="silence">How long a living stream may be silent.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where losses are logged; a metric shows them as long as they last (<see cref="FailureLog"/>).</param>
    /// <param name="cancellation">Ends the watch.</param>
    public static async Task WatchAsync<T>(
        Func<CancellationToken, AsyncServerStreamingCall<T>> open,
        Func<T, ValueTask> received,
        TimeSpan silence,
        TimeProvider time,
        ILogger logger,
        CancellationToken cancellation)
    {
        var failures = new FailureLog(logger, $"The stream of {typeof(T).Name} was lost", $"The stream of {typeof(T).Name} is back");
        var started = time.GetTimestamp();
        while (!cancellation.IsCancellationRequested)
        {
            var (alive, opened, lifetime) = (false, time.GetTimestamp(), NewStreamLifetime());
            using var silent = new CancellationTokenSource(silence, time);
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation, silent.Token);
            try
            {
                using var call = open(ended.Token);
                while (time.GetElapsedTime(opened) < lifetime && await call.ResponseStream.MoveNext(ended.Token))
                {
                    silent.CancelAfter(silence);
                    await received(call.ResponseStream.Current);
                    alive = true;
                    failures.Succeeded();
                }

                if (time.GetElapsedTime(opened) >= lifetime)
                {
                    continue; // to another replica
                }
            }
            catch (Exception failure) when (failure is RpcException or OperationCanceledException or IOException)
            {
                if (cancellation.IsCancellationRequested)
                {
                    return;
                }

                // At first the peer may be starting as well.
                if (alive || time.GetElapsedTime(started) > StartupGrace)
                {
                    failures.Failed(failure);
                }
            }

            await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(100, 400)), time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}

/// <summary>Gives each unary gRPC call that has no deadline one.</summary>
/// <param name="time">The clock of deadlines.</param>
public sealed class DeadlineInterceptor(TimeProvider time) : Interceptor
{
    /// <summary>Deadline of a unary call that names none.</summary>
    public static readonly TimeSpan DefaultDeadline = TimeSpan.FromSeconds(2);

    /// <inheritdoc/>
    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation) =>
        continuation(request, context.Options.Deadline is not null ? context : new(context.Method, context.Host, context.Options.WithDeadline((time.GetUtcNow() + DefaultDeadline).UtcDateTime)));
}
