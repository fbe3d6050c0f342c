using Xerotier.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("healthcollector");

var app = builder.Build();
app.UseServiceDefaults();
app.Run();
