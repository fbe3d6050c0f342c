using Xerotier.Maintenance.V1;
using Xerotier.ServiceDefaults;

namespace Xerotier.NotificationService.Model;

/// <summary>The components that there are, as the MaintenanceService has them.</summary>
/// <param name="client">The MaintenanceService.</param>
/// <param name="time">The clock.</param>
internal sealed class KnownComponents(MaintenanceFeed.MaintenanceFeedClient client, TimeProvider time)
{
    private readonly SingleFlight<string, IReadOnlyList<Component>> known = new(TimeSpan.FromSeconds(10), time);

    /// <summary>All components, the archived ones too, at most 10 s old.</summary>
    /// <exception cref="Grpc.Core.RpcException">The MaintenanceService is away.</exception>
    public async Task<IReadOnlyList<Component>> ListAsync(CancellationToken cancellation) =>
        (await known.GetAsync("", _ => ReadAsync(CancellationToken.None), cancellation)).Value; // a call has a deadline

    /// <summary>All components as they are now: for whoever misses one that may be new.</summary>
    /// <exception cref="Grpc.Core.RpcException">The MaintenanceService is away.</exception>
    public async Task<IReadOnlyList<Component>> ReadAsync(CancellationToken cancellation) =>
        [.. (await client.ListComponentsAsync(new(), cancellationToken: cancellation)).Components.Select(component => component.Value)];

    /// <summary>The IDs of the components that a window's affected services name, in any case of letters: of those that are not archived, whose names may be theirs again; what is none names itself, so that nobody who asked for some is told of it.</summary>
    /// <exception cref="Grpc.Core.RpcException">The MaintenanceService is away.</exception>
    public async Task<IReadOnlyList<string>> NamedAsync(IReadOnlyList<string> services, CancellationToken cancellation)
    {
        if (services.Count == 0)
        {
            return [];
        }

        var all = await ListAsync(cancellation);
        if (services.Any(service => Find(service) is null))
        {
            all = await ReadAsync(cancellation); // it may be new, also where an archived one of its name is known
        }

        return [.. services.Select(service => Find(service) ?? service)];

        string? Find(string service) => all.FirstOrDefault(component => component.ArchivedAt is null && string.Equals(component.Name, service, StringComparison.OrdinalIgnoreCase))?.Id;
    }
}
