using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Xerotier.ServiceDefaults;

/// <summary>Asks DNS for the addresses of a name.</summary>
public delegate Task<IPAddress[]> LookUp(string name, CancellationToken cancellation);

/// <summary>Where one replica of a service listens.</summary>
/// <param name="Address">Its scheme, host and port.</param>
/// <param name="Setting">The setting that led to it: the address itself, or a name that DNS resolved.</param>
public sealed record Replica(Uri Address, Uri Setting)
{
    /// <summary>The name with its port that it knows itself by and that its certificate is for; null: the one in its address.</summary>
    public string? Name => Setting == Address ? null : $"{Setting.Host}:{Setting.Port}";

    /// <summary>The same replica's address for <paramref name="setting"/>, another endpoint.</summary>
    public Uri At(Uri setting) => ReplicaList.IsName(setting) ? ReplicaList.At(setting, Address.Host) : setting;
}

/// <summary>The replicas behind the addresses of a service's endpoint. <c>dns+http://name:port</c> and <c>dns+https://name:port</c> are all addresses that DNS has for the name, asked again every 5 s.</summary>
/// <param name="settings">The addresses, as they were given.</param>
/// <param name="lookUp">DNS.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where failures of DNS are logged.</param>
public sealed class ReplicaList(IReadOnlyList<Uri> settings, LookUp lookUp, TimeProvider time, ILogger logger)
{
    /// <summary>How often DNS is asked.</summary>
    public static readonly TimeSpan RefreshEvery = TimeSpan.FromSeconds(5);

    private const string Prefix = "dns+";
    private readonly Dictionary<Uri, IReadOnlyList<Replica>> known = settings.Distinct().ToDictionary(setting => setting, setting => (IReadOnlyList<Replica>)(IsName(setting) ? [] : [new(setting, setting)]));
    private readonly Dictionary<Uri, FailureLog> failures = settings.Where(IsName).Distinct().ToDictionary(
        name => name, name => new FailureLog(logger, $"DNS does not know {name.Host}; what was known of it stays", $"DNS knows {name.Host} again"));

    /// <summary>The newest known replicas. A failure of DNS changes nothing.</summary>
    public IReadOnlyList<Replica> Current => [.. settings.SelectMany(setting => known[setting])];

    /// <summary>Whether DNS is to resolve it.</summary>
    public static bool IsName(Uri setting) => setting.Scheme.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Whether it is reached over TLS.</summary>
    public static bool IsTls(Uri setting) => setting.Scheme.EndsWith(Uri.UriSchemeHttps, StringComparison.Ordinal);

    /// <summary>Calls <paramref name="changed"/> with <see cref="Current"/> at first and whenever it changes; returns when it cannot change any more.</summary>
    public async Task WatchAsync(Action<IReadOnlyList<Replica>> changed, CancellationToken cancellation)
    {
        IReadOnlyList<Replica>? told = null;
        while (!cancellation.IsCancellationRequested)
        {
            foreach (var name in settings.Where(IsName))
            {
                await RefreshAsync(name, cancellation);
            }

            if (told is null || !told.SequenceEqual(Current))
            {
                changed(told = Current);
            }

            if (!settings.Any(IsName))
            {
                return;
            }

            await Task.Delay(RefreshEvery, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    internal static Uri At(Uri setting, string host) => new UriBuilder(setting.Scheme[Prefix.Length..], host, setting.Port).Uri;

    private async Task RefreshAsync(Uri name, CancellationToken cancellation)
    {
        try
        {
            var addresses = await lookUp(name.Host, cancellation);
            known[name] = addresses.Length == 0
                ? throw new SocketException((int)SocketError.HostNotFound)
                : [.. addresses.Distinct().Select(address => new Replica(At(name, $"{address}"), name)).OrderBy(replica => replica.Address.Host, StringComparer.Ordinal)];
            failures[name].Succeeded();
        }
        catch (Exception failure)
        {
            if (!cancellation.IsCancellationRequested)
            {
                failures[name].Failed(failure); // asked again soon
            }
        }
    }
}
