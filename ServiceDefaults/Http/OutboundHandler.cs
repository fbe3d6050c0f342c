using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Xerotier.ServiceDefaults.Http;

/// <summary>How an <see cref="OutboundHandler"/> connects.</summary>
public sealed record OutboundOptions
{
    /// <summary>Whether addresses that are not public may be reached.</summary>
    public required bool AllowPrivate { get; init; }

    /// <summary>The setting that would allow them, for whoever reads that an address was refused; as in the environment.</summary>
    public required string Setting { get; init; }

    /// <summary>How long a connection may take, its name and TLS included, whether or not its request still waits. Default 1 minute.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a connection may serve requests. Default zero: each request has a connection of its own.</summary>
    public TimeSpan PooledConnectionLifetime { get; init; }

    /// <summary>The addresses of a name. Default: the system's resolver.</summary>
    public Func<string, IPAddress[]> Resolve { get; init; } = Dns.GetHostAddresses;

    /// <summary>Connects to an address that was checked. Default: by TCP.</summary>
    public Func<IPEndPoint, CancellationToken, ValueTask<Stream>> Connect { get; init; } = OutboundHandler.ConnectAsync;
}

/// <summary>No address of a host may be reached.</summary>
public sealed class RefusedAddressException(string message) : Exception(message);

/// <summary>
/// Handlers for requests to addresses that somebody else names, from where inside addresses can be reached. A name is resolved once for
/// a connection, and the connection goes to the very addresses that were checked, so that a second answer of the name's owner changes
/// nothing. No proxy, no cookies, no redirects, no trace context, and no fetching of what a server's certificate names; neither host
/// nor URL gets into traces, metrics or logs. The scheme is the caller's to check: whoever wants https only refuses other URLs.
/// </summary>
public static class OutboundHandler
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    /// <summary>Creates a handler, which an <see cref="HttpClient"/> takes directly: a factory's would log each URL.</summary>
    public static SocketsHttpHandler Create(OutboundOptions options) => new()
    {
        ActivityHeadersPropagator = null, // strangers need no trace ids; and without it a request makes no span
        AllowAutoRedirect = false,
        ConnectCallback = (context, cancellation) => ConnectAsync(options, context.DnsEndPoint, cancellation),
        ConnectTimeout = options.ConnectTimeout,
        MaxResponseDrainSize = 0,
        MeterFactory = UnheardMeters.Instance,
        PooledConnectionLifetime = options.PooledConnectionLifetime,
        SslOptions = new() { CertificateChainPolicy = ChainPolicy() },
        UseCookies = false,
        UseProxy = false,
    };

    /// <summary>Whether <paramref name="failure"/> is, or is because of, a <see cref="RefusedAddressException"/>.</summary>
    public static bool IsRefusal(Exception? failure) => failure is not null && (failure is RefusedAddressException || IsRefusal(failure.InnerException));

    internal static async ValueTask<Stream> ConnectAsync(IPEndPoint endpoint, CancellationToken cancellation)
    {
        Socket? socket = new(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.NoDelay = true;
            await socket.ConnectAsync(endpoint, cancellation);
            var stream = new NetworkStream(socket, ownsSocket: true);
            socket = null; // the stream's
            return stream;
        }
        finally
        {
            socket?.Dispose();
        }
    }

    /// <summary>
    /// As by default, the system's roots and no revocation lists; but a server that leaves out an intermediate certificate is refused:
    /// by default that would be fetched from wherever the server's own certificate says, past the check of addresses.
    /// </summary>
    private static X509ChainPolicy ChainPolicy()
    {
        var policy = new X509ChainPolicy { DisableCertificateDownloads = true, RevocationMode = X509RevocationMode.NoCheck };
        policy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
        return policy;
    }

    private static async ValueTask<Stream> ConnectAsync(OutboundOptions options, DnsEndPoint to, CancellationToken cancellation)
    {
        // On a thread of its own: the system's resolver blocks for as long as it likes, and the service's other work needs the pool's threads.
        var found = await Task.Factory.StartNew(() => options.Resolve(to.Host), cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default).WaitAsync(cancellation);
        var allowed = options.AllowPrivate ? found : [.. found.Where(PublicAddress.IsPublic)];
        for (var i = 0; i < allowed.Length; i++)
        {
            try
            {
                return await options.Connect(new(allowed[i], to.Port), cancellation);
            }
            catch (SocketException) when (i < allowed.Length - 1)
            {
                // The next address may do.
            }
        }

        throw new RefusedAddressException($"'{to.Host}' has no address that may be reached: only public ones may, unless {options.Setting} is true.");
    }

    /// <summary>Meters under a name that nobody exports: what a handler measures has its hosts as tags.</summary>
    private sealed class UnheardMeters : IMeterFactory
    {
        private readonly Meter meter = new("Unheard.System.Net.Http");

        public static UnheardMeters Instance { get; } = new();

        public Meter Create(MeterOptions options) => meter;

        public void Dispose() => meter.Dispose();
    }
}
