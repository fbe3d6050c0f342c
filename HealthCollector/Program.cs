using StackExchange.Redis;
using Xerotier.HealthCollector.Fleet;
using Xerotier.HealthCollector.Ingest;
using Xerotier.HealthCollector.Queries;
using Xerotier.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("healthcollector");
builder.AddRedis("redis", redis =>
{
    // A heartbeat that is refused at once and sent again is better than one that waits.
    redis.BacklogPolicy = BacklogPolicy.FailFast;
    redis.AsyncTimeout = 2000;
    redis.AllowAdmin = true; // for INFO, which tells the eviction policy
});
builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.Http2.MaxStreamsPerConnection = 1000);
builder.Services.AddGrpc(grpc => grpc.MaxReceiveMessageSize = HeartbeatIntake.MaxBatchBytes);
builder.Logging.AddFilter("Grpc.AspNetCore.Server.ServerCallHandler", LogLevel.None); // a stack for each message that is malformed; GrpcErrors logs faults of ours

// Fleet: what Redis knows.
builder.Services.AddOptions<FleetOptions>().BindConfiguration("Fleet").ValidateDataAnnotations().ValidateOnStart();
builder.Services.AddSingleton<CollectorMetrics>();
builder.Services.AddSingleton<PreviousLayout>();
builder.Services.AddSingleton<FleetStore>();
builder.Services.AddHostedSingleton<PlatformMonitor>();
builder.Services.AddHostedService<EvictionWatch>();
builder.Services.AddHealthChecks().AddCheck<StoreCheck>("redis");

// Ingest: heartbeats on their way to Redis.
builder.Services.AddOptions<HeartbeatLimitOptions>().BindConfiguration("RateLimits").ValidateDataAnnotations().ValidateOnStart();
builder.Services.AddOptions<StreamOptions>().BindConfiguration("Streams").ValidateDataAnnotations().ValidateOnStart();
builder.Services.AddSingleton<HeartbeatLimits>();
builder.Services.AddSingleton<HeartbeatIntake>();
builder.Services.AddHostedSingleton<HeartbeatWriter>();

// Queries: what the StatusService asks.
builder.Services.AddSingleton<ProjectFleets>();

var app = builder.Build();
app.UseServiceDefaults();
app.MapHeartbeats();
app.MapGrpcService<HeartbeatsService>();
app.MapGrpcService<FleetService>();
app.Run();
