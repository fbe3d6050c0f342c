using System.Net;
using k8s;
using k8s.Models;
using Xerotier.TestKit;

namespace Xerotier.Deploy.Tests;

/// <summary>What deploy/kubernetes is once it is built, in the model of the Kubernetes client, which refuses fields that it does not know.</summary>
internal sealed class Manifests
{
    /// <summary>The folder of the manifests.</summary>
    public static readonly string Folder = Path.Combine(Solution.Folder, "deploy", "kubernetes");

    private Manifests(string folder) =>
        Objects = [.. Kustomization.Build(folder).SelectMany(made => Load(made.ToJsonString()))];

    /// <summary>Everything.</summary>
    public IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Objects { get; }

    /// <summary>What is kept running.</summary>
    public IEnumerable<V1StatefulSet> Sets => Of<V1StatefulSet>();

    /// <summary>The base, as it is without an overlay.</summary>
    public static Manifests Base() => new(Path.Combine(Folder, "base"));

    /// <summary>The example overlay with secrets of its own, in a copy of the folder.</summary>
    public static Manifests Example()
    {
        using var copy = new ExampleCopy();
        return new(copy.Folder);
    }

    /// <summary>Objects of a text.</summary>
    public static IEnumerable<IKubernetesObject<V1ObjectMeta>> Load(string yaml) =>
        KubernetesYaml.LoadAllFromString(yaml, strict: true).Cast<IKubernetesObject<V1ObjectMeta>>();

    /// <summary>Objects of a kind.</summary>
    public IEnumerable<T> Of<T>() => Objects.OfType<T>();

    /// <summary>The variables of a container, as it has them when it starts; what a secret says only where there is one.</summary>
    public Dictionary<string, string> EnvironmentOf(V1Container container)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var source in container.EnvFrom ?? [])
        {
            var map = source.ConfigMapRef is { } reference ? Of<V1ConfigMap>().Single(map => map.Metadata.Name == reference.Name).Data
                : Of<V1Secret>().SingleOrDefault(secret => secret.Metadata.Name == source.SecretRef.Name)?.Data.ToDictionary(pair => pair.Key, pair => System.Text.Encoding.UTF8.GetString(pair.Value));
            foreach (var (name, value) in map ?? new Dictionary<string, string>())
            {
                environment[name] = value;
            }
        }

        foreach (var variable in container.Env ?? [])
        {
            environment[variable.Name] = variable.Value;
        }

        return environment;
    }

    /// <summary>Whether the policies let pods of <paramref name="service"/> open a connection to <paramref name="port"/> of <paramref name="address"/>, which is no pod.</summary>
    public bool LetsOut(string service, string address, int port) => Of<V1NetworkPolicy>().Where(policy => policy.Spec.PolicyTypes.Contains("Egress") && Selects(policy.Spec.PodSelector, service))
        .SelectMany(policy => policy.Spec.Egress ?? [])
        .Any(rule => (rule.Ports is null || rule.Ports.Any(allowed => $"{allowed.Port}" == $"{port}"))
            && (rule.To is null || rule.To.Any(peer => peer.IpBlock is { } block && IPNetwork.Parse(block.Cidr).Contains(IPAddress.Parse(address))
                && !(block.Except ?? []).Any(except => IPNetwork.Parse(except).Contains(IPAddress.Parse(address))))));

    /// <summary>Who may connect to which port of whom, by the rules of one direction (<c>Ingress</c> or <c>Egress</c>) that name pods of this namespace.</summary>
    public IEnumerable<(string From, string To, string Port)> Arrows(string direction) =>
        from policy in Of<V1NetworkPolicy>()
        where policy.Spec.PolicyTypes.Contains(direction) && policy.Spec.PodSelector.MatchLabels is not null
        let self = policy.Spec.PodSelector.MatchLabels[NameLabel]
        from rule in direction == "Egress" ? (policy.Spec.Egress ?? []).Select(rule => (Peers: rule.To, rule.Ports)) : (policy.Spec.Ingress ?? []).Select(rule => (Peers: rule.FromProperty, rule.Ports))
        from peer in rule.Peers ?? []
        where peer.PodSelector is not null && peer.NamespaceSelector is null
        let other = peer.PodSelector.MatchLabels[NameLabel]
        from port in rule.Ports
        select direction == "Egress" ? (self, other, $"{port.Port}") : (other, self, $"{port.Port}");

    /// <summary>Whether a selector of pods meets those of <paramref name="service"/>.</summary>
    public static bool Selects(V1LabelSelector selector, string service) =>
        (selector.MatchLabels ?? new Dictionary<string, string>()).All(label => label is { Key: NameLabel } && label.Value == service)
        && (selector.MatchExpressions ?? []).All(expression => expression is { Key: NameLabel, OperatorProperty: "In" } && expression.Values.Contains(service));

    /// <summary>The label by which everything finds pods.</summary>
    public const string NameLabel = "app.kubernetes.io/name";
}

/// <summary>A copy of deploy/kubernetes with secrets in the example.</summary>
internal sealed class ExampleCopy : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("xerotier-kustomize-").FullName;

    public ExampleCopy()
    {
        foreach (var file in Directory.EnumerateFiles(Manifests.Folder, "*.yaml", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(root, Path.GetRelativePath(Manifests.Folder, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        Variables.MakeSecrets(Path.Combine(Folder, "secrets"), "managed");
        using var certificates = new TestCertificates();
        File.Copy(certificates.CaFile, Path.Combine(Folder, "secrets", "postgres.crt"));
    }

    /// <summary>The example's folder.</summary>
    public string Folder => Path.Combine(root, "example");

    public void Dispose() => Directory.Delete(root, recursive: true);
}
