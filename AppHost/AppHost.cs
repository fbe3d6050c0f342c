using Xerotier.AppHost;

// The whole system on one screen. ARCHITECTURE.md has the same as a picture, with the three flows through it.
try
{
    var builder = LocalCluster.CreateBuilder(args);
    using var cluster = ClusterSettings.Load(builder);
    builder.UseKeptCertificate(cluster);
    builder.UseTerminal(cluster);
    var stores = builder.AddStores(cluster);
    var demo = cluster.Demo;
    var mailCatcher = demo.HasFleet ? builder.AddMailCatcher(cluster) : null;
    var platformKey = builder.AddSecret("platform-key", cluster.PlatformApiKey);

    var collector = builder.AddService<Projects.HealthCollector>("healthcollector", cluster, service => service
        .WithReference(stores.Redis).WaitFor(stores.Redis));

    var maintenance = builder.AddService<Projects.MaintenanceService>("maintenanceservice", cluster, service => service
        .WithReference(stores.MaintenanceDb).WaitFor(stores.MaintenanceDb)
        .WithDemo(demo));

    var status = builder.AddService<Projects.StatusService>("statusservice", cluster, service => service
        .WithReference(stores.StatusDb).WaitFor(stores.StatusDb)
        .WithReference(collector)
        .WithReference(maintenance)
        .WithOfferOfEmail()
        .WithDemo(demo)
        .WithPagePort(cluster));

    var notification = builder.AddService<Projects.NotificationService>("notificationservice", cluster, service => service
        .WithReference(stores.NotificationsDb).WaitFor(stores.NotificationsDb)
        .WithReference(maintenance)
        .WithReference(status)
        .WithOfferOfEmail()
        .WithMailCatcher(mailCatcher)
        .WithLocalDefault("Page:PublicUrl", $"http://localhost:{cluster.Port}") // where the links of mails lead
        .WithLocalDefault("Notifications:AllowPrivateTargets", demo.HasFleet ? "true" : "false")); // a demo has nobody else to tell

    var console = builder.AddService<Projects.Console>("console", cluster, service => service.WithPagePort(cluster));

    var gateway = builder.AddService<Projects.Gateway>("gateway", cluster, service => service
        .WithReference(stores.GatewayDb).WaitFor(stores.GatewayDb)
        .WithReference(collector)
        .WithReference(maintenance)
        .WithReference(status)
        .WithReference(notification)
        .WithReference(console)
        .WithOfferOfEmail()
        .WithPagePort(cluster)
        .WithDemo(demo)
        .WithDemoFrame(demo)
        .WithSignInLink(cluster)
        .WithEnvironment("Platform__Key", platformKey)
        .WithDataPath("Page__SnapshotFile", cluster, "page/snapshot")
        .WithExternalHttpEndpoints()
        .WithInternalEndpoint()
        .WithLocalDefault("Gateway:MaxConnectionsPerClient", "0"), // everybody has the same address here
        cluster.Port, cluster.GrpcPort);
    maintenance.FindsInternally(gateway);
    maintenance.Finds(status, "grpc");
    notification.FindsInternally(gateway);
    console.FindsInternally(gateway);

    // It starts with the services and tries until they are there. In a demo the collector comes last, so that the fleet speaks as soon as
    // anybody listens: after 15 s of silence it is out, and a demo does not begin with an outage because this machine is slow.
    var fleet = !demo.HasFleet ? null : builder.AddBuiltProject<Projects.FleetSimulator>("fleetsimulator")
        .WithUnproxiedEndpoint("http", "HTTP_PORT")
        .WithEnvironment("XEROTIER_URL", gateway.GetEndpoint("http"))
        .WithEnvironment("XEROTIER_GRPC_URL", gateway.GetEndpoint("grpc"))
        .WithEnvironment("XEROTIER_PLATFORM_KEY", platformKey)
        .WithDataPath("XEROTIER_DEMO_FILE", cluster, ClusterSettings.DemoFile)
        .WithReadiness("/readyz")
        .ExcludeFromManifest(); // a fleet of its own is for this machine only
    if (demo.IsDemo)
    {
        collector.BeginsAfter(gateway);
    }

    if (fleet is not null)
    {
        if (!bool.TryParse(builder.Configuration["Notifications:AllowPrivateTargets"], out var allowed) || allowed)
        {
            builder.AddWebhookReceiver(cluster, fleet); // else nothing may be sent to this machine
        }

        console.Replicas.ToList().ForEach(replica => replica.WithDemoControls(demo.IsDemo ? fleet : null));
    }

    using var app = builder.Build();
    return app.RunToEnd();
}
catch (SetupException problem) when (LocalCluster.IsThisProcess)
{
    Console.Error.WriteLine(problem.Message);
    return 1;
}
