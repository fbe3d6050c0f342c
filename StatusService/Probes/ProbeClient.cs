using System.Net;
using Xerotier.Contracts;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.StatusService.Probes;

/// <summary>How a probe ended.</summary>
public enum ProbeOutcome
{
    /// <summary>The expected status came in time.</summary>
    Success,

    /// <summary>Another status came, or none.</summary>
    Failure,

    /// <summary>Nobody was asked: the address is not one that a probe may reach.</summary>
    Refused,
}

/// <summary>What came of a probe.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Why">What went wrong, for the log; null after a success.</param>
public sealed record ProbeAnswer(ProbeOutcome Outcome, Exception? Why);

/// <summary>Asks health checks over HTTP, each time on a new connection, to addresses that it may reach (<see cref="OutboundHandler"/>).</summary>
public sealed class ProbeClient : IDisposable
{
    /// <summary>The most bytes of a body that are read.</summary>
    public const int LongestBody = 64 * 1024;

    private const int MostRedirects = 5;

    private readonly TimeProvider time;
    private readonly SocketsHttpHandler handler;
    private readonly HttpClient client;

    /// <summary>Creates a client.</summary>
    /// <param name="allowPrivate">Whether it may reach addresses that are not public.</param>
    /// <param name="time">The clock of timeouts.</param>
    /// <param name="resolve">The addresses of a name; default: the system's resolver.</param>
    /// <param name="connect">Connects to an address that was checked; default: by TCP.</param>
    public ProbeClient(bool allowPrivate, TimeProvider time, Func<string, IPAddress[]>? resolve = null, Func<IPEndPoint, CancellationToken, ValueTask<Stream>>? connect = null)
    {
        this.time = time;
        var options = new OutboundOptions
        {
            AllowPrivate = allowPrivate,
            Setting = "Probes__AllowPrivateTargets",
            ConnectTimeout = TimeSpan.FromMinutes(1), // the longest timeout of a probe, whose end does not end the connecting
        };
        handler = OutboundHandler.Create(options with { Resolve = resolve ?? options.Resolve, Connect = connect ?? options.Connect }); // no retries: a retrying probe hides failures
        client = new(handler) { Timeout = Timeout.InfiniteTimeSpan };
        client.DefaultRequestHeaders.UserAgent.Add(new("Xerotier-Status", null));
    }

    /// <summary>Asks once. Its timeout spans everything: the name, the connection, redirects on the same host, the body.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="stopping"/> ended it.</exception>
    public async Task<ProbeAnswer> AskAsync(ComponentProbe probe, CancellationToken stopping)
    {
        if (!Uri.TryCreate(probe.Url, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
        {
            return new(ProbeOutcome.Refused, new UriFormatException("The address is no http or https address."));
        }

        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(probe.TimeoutSeconds), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, stopping);
        try
        {
            for (var redirects = 0; ; redirects++)
            {
                using var response = await client.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, either.Token);
                var expected = probe.ExpectStatus is { } status ? (int)response.StatusCode == status : response.IsSuccessStatusCode;
                if (!expected && redirects < MostRedirects && RedirectOnSameHost(address, response) is { } next)
                {
                    address = next;
                    continue;
                }

                await ReadBodyAsync(response, either.Token);
                return expected ? new(ProbeOutcome.Success, null) : new(ProbeOutcome.Failure, new HttpRequestException($"The answer was {(int)response.StatusCode}."));
            }
        }
        catch (Exception failure) when (!stopping.IsCancellationRequested)
        {
            return new(OutboundHandler.IsRefusal(failure) ? ProbeOutcome.Refused : ProbeOutcome.Failure, late.IsCancellationRequested ? new TimeoutException($"There was no answer within {probe.TimeoutSeconds} s.", failure) : failure);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        client.Dispose();
        handler.Dispose();
    }

    /// <summary>Where the same host says that the answer is: at the same port, or by TLS at the standard one. Null: the answer is what it is.</summary>
    private static Uri? RedirectOnSameHost(Uri from, HttpResponseMessage response) =>
        (int)response.StatusCode is 301 or 302 or 303 or 307 or 308 && response.Headers.Location is { } location && Uri.TryCreate(from, location, out var to)
        && string.Equals(from.IdnHost, to.IdnHost, StringComparison.OrdinalIgnoreCase)
        && ((from.Scheme == to.Scheme && from.Port == to.Port) || (to.Scheme == "https" && from.IsDefaultPort && to.IsDefaultPort))
            ? to
            : null;

    private static async Task ReadBodyAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var buffer = new byte[8 * 1024];
        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        for (int left = LongestBody, read; left > 0; left -= read)
        {
            read = await body.ReadAsync(buffer.AsMemory(0, Math.Min(left, buffer.Length)), cancellation);
            if (read == 0)
            {
                return;
            }
        }
    }
}
