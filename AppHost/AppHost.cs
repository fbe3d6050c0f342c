using Xerotier.AppHost;

// The whole system on one screen. ARCHITECTURE.md has the same as a picture, with the two flows through it.
try
{
    var builder = DistributedApplication.CreateBuilder(args);
    using var settings = ClusterSettings.Load(builder.Configuration, builder.AppHostDirectory);
    var stores = builder.AddStores(settings);
    var platformKey = builder.AddSecret("platform-key", settings.PlatformApiKey);

    var collector = builder.AddService("healthcollector", "HealthCollector", settings)
        .WithReference(stores.Redis).WaitFor(stores.Redis);

    var maintenance = builder.AddService("maintenanceservice", "MaintenanceService", settings)
        .WithReference(stores.MaintenanceDb).WaitFor(stores.MaintenanceDb);

    var status = builder.AddService("statusservice", "StatusService", settings)
        .WithReference(stores.StatusDb).WaitFor(stores.StatusDb)
        .WithReference(collector)
        .WithReference(maintenance);

    var gateway = builder.AddService("gateway", "Gateway", settings, settings.Port, settings.GrpcPort)
        .WithReference(stores.GatewayDb).WaitFor(stores.GatewayDb)
        .WithReference(collector)
        .WithReference(maintenance)
        .WithReference(status)
        .WithEnvironment("Platform__Key", platformKey)
        .WithEnvironment("Page__SnapshotFile", Path.Combine(settings.DataFolder, "page", "snapshot"));

    builder.AddProject("fleetsimulator", "../FleetSimulator/FleetSimulator.csproj")
        .WithHttpEndpoint(name: "http", env: "HTTP_PORT")
        .WithForwardedSettings()
        .WithEnvironment("XEROTIER_URL", gateway.GetEndpoint("http"))
        .WithEnvironment("XEROTIER_GRPC_URL", gateway.GetEndpoint("grpc"))
        .WithEnvironment("XEROTIER_PLATFORM_KEY", platformKey)
        .WithEnvironment("XEROTIER_DEMO_FILE", settings.DemoFile)
        .WithHttpHealthCheck("/healthz", endpointName: "http")
        .WaitFor(gateway);

    using var app = builder.Build();
    app.Run();
    return 0;
}
catch (SetupException problem)
{
    Console.Error.WriteLine(problem.Message);
    return 1;
}
