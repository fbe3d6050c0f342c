using Xerotier.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("statusservice");

var app = builder.Build();
app.UseServiceDefaults();
app.Run();
