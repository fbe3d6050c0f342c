using Xerotier.OperatorConsole.Api;
using Xerotier.OperatorConsole.Assets;
using Xerotier.OperatorConsole.Incidents;
using Xerotier.OperatorConsole.Overview;
using Xerotier.OperatorConsole.SignIn;
using Xerotier.OperatorConsole.Visits;
using Xerotier.OperatorConsole.Windows;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Site;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("console");
builder.Services.AddBrand();
builder.Services.AddSingleton<Gateways>();
builder.Services.AddSingleton<PageWriter>();

var app = builder.Build();
app.UseServiceDefaults();
var pages = app.MapGroup("/console").RequireAuthorization(Policies.Public).WithMetadata(new ForPeople()).AddEndpointFilter<VisitFilter>();
pages.MapAssets();
pages.MapSignIn();
pages.MapOverview();
pages.MapWindows();
pages.MapIncidents();
app.Run();
