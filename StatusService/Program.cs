using Xerotier.Fleet.V1;
using Xerotier.Maintenance.V1;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Site;
using Xerotier.StatusService.Board;
using Xerotier.StatusService.Documents.Page;
using Xerotier.StatusService.Drafts;
using Xerotier.StatusService.History;
using Xerotier.StatusService.Probes;
using Xerotier.StatusService.Publishing;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("statusservice");
builder.AddPostgres("statusdb", given => Postgres.WithShortWaits(given, "statusservice", ("Maximum Pool Size", "20")));
builder.Services.AddMigrations(typeof(Program).Assembly);
builder.Services.AddServiceClient<Fleet.FleetClient>("healthcollector");
builder.Services.AddServiceClient<MaintenanceFeed.MaintenanceFeedClient>("maintenanceservice");
builder.Services.AddBoard(builder.Configuration);
builder.Services.AddHistory(builder.Configuration);
builder.Services.AddBrand();
builder.Services.AddPageRenderer();
builder.Services.AddPublishing();
builder.Services.AddProbes(builder.Configuration);
builder.Services.AddDrafts(builder.Configuration);

var app = builder.Build();
if (await app.MigrateOnlyAsync(args) is { } exitCode)
{
    return exitCode;
}

app.UseServiceDefaults();
app.MapGrpcService<StatusPagesService>();
app.MapGrpcService<MeasurementsService>();
app.MapGrpcService<StatusChangesService>();
app.MapDashboard();
app.MapHistory();
app.MapIncidents();
app.MapWindowCalendars();
app.Run();
return 0;
