using System.Text.Json.Nodes;

namespace Xerotier.Deploy.Tests;

/// <summary>deploy/compose.yaml (operations.md section 25).</summary>
public sealed class ComposeTests
{
    [Fact]
    public void It_has_every_service_and_the_stores() =>
        Assert.Equal(Variables.Projects.Keys.Concat(["page-owner", "postgres", "redis"]).Order(), Compose.Services.Select(service => service.Key).Order());

    [Theory]
    [MemberData(nameof(ManifestTests.Services), MemberType = typeof(ManifestTests))]
    public void Every_address_is_that_of_a_service_on_a_network_of_both(string service)
    {
        var addresses = Compose.EnvironmentOf(service).Where(variable => variable.Key.StartsWith("services__", StringComparison.Ordinal)).Select(variable => (Name: variable.Key.Split("__"), Uri: new Uri(variable.Value))).ToList();
        Assert.Equal(Variables.Asked(service).Order(), addresses.Select(address => (address.Name[1], address.Name[2])).Order());
        foreach (var (name, uri) in addresses)
        {
            Assert.Equal(("dns+http", name[1]), (uri.Scheme, uri.Host));
            Assert.Equal(Compose.EnvironmentOf(uri.Host)[$"{name[2].ToUpperInvariant()}_PORT"], $"{uri.Port}");
            Assert.NotEmpty(Networks(service).Intersect(Networks(uri.Host)));
        }
    }

    [Theory]
    [MemberData(nameof(ManifestTests.Services), MemberType = typeof(ManifestTests))]
    public void A_service_has_no_rights_and_its_health_needs_no_shell(string service)
    {
        var made = Compose.Services[service]!;
        Assert.Equal("1654:1654", $"{made["user"]}");
        Assert.True(made["read_only"]!.GetValue<bool>());
        Assert.Equal(["ALL"], Strings(made["cap_drop"]));
        Assert.Equal(["no-new-privileges:true"], Strings(made["security_opt"]));
        Assert.Equal("30s", $"{made["stop_grace_period"]}");
        Assert.Equal(["CMD", "dotnet", $"/app/Xerotier.{Variables.Projects[service]}.dll", "--healthz"], Strings(made["healthcheck"]!["test"])); // LivePageTests asks it
    }

    [Fact]
    public void Only_the_Gateway_is_reached_from_outside_and_only_two_services_reach_out()
    {
        var open = ((JsonObject)Compose.File["networks"]!).Where(network => network.Value?["internal"] is null).Select(network => network.Key).ToList();
        Assert.Equal(["edge", "outside"], open);
        Assert.Equal(["gateway"], Compose.Services.Where(service => service.Value!["ports"] is not null).Select(service => service.Key));
        Assert.Equal(["gateway"], On("edge"));
        Assert.Equal(["notificationservice", "statusservice"], On("outside"));
        Assert.Equal(["healthcollector", "redis"], On("redis"));
        Assert.Equal(["gateway", "maintenanceservice", "notificationservice", "postgres", "statusservice"], On("postgres"));
        Assert.All(Strings(Compose.Services["gateway"]!["ports"]), port => Assert.StartsWith("127.0.0.1:", port, StringComparison.Ordinal));

        static IEnumerable<string> On(string network) => Compose.Services.Where(service => Networks(service.Key).Contains(network)).Select(service => service.Key).Order();
    }

    [Fact]
    public void The_stores_are_those_of_the_connection_strings_and_nobody_drops_heartbeats()
    {
        foreach (var (name, value) in Variables.Projects.Keys.SelectMany(Compose.EnvironmentOf).Where(variable => variable.Key.StartsWith("ConnectionStrings__", StringComparison.Ordinal)))
        {
            Assert.StartsWith(name == "ConnectionStrings__redis" ? "redis:6379," : "Host=postgres;", value, StringComparison.Ordinal);
        }

        var redis = Strings(Compose.Services["redis"]!["command"]).ToList();
        Assert.Equal("noeviction", redis[redis.IndexOf("--maxmemory-policy") + 1]);
        Assert.All((string[])["postgres", "redis"], store => Assert.Equal("CMD", Strings(Compose.Services[store]!["healthcheck"]!["test"]).First()));
        Assert.DoesNotContain("sh -c", Compose.Services.ToJsonString(), StringComparison.Ordinal);
    }

    private static IEnumerable<string> Networks(string service) => Compose.Services[service]!["networks"] is { } networks ? Strings(networks) : [];

    private static IEnumerable<string> Strings(JsonNode? list) => list!.AsArray().Select(element => $"{element}");
}
