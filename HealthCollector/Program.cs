using Microsoft.Extensions.Options;
using StackExchange.Redis;
using Xerotier.HealthCollector;
using Xerotier.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("healthcollector");
builder.AddRedis("redis", redis =>
{
    // A heartbeat that waits is worth less than one that is refused and sent again.
    redis.BacklogPolicy = BacklogPolicy.FailFast;
    redis.AsyncTimeout = 2000;
});
builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.Http2.MaxStreamsPerConnection = 1000);
builder.Services.AddGrpc(grpc => grpc.MaxReceiveMessageSize = HeartbeatIntake.MaxBatchBytes);
builder.Services.AddOptions<FleetOptions>().BindConfiguration("Fleet").ValidateDataAnnotations().ValidateOnStart();
builder.Services.AddOptions<HeartbeatLimitOptions>().BindConfiguration("RateLimits").ValidateDataAnnotations().ValidateOnStart();
builder.Services.AddSingleton<CollectorMetrics>();
builder.Services.AddSingleton<FleetStore>();
builder.Services.AddSingleton(services => new TokenBuckets<string>(
    services.GetRequiredService<IOptions<HeartbeatLimitOptions>>().Value.HeartbeatsPerMinute, services.GetRequiredService<TimeProvider>()));
builder.Services.AddSingleton<HeartbeatIntake>();
builder.Services.AddSingleton<ProjectFleets>();
builder.Services.AddSingleton<HeartbeatWriter>();
builder.Services.AddHostedService(services => services.GetRequiredService<HeartbeatWriter>());
builder.Services.AddSingleton<PlatformMonitor>();
builder.Services.AddHostedService(services => services.GetRequiredService<PlatformMonitor>());

var app = builder.Build();
app.UseServiceDefaults();
app.MapHeartbeats();
app.MapGrpcService<HeartbeatsService>();
app.MapGrpcService<FleetService>();
app.Run();
