using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Xerotier.ServiceDefaults.Http;
using Xerotier.TestKit;

namespace Xerotier.ServiceDefaults.Tests;

/// <summary>Requests to addresses that strangers name: what they reach, trust and tell. (What is refused by its address: PublicAddressTests, and the tests of probes.)</summary>
public sealed class OutboundHandlerTests
{
    private static readonly OutboundOptions Private = new() { AllowPrivate = true, Setting = "Probes__AllowPrivateTargets" };

    [Fact]
    public async Task What_a_certificate_names_is_not_fetched()
    {
        using var named = new TcpListener(IPAddress.Loopback, 0);
        named.Start();
        using var certificate = NamingItsIssuerAt($"http://127.0.0.1:{((IPEndPoint)named.LocalEndpoint).Port}");
        var own = SslStreamCertificateContext.Create(certificate, null, offline: true); // Kestrel would fetch the issuer for its own use
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        var address = $"https://127.0.0.1:{((IPEndPoint)server.LocalEndpoint).Port}/";

        await RefusedAsync(OutboundHandler.Create(Private));
        Assert.False(named.Pending());

        // By default it is: what the above would have seen.
        var refused = RefusedAsync(new());
        using (var fetching = await named.AcceptTcpClientAsync().WaitAsync(TimeSpan.FromSeconds(30)))
        {
            await fetching.GetStream().WriteAsync("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray());
        }

        await refused;

        async Task RefusedAsync(SocketsHttpHandler handler)
        {
            using var client = new HttpClient(handler);
            var asking = Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(address));
            using var stream = new SslStream(new NetworkStream(await server.AcceptSocketAsync(), ownsSocket: true));
            var handshake = stream.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificateContext = own });
            Assert.IsType<AuthenticationException>((await asking).InnerException);
            await Task.WhenAny(handshake); // its end is the client's refusal, or comes before it
        }
    }

    [Fact]
    public async Task A_certificate_must_lead_to_a_root_and_name_the_host()
    {
        using var certificates = new TestCertificates(nameAlone: true);
        await using var server = await ServeAsync(certificates.Server);
        var port = new Uri(server.Urls.Single()).Port;
        var options = Private with { Resolve = _ => [IPAddress.Loopback] };

        using var strict = new HttpClient(OutboundHandler.Create(options));
        Assert.IsType<AuthenticationException>((await Assert.ThrowsAsync<HttpRequestException>(() => strict.GetAsync($"https://services.test:{port}/"))).InnerException);

        var handler = OutboundHandler.Create(options);
        var policy = handler.SslOptions.CertificateChainPolicy!;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.ImportFromPemFile(certificates.CaFile);
        using var client = new HttpClient(handler);
        Assert.Equal("well", await client.GetStringAsync($"https://services.test:{port}/"));
        Assert.IsType<AuthenticationException>((await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync($"https://other.test:{port}/"))).InnerException);
    }

    [Fact]
    public async Task Neither_host_nor_path_gets_into_metrics_traces_or_logs()
    {
        var metricsPort = FreePort();
        await using var service = await TestService.StartAsync("asking", new()
        {
            ["InternalAuth:Keys:0"] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
            ["HTTP_PORT"] = "0",
            ["METRICS_PORT"] = $"{metricsPort}",
        });
        var spans = new ConcurrentQueue<string>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "System.Net.Http", // which Telemetry exports
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity => spans.Enqueue($"{activity.DisplayName} {string.Join(' ', activity.TagObjects)}"),
        };
        ActivitySource.AddActivityListener(listener);

        await AskAsync(OutboundHandler.Create(Private), "guarded");
        await AskAsync(new(), "plain");

        using var http = new HttpClient();
        var metrics = await http.GetStringAsync($"http://127.0.0.1:{metricsPort}/metrics");
        Assert.Contains("dns_lookup_duration_seconds_count", metrics, StringComparison.Ordinal);
        Assert.Contains("plain", metrics, StringComparison.Ordinal); // what the next line would see
        Assert.DoesNotContain("guarded", metrics, StringComparison.Ordinal);
        Assert.DoesNotContain("dns_question", metrics, StringComparison.Ordinal);
        Assert.Contains(spans, span => span.Contains("plain-host.invalid/plain-path", StringComparison.Ordinal));
        Assert.DoesNotContain(spans, span => span.Contains("guarded", StringComparison.Ordinal));
        Assert.DoesNotContain(service.Logged, line => line.Contains("guarded", StringComparison.Ordinal));

        static async Task AskAsync(SocketsHttpHandler handler, string word)
        {
            using var client = new HttpClient(handler);
            await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync($"http://{word}-host.invalid/{word}-path"));
        }
    }

    private static async Task<WebApplication> ServeAsync(X509Certificate2 certificate)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders(); // failed handshakes are what these tests are about
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, endpoint => endpoint.UseHttps(certificate)));
        var app = builder.Build();
        app.Run(context => context.Response.WriteAsync("well"));
        await app.StartAsync();
        return app;
    }

    /// <summary>A certificate of 127.0.0.1 whose issuer is nowhere, but is to be had at <paramref name="address"/>, and its revocation list too.</summary>
    private static X509Certificate2 NamingItsIssuerAt(string address)
    {
        var now = DateTimeOffset.UtcNow;
        using var issuerKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension(null, [$"{address}/issuer.crt"]));
        request.CertificateExtensions.Add(CertificateRevocationListBuilder.BuildCrlDistributionPointExtension([$"{address}/revoked.crl"]));
        using var issued = request.Create(new("CN=Nowhere"), X509SignatureGenerator.CreateForECDsa(issuerKey), now.AddDays(-1), now.AddDays(1), RandomNumberGenerator.GetBytes(8));
        return issued.CopyWithPrivateKey(key);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
