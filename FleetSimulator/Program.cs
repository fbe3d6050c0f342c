using System.Net;
using Xerotier.FleetSimulator;

if (args is ["load", ..])
{
    return await LoadTest.RunAsync(args[1..]);
}

var builder = WebApplication.CreateSlimBuilder(args);
await DemoProject.PrepareAsync(builder.Configuration, CancellationToken.None);
builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, builder.Configuration.GetValue("HTTP_PORT", 0)));
builder.Services.AddOptions<SimulatorOptions>().Bind(builder.Configuration).ValidateDataAnnotations().ValidateOnStart();
builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromMilliseconds(500));
builder.Services.ConfigureHttpJsonOptions(json => ControlEndpoint.Configure(json.SerializerOptions));
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddSingleton<SimulatedFleet>();
builder.Services.AddHostedService<Relays>();

var app = builder.Build();
app.MapControl();
app.MapGet("/healthz", () => Results.Json(new { status = "ok", service = "fleetsimulator" }));
await app.RunAsync();
return 0;
