using System.Text.Json;
using Xerotier.Maintenance.V1;
using Xerotier.ServiceDefaults;

namespace Xerotier.NotificationService.Model;

/// <summary>The components of the status page, the archived ones too, at most a second old.</summary>
internal sealed class KnownComponents(MaintenanceFeed.MaintenanceFeedClient maintenance, TimeProvider time)
{
    private readonly SingleFlight<string, IReadOnlyList<Component>> cache = new(TimeSpan.FromSeconds(1), time) { Capacity = 1 };

    /// <summary>All of them.</summary>
    /// <exception cref="Grpc.Core.RpcException">The MaintenanceService does not respond.</exception>
    public async Task<IReadOnlyList<Component>> ListAsync(CancellationToken cancellation) => (await cache.GetAsync("", ReadAsync, cancellation)).Value;

    private async Task<IReadOnlyList<Component>> ReadAsync(string key)
    {
        var response = await maintenance.ListComponentsAsync(new());
        return [.. response.Components.Select(component => JsonSerializer.Deserialize(component.Json.Span, ContractsJson.Wire.Component)!)];
    }
}
