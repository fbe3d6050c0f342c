using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;
using Xerotier.Fleet.V1;
using Xerotier.Health.V1;
using Xerotier.HealthCollector.Fleet;
using Xerotier.ServiceDefaults;
using Xerotier.TestKit;

namespace Xerotier.HealthCollector.Tests;

/// <summary>A collector in this process, on a clock that the test controls.</summary>
internal sealed class Collector : IDisposable
{
    public const string ProjectId = "proj_ABC123";
    private static readonly InternalTokens Tokens = new(Options.Create(new InternalAuthOptions { Keys = [TestTokens.Key] }), TimeProvider.System, new("test", "1"));
    private static readonly Lazy<IConnectionMultiplexer> Nowhere = new(() => ConnectionMultiplexer.Connect("127.0.0.1:1,abortConnect=false"));
    private readonly InProcessService<Program> service;
    private readonly GrpcChannel channel;

    public Collector(string redis, TimeProvider? time = null, params (string Key, string Value)[] settings)
        : this(redis, time, null, settings)
    {
    }

    public Collector(string redis, TimeProvider? time, ILoggerProvider? log, params (string Key, string Value)[] settings)
    {
        service = new(
            settings.Select(s => KeyValuePair.Create(s.Key, (string?)s.Value)).Append(new("ConnectionStrings:redis", redis)),
            services =>
            {
                if (time is not null)
                {
                    services.AddSingleton(time);
                }

                if (time is FakeTimeProvider)
                {
                    services.AddSingleton(provider => ActivatorUtilities.CreateInstance<RedisClock>(provider, Nowhere.Value)); // never says that this time is wrong
                }

                if (log is not null)
                {
                    services.AddSingleton(log);
                }
            });
        channel = GrpcChannel.ForAddress(service.GrpcAddress);
    }

    // Tokens are validated by the real clock, whatever the test's clock is.
    public string PlatformToken { get; } = Tokens.ForCaller(new Caller("key_platform", "platform", Caller.Platform, false, [Scopes.Platform]), "healthcollector");

    public string ProjectToken(string projectId = ProjectId, string? keyId = null) => Tokens.ForCaller(new Caller(keyId ?? $"key_{projectId}", "agents", projectId, false, [Scopes.Heartbeat]), "healthcollector");

    public Xerotier.Fleet.V1.Fleet.FleetClient Fleet => new(channel);

    public IServiceProvider Services => service.Services;

    public void Dispose()
    {
        channel.Dispose();
        service.Dispose();
    }

    public Uri HttpAddress => service.HttpAddress;

    public Uri GrpcAddress => service.GrpcAddress;

    public HttpClient Http(string? token) => service.Http(token);

    /// <summary>A clock at the present: tokens must be valid by it.</summary>
    public static FakeTimeProvider Clock() => new(TimeProvider.System.GetUtcNow());

    public static Metadata Bearer(string token) => new() { { "authorization", $"Bearer {token}" } };

    public Metadata AsService() => Bearer(TestTokens.ForService());

    public AsyncDuplexStreamingCall<ReportRequest, ReportResponse> Open(string token) =>
        new Heartbeats.HeartbeatsClient(channel).Report(Bearer(token));

    /// <summary>Sends one batch on a stream of its own and returns its acknowledgement.</summary>
    public async Task<ReportResponse> ReportAsync(string token, params Heartbeat[] heartbeats)
    {
        using var call = Open(token);
        var response = await call.SendAsync(heartbeats);
        await call.RequestStream.CompleteAsync();
        return response;
    }

    public Task<ReportResponse> ReportPlatformAsync(params Heartbeat[] heartbeats) => ReportAsync(PlatformToken, heartbeats);

    public Task<ReportResponse> ReportProjectAsync(params Heartbeat[] heartbeats) => ReportAsync(ProjectToken(), heartbeats);

    public async Task<GetProjectFleetResponse> GetFleetAsync(string projectId = ProjectId, int limit = 100, string after = "", string search = "") =>
        await Fleet.GetProjectFleetAsync(new() { ProjectId = projectId, Limit = limit, After = after, Search = search }, AsService(), DateTime.UtcNow.AddSeconds(10));

    /// <summary>The next message of platform health for which <paramref name="wanted"/> holds.</summary>
    public static async Task<WatchPlatformHealthResponse> NextAsync(
        AsyncServerStreamingCall<WatchPlatformHealthResponse> watch, Func<WatchPlatformHealthResponse, bool> wanted, int seconds = 20)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        while (await watch.ResponseStream.MoveNext(deadline.Token))
        {
            if (wanted(watch.ResponseStream.Current))
            {
                return watch.ResponseStream.Current;
            }
        }

        throw new InvalidOperationException("The stream ended.");
    }

    public AsyncServerStreamingCall<WatchPlatformHealthResponse> Watch() => Fleet.WatchPlatformHealth(new(), AsService());

    /// <summary>What the monitor observes at this instant of the test's clock.</summary>
    public async Task<(StoreState Store, int Routers, int Online, int Shared, int Stale)> ObserveAsync()
    {
        var health = await Services.GetRequiredService<PlatformMonitor>().ObserveAsync();
        return (health.Store, health.RoutersTotal, health.RoutersOnline, health.SharedAgentsTotal, health.SharedAgentsStale);
    }

    /// <summary>How many routers and shared agents may yet report again.</summary>
    public async Task<(int Routers, int Shared)> UnheardAsync()
    {
        var health = await Services.GetRequiredService<PlatformMonitor>().ObserveAsync();
        return (health.RoutersUnheard, health.SharedAgentsUnheard);
    }

    /// <summary>Lets time pass while the monitor observes without a gap.</summary>
    public async Task WatchAsync(FakeTimeProvider time, TimeSpan span)
    {
        for (var left = span; left > TimeSpan.Zero; left -= TimeSpan.FromSeconds(4))
        {
            time.Advance(left < TimeSpan.FromSeconds(4) ? left : TimeSpan.FromSeconds(4));
            await ObserveAsync();
        }
    }
}
