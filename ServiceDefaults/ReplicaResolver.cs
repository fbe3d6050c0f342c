using Grpc.Net.Client.Balancer;

namespace Xerotier.ServiceDefaults;

/// <summary>Tells a gRPC channel the replicas of a service.</summary>
internal sealed class ReplicaResolver(ReplicaList replicas) : Resolver
{
    public const string Scheme = "replicas";

    // What grpc-dotnet's own resolver sets, under this key that only its source tells; a test holds it.
    private static readonly BalancerAttributesKey<string> HostOverride = new("HostOverride");

    private readonly CancellationTokenSource ended = new();

    public override void Start(Action<ResolverResult> listener) =>
        _ = replicas.WatchAsync(current => listener(ResolverResult.ForResult([.. current.Select(ToAddress)])), ended.Token);

    protected override void Dispose(bool disposing)
    {
        ended.Cancel();
        ended.Dispose();
        base.Dispose(disposing);
    }

    private static BalancerAddress ToAddress(Replica replica)
    {
        var address = new BalancerAddress(replica.Address.Host, replica.Address.Port);
        if (replica.Name is { } name)
        {
            address.Attributes.Set(HostOverride, name);
        }

        return address;
    }

    /// <summary>Makes it for channels to <c>replicas:///…</c>.</summary>
    public sealed class Factory(ReplicaList replicas) : ResolverFactory
    {
        public override string Name => Scheme;

        public override Resolver Create(ResolverOptions options) => new ReplicaResolver(replicas);
    }
}
