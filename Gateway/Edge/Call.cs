using Xerotier.Gateway.Clients;
using Xerotier.Gateway.Keys;
using Xerotier.Gateway.Metrics;
using Xerotier.Gateway.Storage;

namespace Xerotier.Gateway.Edge;

/// <summary>A request that may be handled.</summary>
/// <param name="http">The request.</param>
/// <param name="route">Its route.</param>
/// <param name="projectId">The project in the path.</param>
/// <param name="id">The id in the path.</param>
/// <param name="key">The key that authorized it; null on public routes.</param>
/// <param name="client">Where it comes from.</param>
/// <param name="inSession">Whether a session of the console acts for the key.</param>
internal sealed class Call(HttpContext http, Route route, string? projectId, string? id, KnownKey? key, ClientAddress client, bool inSession)
{
    /// <summary>The request.</summary>
    public HttpContext Http { get; } = http;

    /// <summary>Its route.</summary>
    public Route Route { get; } = route;

    /// <summary>The project in the path.</summary>
    public string? ProjectId { get; } = projectId;

    /// <summary>The id in the path.</summary>
    public string? Id { get; } = id;

    /// <summary>The key that authorized it; null on public routes.</summary>
    public KnownKey? Key { get; } = key;

    /// <summary>Who asks, for the record of changes.</summary>
    public Actor Actor => new(Key!.Key.NameOf(InSession), Key.Key.Id);

    /// <summary>Where it comes from.</summary>
    public ClientAddress Client { get; } = client;

    /// <summary>Whether a session of the console acts for the key.</summary>
    public bool InSession { get; } = inSession;

    /// <summary>Of a page of the console with a session: the headers that say so to the service.</summary>
    public IReadOnlyList<KeyValuePair<string, string>>? SessionHeaders { get; set; }

    /// <summary>How the call ended, where a handler knows better than the status of the response.</summary>
    public Outcome? Outcome { get; set; }

    /// <summary>Cancelled when the client's connection ends.</summary>
    public CancellationToken Aborted => Http.RequestAborted;
}
