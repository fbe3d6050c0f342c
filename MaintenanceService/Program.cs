using Xerotier.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("maintenanceservice");

var app = builder.Build();
app.UseServiceDefaults();
app.Run();
