using k8s.Models;

namespace Xerotier.Deploy.Tests;

/// <summary>Every variable that a service is given is one that it reads, in each of the three ways of deploying.</summary>
public sealed class EnvironmentTests
{
    private static readonly Manifests Example = Manifests.Example();

    [Theory]
    [InlineData("gateway", "Page__SnapshotFile", "/page", null)]
    [InlineData("gateway", "Gateway__TrustedProxies__0", "10.0.0.0/8", null)]
    [InlineData("gateway", "InternalAuth__Keys__1", "a", null)]
    [InlineData("notificationservice", "Smtp__Tls", "false", null)]
    [InlineData("gateway", "Page__SnapshotFiles", "/page", "has no SnapshotFiles")]
    [InlineData("gateway", "Gateway__DrainMilliseconds", "10s", "'10s' is no Int32")]
    [InlineData("gateway", "Gateway__TrustedProxies", "10.0.0.0/8", "is no IList`1")]
    [InlineData("gateway", "Pages__Name", "a", "no such section")]
    [InlineData("gateway", "Smtp__Host", "mail", "no such section")]
    [InlineData("gateway", "HTTP_PORTS", "8080", "nothing asks for it")]
    [InlineData("gateway", "ConnectionStrings__statusdb", "Host=a", "no such store")]
    [InlineData("gateway", "services__statusservices__grpc__0", "http://a:1", "does not ask that service")]
    [InlineData("statusservice", "services__maintenanceservice__http__0", "http://a:1", "does not ask that service")]
    [InlineData("console", "services__gateway__internal__x", "http://a:1", "must be a number")]
    public void A_wrong_name_or_value_is_seen(string service, string name, string value, string? refusal) => Assert.Contains(refusal ?? "read", Variables.Refusal(service, name, value) ?? "read", StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(ManifestTests.Services), MemberType = typeof(ManifestTests))]
    public void In_Kubernetes(string service)
    {
        var container = Example.Sets.Single(set => set.Metadata.Name == service).Spec.Template.Spec.Containers.Single();
        var common = Example.Of<V1ConfigMap>().Single(map => map.Metadata.Name == "xerotier-status").Data;
        AssertRead(service, Example.EnvironmentOf(container), variable => common.ContainsKey(variable) && IsReadBySomebody(variable, common[variable]));
    }

    [Theory]
    [MemberData(nameof(ManifestTests.Services), MemberType = typeof(ManifestTests))]
    public void In_compose(string service) => AssertRead(service, Compose.EnvironmentOf(service), _ => false);

    [Theory]
    [MemberData(nameof(ManifestTests.Services), MemberType = typeof(ManifestTests))]
    public void Under_systemd(string service) => AssertRead(service, Units.EnvironmentOf(service), _ => false);

    /// <param name="service">The service.</param>
    /// <param name="environment">Its variables.</param>
    /// <param name="others">Whether a variable is there for others, from what all have in common.</param>
    private static void AssertRead(string service, Dictionary<string, string> environment, Func<string, bool> others)
    {
        Assert.All(environment.Where(variable => !others(variable.Key)), variable => Assert.Null(Variables.Refusal(service, variable.Key, variable.Value)));
        Assert.Contains("InternalAuth__Keys__0", environment.Keys);
        Assert.Subset(environment.Keys.ToHashSet(), new HashSet<string> { "LISTEN_ADDRESS", "HTTP_PORT", "GRPC_PORT", "METRICS_PORT" });
        Assert.Equal(service == "console", !environment.Keys.Any(name => name.StartsWith("ConnectionStrings__", StringComparison.Ordinal)));
    }

    private static bool IsReadBySomebody(string name, string value) => Variables.Projects.Keys.Any(service => Variables.Refusal(service, name, value) is null);
}
