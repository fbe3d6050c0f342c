using System.Diagnostics;
using System.Net;
using System.Reflection;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using k8s.Models;
using Xerotier.ServiceDefaults.Http;
using Xerotier.TestKit;

namespace Xerotier.Deploy.Tests;

/// <summary>deploy/kubernetes (operations.md section 25).</summary>
public sealed class ManifestTests
{
    private static readonly Manifests Base = Manifests.Base();
    private static readonly Manifests Example = Manifests.Example();

    public static TheoryData<string> Services => [.. Variables.Projects.Keys];

    [Fact]
    public void A_misspelt_field_is_refused()
    {
        const string Right = "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: a}, spec: {minReadySeconds: 10, template: {spec: {containers: [{name: a, readinessProbe: {httpGet: {path: /healthz, port: metrics}}}]}}}}";
        Assert.Single(Manifests.Load(Right));
        foreach (var field in (string[])["minReadySeconds", "readinessProbe", "httpGet", "containers", "metadata"])
        {
            Assert.ThrowsAny<Exception>(() => Manifests.Load(Right.Replace(field, $"{field}s", StringComparison.Ordinal)).ToList());
        }
    }

    [Fact]
    public void A_patch_that_meets_nothing_and_a_field_that_is_not_known_are_refused()
    {
        using var copy = new ExampleCopy();
        var file = Path.Combine(copy.Folder, "kustomization.yaml");
        var right = File.ReadAllText(file);
        foreach (var (from, to) in new[] { ("name: postgres\n", "name: postgress\n"), ("replicas:", "replica:"), ("disableNameSuffixHash: true", "disableNameSuffixHash: false") })
        {
            Assert.Contains(from, right, StringComparison.Ordinal);
            File.WriteAllText(file, right.Replace(from, to, StringComparison.Ordinal));
            Assert.Throws<InvalidOperationException>(() => Kustomization.Build(copy.Folder));
        }
    }

    [Fact]
    public void The_small_Kustomize_of_these_tests_builds_what_the_real_one_builds()
    {
        if (!(Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "kubectl"))))
        {
            Assert.Skip("There is no kubectl.");
        }

        using var copy = new ExampleCopy();
        foreach (var folder in (string[])["../base", "."])
        {
            var path = Path.GetFullPath(Path.Combine(copy.Folder, folder));
            using var build = Process.Start(new ProcessStartInfo("kubectl", ["kustomize", path]) { RedirectStandardOutput = true })!;
            var real = Yaml.Read(build.StandardOutput.ReadToEnd());
            build.WaitForExit();
            Assert.Equal(Comparable(real), Comparable(Kustomization.Build(path)));
        }

        static IEnumerable<string> Comparable(IEnumerable<JsonNode> objects) => objects.Select(made => Sorted(made)!.ToJsonString()).Order(StringComparer.Ordinal);

        // Kustomize puts what a patch adds before what was there, and breaks the lines of a secret's base64.
        static JsonNode? Sorted(JsonNode? node) => node switch
        {
            JsonObject map => new JsonObject(map.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => KeyValuePair.Create(pair.Key, Sorted(pair.Value)))),
            JsonArray list => new JsonArray([.. list.Select(Sorted).OrderBy(element => element!.ToJsonString(), StringComparer.Ordinal)]),
            JsonValue value when value.TryGetValue<string>(out var text) && text.Length > 70 => text.Replace("\n", "", StringComparison.Ordinal),
            _ => node?.DeepClone(),
        };
    }

    [Fact]
    public void There_are_two_of_each_service_and_as_many_Gateways_as_the_overlay_says()
    {
        Assert.Equal(Variables.Projects.Keys.Order(), Base.Sets.Select(set => set.Metadata.Name).Order());
        Assert.All(Base.Sets, set => Assert.Equal(2, set.Spec.Replicas));
        Assert.All(Example.Sets, set => Assert.Equal(set.Metadata.Name == "gateway" ? 3 : 2, set.Spec.Replicas));
        Assert.All(Example.Objects, made => Assert.Equal("xerotier-status", made is V1Namespace ? made.Metadata.Name : made.Metadata.NamespaceProperty));
    }

    [Fact]
    public void Images_are_those_of_this_version_and_the_overlay_says_where_they_are()
    {
        var version = XDocument.Load(Path.Combine(Solution.Folder, "Directory.Build.props")).Descendants("Version").Single().Value;
        Assert.All(Containers(Base), container => Assert.Matches($"^xerotier-status/[a-z]+:{version}$", container.Image));
        Assert.All(Containers(Example), container => Assert.Matches($"^registry.example.com/xerotier-status/[a-z]+:{version}$", container.Image));
        Assert.All(Base.Sets, set => Assert.Contains($"/{set.Metadata.Name}:", Service(set).Image, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Services))]
    public void Every_probe_asks_healthz_on_the_metrics_port(string service)
    {
        var container = Service(Set(service));
        foreach (var probe in new[] { container.StartupProbe, container.LivenessProbe, container.ReadinessProbe })
        {
            Assert.Equal(("/healthz", "metrics"), (probe.HttpGet.Path, $"{probe.HttpGet.Port}"));
            Assert.Null(probe.Exec);
        }

        var environment = Base.EnvironmentOf(container);
        foreach (var (name, variable) in new[] { ("http", "HTTP_PORT"), ("grpc", "GRPC_PORT"), ("metrics", "METRICS_PORT"), ("internal", "INTERNAL_PORT") })
        {
            Assert.Equal(environment.GetValueOrDefault(variable), container.Ports.SingleOrDefault(port => port.Name == name)?.ContainerPort.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    [Theory]
    [MemberData(nameof(Services))]
    public void A_replica_has_more_time_to_end_than_it_takes(string service)
    {
        var set = Set(service);
        var environment = Base.EnvironmentOf(Service(set));
        var sleep = Service(set).Lifecycle?.PreStop.Sleep.Seconds ?? 0;
        var drain = service == "gateway" ? int.Parse(environment["Gateway__DrainMilliseconds"]) / 1000 : 0;
        Assert.Equal(10, sleep + drain);
        var end = service == "gateway" ? 10 : int.Parse(environment["DOTNET_shutdownTimeoutSeconds"]); // what the Gateway gives itself after its drain: operations.md section 25
        Assert.Equal(30, set.Spec.Template.Spec.TerminationGracePeriodSeconds);
        Assert.True(set.Spec.Template.Spec.TerminationGracePeriodSeconds > sleep + drain + end);
        Assert.Equal(10, set.Spec.MinReadySeconds);
        Assert.Equal("Parallel", set.Spec.PodManagementPolicy);
    }

    [Theory]
    [MemberData(nameof(Services))]
    public void Disruption_takes_fewer_than_all_replicas(string service)
    {
        var budget = Base.Of<V1PodDisruptionBudget>().Single(budget => Manifests.Selects(budget.Spec.Selector, service));
        Assert.Null(budget.Spec.MinAvailable); // which would keep a node from being drained where there is one replica
        Assert.InRange(int.Parse(budget.Spec.MaxUnavailable.Value), 1, Set(service).Spec.Replicas!.Value - 1);
    }

    [Fact]
    public void Nothing_has_more_rights_than_it_needs()
    {
        foreach (var pod in Base.Sets.Select(set => set.Spec.Template.Spec).Append(Base.Of<V1Job>().Single().Spec.Template.Spec))
        {
            Assert.False(pod.AutomountServiceAccountToken);
            Assert.Equal((true, 1654L, 1654L, "RuntimeDefault"), (pod.SecurityContext.RunAsNonRoot, pod.SecurityContext.RunAsUser, pod.SecurityContext.RunAsGroup, pod.SecurityContext.SeccompProfile.Type));
            Assert.All(pod.Containers, container =>
            {
                Assert.True(container.SecurityContext.ReadOnlyRootFilesystem);
                Assert.False(container.SecurityContext.AllowPrivilegeEscalation);
                Assert.Equal(["ALL"], container.SecurityContext.Capabilities.Drop);
                Assert.Null(container.SecurityContext.Capabilities.Add);
                Assert.NotNull(container.Resources.Requests["memory"]);
                Assert.NotNull(container.Resources.Limits["memory"]);
                Assert.Null(container.Command); // the image's own: there is no shell
            });
            Assert.DoesNotContain(pod.Volumes ?? [], volume => volume.EmptyDir is not null || volume.HostPath is not null);
        }
    }

    [Fact]
    public void A_Gateway_keeps_its_page_on_a_small_volume_of_its_own()
    {
        var set = Set("gateway");
        var claim = Assert.Single(set.Spec.VolumeClaimTemplates);
        Assert.Equal("64Mi", $"{claim.Spec.Resources.Requests["storage"]}");
        var mount = Service(set).VolumeMounts.Single(mount => mount.Name == claim.Metadata.Name);
        Assert.Equal(mount.MountPath, Path.GetDirectoryName(Base.EnvironmentOf(Service(set))["Page__SnapshotFile"]));
        Assert.Equal(1654, set.Spec.Template.Spec.SecurityContext.FsGroup);
        Assert.All(Base.Sets.Where(other => other != set), other => Assert.Null(other.Spec.VolumeClaimTemplates));
    }

    [Fact]
    public void The_Job_migrates_every_database_with_the_secret_of_its_service_alone()
    {
        var job = Example.Of<V1Job>().Single();
        Assert.True(job.Spec.BackoffLimit > 0);
        Assert.Equal("OnFailure", job.Spec.Template.Spec.RestartPolicy);
        Assert.Equal(Directory.GetDirectories(Solution.Folder).Where(folder => Directory.Exists(Path.Combine(folder, "Migrations"))).Select(folder => Path.GetFileName(folder).ToLowerInvariant()).Order(), job.Spec.Template.Spec.Containers.Select(container => container.Name).Order());
        Assert.All(job.Spec.Template.Spec.Containers, container =>
        {
            Assert.Equal(["--migrate-only"], container.Args);
            Assert.Equal(container.Name, Assert.Single(container.EnvFrom).SecretRef.Name);
            Assert.Contains($"/{container.Name}:", container.Image, StringComparison.Ordinal);
            Assert.Contains(Example.EnvironmentOf(container).Keys, name => name.StartsWith("ConnectionStrings__", StringComparison.Ordinal));
        });
    }

    [Fact]
    public void Every_reference_leads_to_something()
    {
        foreach (var pod in Example.Sets.Select(set => set.Spec.Template.Spec).Append(Example.Of<V1Job>().Single().Spec.Template.Spec))
        {
            foreach (var source in pod.Containers.SelectMany(container => container.EnvFrom))
            {
                Assert.Contains(Example.Objects, made => source.ConfigMapRef is { } map ? made is V1ConfigMap && made.Metadata.Name == map.Name : made is V1Secret && made.Metadata.Name == source.SecretRef.Name);
            }

            Assert.All(pod.Volumes ?? [], volume => Assert.Contains(Example.Of<V1ConfigMap>(), map => map.Metadata.Name == volume.ConfigMap.Name));
        }

        Assert.All(Base.Sets, set =>
        {
            Assert.Equal(set.Metadata.Name, set.Spec.Selector.MatchLabels[Manifests.NameLabel]);
            Assert.Equal(set.Metadata.Name, set.Spec.Template.Metadata.Labels[Manifests.NameLabel]);
            Assert.Contains(Base.Of<V1Service>(), service => service.Metadata.Name == set.Spec.ServiceName && service.Spec.ClusterIP == "None");
        });
        var backend = Example.Of<V1Ingress>().Single().Spec.Rules.Single().Http.Paths.Single().Backend.Service;
        Assert.Contains(Example.Of<V1Service>().Single(service => service.Metadata.Name == backend.Name).Spec.Ports, port => port.Name == backend.Port.Name);
    }

    [Theory]
    [MemberData(nameof(Services))]
    public void Every_address_names_a_service_and_a_port_of_it_and_none_is_missing(string service)
    {
        var addresses = Addresses(service).ToList();
        Assert.Equal(Variables.Asked(service).Order(), addresses.Select(address => (address.Service, address.Endpoint)).Order());
        foreach (var (other, endpoint, uri) in addresses)
        {
            var named = Base.Of<V1Service>().Single(found => found.Metadata.Name == uri.Host);
            var port = named.Spec.Ports.Single(port => port.Port == uri.Port);
            var container = Service(Set(named.Spec.Selector[Manifests.NameLabel]));
            Assert.Equal(other, named.Spec.Selector[Manifests.NameLabel]);
            Assert.Equal("dns+http", uri.Scheme);
            Assert.Equal("None", named.Spec.ClusterIP);
            Assert.NotEqual(true, named.Spec.PublishNotReadyAddresses); // one that ends must leave
            Assert.Equal(endpoint, $"{port.TargetPort}");
            Assert.Equal(uri.Port, container.Ports.Single(listening => listening.Name == endpoint).ContainerPort); // the name is the pods' own addresses: nobody maps ports
        }
    }

    [Fact]
    public void The_network_is_closed_but_for_the_arrows()
    {
        var deny = Base.Of<V1NetworkPolicy>().Single(policy => policy.Metadata.Name == "default-deny").Spec;
        Assert.Equal(["Ingress", "Egress"], deny.PolicyTypes);
        Assert.Null(deny.PodSelector.MatchLabels);
        Assert.Null(deny.Ingress ?? deny.Egress as object);

        var arrows = Variables.Projects.Keys.SelectMany(service => Addresses(service).Select(address => (service, address.Service, address.Endpoint))).Order().ToList();
        Assert.Equal(arrows, Base.Arrows("Egress").Order());
        Assert.Equal(arrows, Base.Arrows("Ingress").Order());

        // Whoever is not a pod of ours reaches the Gateway's public ports; Prometheus the metrics of all; nobody else anything.
        var others = Base.Of<V1NetworkPolicy>().SelectMany(policy => (policy.Spec.Ingress ?? []).Where(rule => rule.FromProperty is null || rule.FromProperty.Any(peer => peer.PodSelector is null))
            .Select(rule => $"{policy.Metadata.Name}: {string.Join(' ', rule.Ports.Select(port => port.Port))} {string.Join(' ', (rule.FromProperty ?? []).Select(peer => peer.NamespaceSelector.MatchLabels.Single().Value))}".TrimEnd()));
        Assert.Equal(["gateway: http grpc", "metrics: metrics monitoring"], others.Order());
        Assert.Equal([("UDP", "53"), ("TCP", "53")], Base.Of<V1NetworkPolicy>().Single(policy => policy.Metadata.Name == "dns").Spec.Egress.Single().Ports.Select(port => (port.Protocol, $"{port.Port}")));
    }

    [Theory]
    [InlineData("notificationservice", "93.184.216.34", 443, true)]
    [InlineData("notificationservice", "93.184.216.34", 8443, true)]
    [InlineData("notificationservice", "2606:2800:220:1::1", 443, true)]
    [InlineData("notificationservice", "10.20.1.2", 443, false)]
    [InlineData("notificationservice", "169.254.169.254", 80, false)]
    [InlineData("notificationservice", "fd00::1", 443, false)]
    [InlineData("notificationservice", "10.20.1.2", 587, true)]
    [InlineData("notificationservice", "10.20.1.2", 5432, true)]
    [InlineData("notificationservice", "10.99.1.2", 5432, false)]
    [InlineData("notificationservice", "10.20.1.2", 6379, false)]
    [InlineData("statusservice", "93.184.216.34", 443, true)]
    [InlineData("statusservice", "192.168.1.1", 80, false)]
    [InlineData("statusservice", "10.20.1.2", 5432, true)]
    [InlineData("statusservice", "10.20.1.2", 587, false)]
    [InlineData("maintenanceservice", "93.184.216.34", 443, false)]
    [InlineData("maintenanceservice", "10.20.1.2", 5432, true)]
    [InlineData("gateway", "93.184.216.34", 443, false)]
    [InlineData("gateway", "10.20.1.2", 5432, true)]
    [InlineData("healthcollector", "10.20.1.2", 5432, false)]
    [InlineData("healthcollector", "10.20.1.2", 6380, true)]
    [InlineData("console", "10.20.1.2", 5432, false)]
    [InlineData("migrate", "10.20.1.2", 5432, true)]
    [InlineData("migrate", "93.184.216.34", 443, false)]
    public void Services_reach_outside_what_they_need(string service, string address, int port, bool allowed) => Assert.Equal(allowed, Example.LetsOut(service, address, port));

    [Fact]
    public void What_is_public_is_so_for_the_network_as_for_the_services()
    {
        var blocks = Base.Of<V1NetworkPolicy>().Single(policy => policy.Metadata.Name == "public").Spec.Egress.Single().To.Select(peer => peer.IpBlock).ToList();
        var known = (IPNetwork[])typeof(PublicAddress).GetField("NotPublic", BindingFlags.NonPublic | BindingFlags.Static)!.GetValue(null)!;
        Assert.Equal(known.Select(network => $"{network}"), blocks.Single(block => block.Cidr == "0.0.0.0/0").Except);
        Assert.All(blocks.Single(block => block.Cidr == "2000::/3").Except, except => Assert.False(PublicAddress.IsPublic(IPAddress.Parse(except.Split('/')[0]))));
    }

    private static IEnumerable<(string Service, string Endpoint, Uri Uri)> Addresses(string service) => Base.EnvironmentOf(Service(Set(service)))
        .Where(variable => variable.Key.StartsWith("services__", StringComparison.Ordinal))
        .Select(variable => (variable.Key.Split("__")[1], variable.Key.Split("__")[2], new Uri(variable.Value)));

    private static V1StatefulSet Set(string service) => Base.Sets.Single(set => set.Metadata.Name == service);

    private static V1Container Service(V1StatefulSet set) => set.Spec.Template.Spec.Containers.Single();

    private static IEnumerable<V1Container> Containers(Manifests manifests) =>
        manifests.Sets.Select(set => set.Spec.Template.Spec).Append(manifests.Of<V1Job>().Single().Spec.Template.Spec).SelectMany(pod => pod.Containers);
}
