using Xerotier.MaintenanceService.Api;
using Xerotier.MaintenanceService.Changes;
using Xerotier.MaintenanceService.Clock;
using Xerotier.MaintenanceService.Components;
using Xerotier.MaintenanceService.Demo;
using Xerotier.MaintenanceService.Incidents;
using Xerotier.MaintenanceService.Notices;
using Xerotier.MaintenanceService.Series;
using Xerotier.MaintenanceService.Storage;
using Xerotier.MaintenanceService.Windows;
using Xerotier.Projects.V1;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Demo;
using Xerotier.Measured.V1;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("maintenanceservice");
builder.AddMaintenanceDatabase();
builder.Services.AddSingleton<ProjectDatabase>();
builder.Services.AddSingleton<Writes>();
builder.Services.AddSingleton<NoticeEvents>();
builder.Services.AddSingleton<ComponentStore>();
builder.Services.AddSingleton<ComponentWriter>();
builder.Services.AddSingleton<IncidentStore>();
builder.Services.AddSingleton<IncidentWriter>();
builder.Services.AddServiceClient<Measurements.MeasurementsClient>("statusservice");
builder.Services.AddSingleton<MeasuredOutages>();
builder.Services.AddSingleton<WindowStore>();
builder.Services.AddOptions<TenantLimits>().BindConfiguration("Windows").ValidateDataAnnotations().ValidateOnStart();
builder.Services.AddSingleton<Overlaps>();
builder.Services.AddSingleton<WindowWriter>();
builder.Services.AddSingleton<AnyWindow>();
builder.Services.AddSingleton<SeriesStore>();
builder.Services.AddSingleton<SeriesWriter>();
builder.Services.AddSingleton<NoticeStore>();
builder.Services.AddSingleton<FullChangeLog>();
builder.Services.AddOptions<DraftOptions>().BindConfiguration("Incidents");
builder.Services.AddSingleton<OutageDrafts>();
builder.Services.AddSingleton<ClockStore>();
builder.Services.AddSingleton<ChangeLog>();
builder.Services.AddHostedSingleton<ChangeNotifier>();
builder.Services.AddHostedService<ChangeListener>();
builder.Services.AddHostedSingleton<ChangeFeed>();
builder.Services.AddServiceClient<ProjectFeed.ProjectFeedClient>("gateway", endpoint: "internal");
builder.Services.AddHostedSingleton<Suspensions>();
builder.Services.AddHostedService<TransitionClock>();
builder.Services.AddHostedService<SeriesClock>();
builder.Services.AddHostedService<IdempotencyCleaner>();
builder.Services.AddSingleton(DemoOptions.From(builder.Configuration.GetSection("Demo")));
builder.Services.AddHostedSingleton<DemoNotices>();

var app = builder.Build();
if (await app.MigrateOnlyAsync(args) is { } exitCode)
{
    return exitCode;
}

app.UseServiceDefaults();
app.MapComponents();
app.MapIncidents();
app.MapWindows();
app.MapPlatformWindows();
app.MapSeries();
app.MapGrpcService<MaintenanceFeedService>();
app.MapGrpcService<ChangeLogService>();
app.Run();
return 0;
