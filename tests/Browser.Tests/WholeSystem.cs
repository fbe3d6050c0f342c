using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Xerotier.TestKit;

namespace Xerotier.Browser.Tests;

/// <summary>The whole system, for one test after the other.</summary>
[CollectionDefinition]
public sealed class WholeSystem : ICollectionFixture<WholeSystem>, IAsyncLifetime
{
    public Cluster Cluster { get; private set; } = null!;

    // One address may fail to sign in five times a minute, and one key ask so often; here both do more often, on purpose. The page of a demo is there without its history. Mail can be subscribed to, and goes nowhere.
    public async ValueTask InitializeAsync() => Cluster = await Cluster.StartAsync(new()
    {
        Settings = new Dictionary<string, string?> { ["RateLimits__PublicPerMinute"] = "0", ["RateLimits__KeyPerMinute"] = "0", ["RateLimits__ProjectPerMinute"] = "0", ["RateLimits__PublicQueriesPerMinute"] = "0", ["RateLimits__SignInFailuresPerMinute"] = "0", ["Page__EmbedOrigins__0"] = "'self'", ["Smtp__Host"] = "127.0.0.1", ["Smtp__Port"] = "9", ["Smtp__From"] = "status@example.com" },
        Configure = service =>
        {
            if (service.Resource.Name == "console")
            {
                var builder = service.ApplicationBuilder;
                var fleet = builder.Resources.OfType<ProjectResource>().Single(resource => resource.Name == "fleetsimulator");
                service.WithEnvironment("Demo__FleetUrl", builder.CreateResourceBuilder(fleet).GetEndpoint("http"));
            }
        },
    });

    public ValueTask DisposeAsync() => Cluster.DisposeAsync();
}
