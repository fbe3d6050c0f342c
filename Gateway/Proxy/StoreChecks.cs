using System.Text.Json;

namespace Xerotier.Gateway.Proxy;

/// <summary>A store behind a service, as that service's <c>/readyz</c> sees it.</summary>
/// <param name="Name">The store's name in the topology.</param>
/// <param name="State"><c>ok</c>, <c>unavailable</c>, or <c>unknown</c> where no replica of its service says anything of it.</param>
internal sealed record StoreState(string Name, string State);

/// <summary>
/// The states of the stores that the services behind the Gateway use, asked of the services when somebody asks for them: all at once,
/// one round for everybody who asks within a second, so that no one can make the services work by asking often.
/// </summary>
internal sealed class StoreChecks(Upstreams upstreams, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMilliseconds(500); // whoever asks for readiness is impatient
    private static readonly TimeSpan GoodFor = TimeSpan.FromSeconds(1);
    private static readonly (string Name, string Service, string[] Checks)[] Stores =
    [
        ("redis", "healthcollector", ["redis"]),
        ("maintenancedb", "maintenanceservice", ["maintenancedb", "schema"]),
        ("statusdb", "statusservice", ["statusdb", "schema"]),
    ];

    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false, ActivityHeadersPropagator = null, PooledConnectionIdleTimeout = TimeSpan.FromSeconds(10) })
    {
        Timeout = Deadline,
        MaxResponseContentBufferSize = 64 * 1024,
    };

    private readonly Lock starting = new();
    private Task<StoreState[]>? round;
    private long startedAt;

    /// <summary>The states, at most a second old. Takes half a second at the most.</summary>
    public Task<StoreState[]> ReadAsync()
    {
        lock (starting)
        {
            if (round is null || (round.IsCompleted && time.GetElapsedTime(startedAt) >= GoodFor))
            {
                startedAt = time.GetTimestamp();
                round = Task.WhenAll(Stores.Select(store => ReadAsync(store.Name, upstreams[store.Service], store.Checks)));
            }

            return round;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    /// <summary>Asks all replicas: as a service answers while one of its replicas does, its store is there while one of them reaches it.</summary>
    private async Task<StoreState> ReadAsync(string name, Upstream service, string[] checks)
    {
        var answers = await Task.WhenAll(service.Destinations.Select(destination => AskAsync(destination, checks)));
        return new(name, answers.Contains(true) ? "ok" : answers.Contains(false) ? "unavailable" : "unknown");
    }

    /// <returns>Whether every one of <paramref name="checks"/> is well; null: it does not say.</returns>
    private async Task<bool?> AskAsync(Destination destination, string[] checks)
    {
        try
        {
            using var response = await http.GetAsync(new Uri($"{destination.Http}/readyz"));
            using var report = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync());
            return checks.All(check => report.RootElement.GetProperty("checks").GetProperty(check).GetString() == "ok");
        }
        catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException or JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return null;
        }
    }
}
