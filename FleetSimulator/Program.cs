using System.Net;
using Microsoft.Extensions.Options;
using Xerotier.FleetSimulator;

if (args is ["load", ..])
{
    return await LoadTest.RunAsync(args[1..]);
}

if (args.FirstOrDefault(arg => arg.StartsWith('-') && !SimulatorOptions.CommandLine.ContainsKey(arg.Split('=')[0])) is { } unknown)
{
    await Console.Error.WriteLineAsync($"Unknown option: {unknown}. Options: {string.Join(", ", SimulatorOptions.CommandLine.Keys)}.");
    return 1;
}

var builder = WebApplication.CreateSlimBuilder();
builder.Configuration.AddCommandLine(args, SimulatorOptions.CommandLine);
await DemoProject.PrepareAsync(builder.Configuration, CancellationToken.None);
builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, builder.Configuration.GetValue("HTTP_PORT", 0)));
builder.Services.AddOptions<SimulatorOptions>().Bind(builder.Configuration).BindConfiguration("Simulator").BindConfiguration("Fleet")
    .ValidateDataAnnotations()
    .Validate(options => options.Silent.FitIn(options.Fleet), "No more can be silent than there are.")
    .ValidateOnStart();
builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning); // it runs in the foreground of ./run
builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromMilliseconds(500));
builder.Services.ConfigureHttpJsonOptions(json => ControlEndpoint.Configure(json.SerializerOptions));
builder.Services.AddHostFiltering(hosts => hosts.AllowedHosts = ["localhost", "127.0.0.1"]); // a web page's own name may lead here, too
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddSingleton<SimulatedFleet>();
builder.Services.AddSingleton<Relays>().AddHostedService(services => services.GetRequiredService<Relays>());
builder.Services.AddSingleton<DemoSubscription>().AddHostedService(services => services.GetRequiredService<DemoSubscription>());

var app = builder.Build();
try
{
    app.Services.GetRequiredService<IStartupValidator>().Validate();
}
catch (Exception wrong) when (wrong is OptionsValidationException or InvalidOperationException)
{
    await Console.Error.WriteLineAsync(wrong.Message);
    return 1;
}

app.UseHostFiltering();
app.MapControl();
app.MapGet("/healthz", () => Results.Json(new { status = "ok", service = "fleetsimulator" }));
app.MapGet("/readyz", (Relays relays, DemoSubscription subscription) => relays.AreHeard && subscription.IsDone
    ? Results.Json(new { status = "ready" })
    : Results.Json(new { status = "not_ready" }, statusCode: StatusCodes.Status503ServiceUnavailable));
await app.RunAsync();
return 0;
