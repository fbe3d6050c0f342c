using System.Net;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Net.Client;
using Xerotier.Health.V1;
using Xerotier.Projects.V1;
using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests;

public sealed class TlsTests(PostgresFixture postgres) : IDisposable
{
    private readonly TestCertificates certificates = new();

    public void Dispose() => certificates.Dispose();

    [Fact]
    public async Task Services_are_reached_over_TLS_where_their_addresses_say_so()
    {
        await using var gateway = await StartAsync(certificates.CaFile);
        var project = await gateway.CreateProjectAsync();
        var (_, key) = await gateway.CreateKeyAsync(project, "management", "heartbeat");
        await Eventually.TrueAsync(async () => (await gateway.SendAsync("GET", "/readyz")).Status == 200, "ready: the page came over gRPC, and the probes succeed");
        Assert.Equal(200, (await gateway.SendAsync("GET", $"/{project}/v1/management/maintenance", key)).Status);
        Assert.Equal(200, (await gateway.SendAsync("POST", $"/{project}/v1/heartbeats", key, new { heartbeats = Array.Empty<object>() })).Status);
        using var channel = GrpcChannel.ForAddress(gateway.Service.GrpcAddress);
        using var report = new Heartbeats.HeartbeatsClient(channel).Report(new Metadata { { "authorization", $"Bearer {key}" } }, DateTime.UtcNow.AddSeconds(20));
        await report.RequestStream.WriteAsync(new());
        Assert.True(await report.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_service_with_a_certificate_of_nobody_we_trust_is_sent_nothing()
    {
        using var others = new TestCertificates();
        await using var gateway = await StartAsync(others.CaFile);
        var project = await gateway.CreateProjectAsync();
        var (_, key) = await gateway.CreateKeyAsync(project, "management");
        await Eventually.TrueAsync(async () => await gateway.SendAsync("GET", "/readyz") is (503, { } body) && (string?)body["checks"]!["statusservice"] == "unavailable", "not ready");
        Assert.Equal(503, (await gateway.SendAsync("GET", $"/{project}/v1/management/maintenance", key)).Status);
        Assert.Equal("unavailable", (string?)(await gateway.SendAsync("GET", "/readyz")).Body!["checks"]!["status_page"]);
        Assert.Empty(gateway.Services.Requests);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task The_edge_ends_TLS_itself_if_Kestrel_is_told_to(string version)
    {
        await using var gateway = await StartAsync(certificates.CaFile, new()
        {
            ["Kestrel:Endpoints:Https:Url"] = "https://127.0.0.1:0",
            ["Kestrel:Endpoints:Https:Certificate:Path"] = certificates.CertificateFile,
            ["Kestrel:Endpoints:Https:Certificate:KeyPath"] = certificates.KeyFile,
        });
        using var http = new HttpClient(Trusting())
        {
            DefaultRequestVersion = Version.Parse(version),
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        using var page = await http.GetAsync(new Uri(gateway.Service.TlsAddress!, "/status"), TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.OK, Version.Parse(version), "https"), (page.StatusCode, page.Version, page.RequestMessage!.RequestUri!.Scheme));
    }

    [Fact]
    public async Task Kestrels_endpoint_Internal_is_for_other_services_alone_as_the_internal_port_is()
    {
        await using var gateway = await StartAsync(certificates.CaFile, new()
        {
            ["Kestrel:Endpoints:Internal:Url"] = $"https://127.0.0.1:{TestPorts.Free()}",
            ["Kestrel:Endpoints:Internal:Certificate:Path"] = certificates.CertificateFile,
            ["Kestrel:Endpoints:Internal:Certificate:KeyPath"] = certificates.KeyFile,
        });
        var address = gateway.Service.TlsAddress!;
        using var channel = GrpcChannel.ForAddress(address, new() { HttpHandler = Trusting() });
        using var edge = GrpcChannel.ForAddress(gateway.Service.GrpcAddress);
        using (var watch = Watch(channel, TestTokens.ForService()))
        {
            Assert.True(await watch.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        }

        foreach (var (target, token, status) in new[]
        {
            (channel, null, StatusCode.Unauthenticated),
            (channel, TestTokens.ForCaller("platform", false, "platform"), StatusCode.Unauthenticated),
            (edge, TestTokens.ForService(), StatusCode.Unimplemented),
        })
        {
            using var refused = Watch(target, token);
            Assert.Equal(status, (await Assert.ThrowsAsync<RpcException>(() => refused.ResponseStream.MoveNext(TestContext.Current.CancellationToken))).StatusCode);
        }

        // Nothing of the public is there, for a service either.
        using var http = new HttpClient(Trusting());
        foreach (var (token, status) in new[] { (null, HttpStatusCode.Unauthorized), (gateway.PlatformKey, HttpStatusCode.Unauthorized), (TestTokens.ForService(), HttpStatusCode.NotFound) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(address, "/status"));
            request.Headers.Authorization = token is null ? null : new("Bearer", token);
            using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.Equal(("https", status), (address.Scheme, response.StatusCode));
        }

        Assert.Equal(200, (await gateway.SendAsync("GET", "/status")).Status);

        static AsyncServerStreamingCall<WatchProjectsResponse> Watch(GrpcChannel target, string? token) => new ProjectFeed.ProjectFeedClient(target).WatchProjects(
            new(), token is null ? [] : new Metadata { { "authorization", $"Bearer {token}" } }, DateTime.UtcNow.AddSeconds(20));
    }

    /// <summary>A handler that trusts the root of the certificates alone.</summary>
    private SocketsHttpHandler Trusting()
    {
        var trusted = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        trusted.CustomTrustStore.ImportFromPemFile(certificates.CaFile);
        return new() { SslOptions = { CertificateChainPolicy = trusted } };
    }

    private async Task<TestGateway> StartAsync(string caFile, Dictionary<string, string?>? settings = null)
    {
        settings ??= [];
        settings["InternalTls:CaFile"] = caFile;
        return await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>(), await FakeServices.StartAsync(certificate: certificates.Server), settings);
    }
}
