using Xerotier.Gateway;
using Xerotier.Gateway.Clients;
using Xerotier.Gateway.ConsolePages;
using Xerotier.Gateway.Docs;
using Xerotier.Gateway.Keys;
using Xerotier.Gateway.Limits;
using Xerotier.Gateway.Management;
using Xerotier.Gateway.Metrics;
using Xerotier.Gateway.Page;
using Xerotier.Gateway.Projects;
using Xerotier.Gateway.Proxy;
using Xerotier.Gateway.Sessions;
using Xerotier.Gateway.Storage;
using Xerotier.Page.V1;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Demo;
using Xerotier.ServiceDefaults.Site;

Hosting.CompleteSocketsInline();
Hosting.RefuseBareLineFeeds();
var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("gateway", acceptsInternalTokens: false, ClientConnections.Use);
builder.AddEdgeLimits();
builder.AddGatewayOptions();

builder.AddPostgres("gatewaydb", given => Postgres.WithShortWaits(given, "gateway", ("Maximum Pool Size", "30")));
builder.Services.AddMigrations(typeof(Program).Assembly);
builder.Services.AddSingleton<GatewayDatabase>();
builder.Services.AddSingleton<ProjectStore>();
builder.Services.AddSingleton<SuspendedProjects>();
builder.Services.AddSingleton<KeyStore>();
builder.Services.AddSingleton<PlatformKeyStore>();
builder.Services.AddSingleton(DemoOptions.From(builder.Configuration.GetSection("Demo")));
builder.Services.AddSingleton<DemoProject>();
builder.Services.AddSingleton<PlatformKey>();
builder.Services.AddKeysInMemory();
builder.Services.AddSingleton<KeyHandlers>();
builder.Services.AddSingleton<ProjectHandlers>();
builder.Services.AddHostedService<KeyUses>();
builder.Services.AddSingleton<SessionStore>();
builder.Services.AddSingleton<KnownSessions>();
builder.Services.AddHostedSingleton<SessionFeed>();
builder.Services.AddSingleton<SessionCookie>();
builder.Services.AddSingleton<ConsoleHandlers>();
builder.Services.AddSingleton<KeptForms>();

builder.Services.AddHttpForwarder();
builder.Services.AddHostedSingleton<Upstreams>();
builder.Services.AddSingleton<Forwarder>();
builder.Services.AddSingleton<ServiceReports>();

builder.Services.AddServiceClient<StatusPages.StatusPagesClient>("statusservice");
builder.Services.AddBrand();
builder.Services.AddSingleton<PublicDocuments>();
builder.Services.AddSingleton<PublicFiles>();
builder.Services.AddHostedSingleton<PageFile>();
builder.Services.AddHostedService<PageReceiver>();
builder.Services.AddHostedService<PageWatchdog>();

builder.Services.AddHostedSingleton<Drain>();
builder.Services.AddSingleton<Health>();
builder.Services.AddSingleton<OpenApi>();
builder.Services.AddSingleton<ApiReference>();
builder.Services.AddSingleton<ClientAddresses>();
builder.Services.AddSingleton<ClientConnections>();
builder.Services.AddSingleton<RateLimits>();
builder.Services.AddSingleton<KeyAuthorization>();
builder.Services.AddSingleton<SessionAuthorization>();
builder.Services.AddSingleton<GatewayMetrics>();
builder.Services.AddSingleton<Gauges>();
builder.Services.AddSingleton<Routes>();
builder.Services.AddSingleton<Pipeline>();

var app = builder.Build();
if (await app.MigrateOnlyAsync(args) is { } exitCode)
{
    return exitCode;
}

app.UseMetricsPort(); // checks all settings first
app.UseInternalPort();
_ = app.Services.GetRequiredService<Gauges>(); // nothing else asks for it
app.Run(app.Services.GetRequiredService<Pipeline>().HandleAsync);
await app.RunAsync();
return 0;
