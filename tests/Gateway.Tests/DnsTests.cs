using System.Net;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.DependencyInjection;
using Xerotier.Health.V1;
using Xerotier.ServiceDefaults;
using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests;

/// <summary>Services found by a name whose addresses change.</summary>
public sealed class DnsTests(PostgresFixture postgres)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Replicas_that_come_later_are_found_without_a_restart(bool tls)
    {
        using var certificates = new TestCertificates(nameAlone: true); // so that a certificate for an address would be refused
        var services = await FakeServices.StartAsync(certificate: tls ? certificates.Server : null);
        IPAddress[] addresses = [IPAddress.Parse("127.0.0.9")]; // nobody listens there
        var settings = new Dictionary<string, string?> { ["InternalTls:CaFile"] = certificates.CaFile };
        foreach (var name in (string[])["console", "statusservice", "maintenanceservice", "notificationservice", "healthcollector"])
        {
            settings[$"services:{name}:http:0"] = $"dns+{services.Http.Scheme}://services.test:{services.Http.Port}";
            settings[$"services:{name}:grpc:0"] = $"dns+{services.Grpc.Scheme}://services.test:{services.Grpc.Port}";
        }

        await using var gateway = await TestGateway.StartAsync(
            await postgres.Server.CreateDatabaseAsync<Program>(), services, settings, configure => configure.AddSingleton<LookUp>((name, _) => Task.FromResult(name == "services.test" ? addresses : [])));
        var project = await gateway.CreateProjectAsync();
        var (_, key) = await gateway.CreateKeyAsync(project, "management", "heartbeat");
        var windows = $"/{project}/v1/management/maintenance";
        Assert.Equal(503, (await gateway.SendAsync("GET", windows, key)).Status);
        Assert.Equal(503, (await gateway.SendAsync("GET", "/readyz")).Status);

        addresses = [IPAddress.Parse("127.0.0.9"), IPAddress.Loopback];
        await Eventually.TrueAsync(async () => (await gateway.SendAsync("GET", "/readyz")).Status == 200, "the page comes over gRPC, and a replica of each service is healthy");
        Assert.Equal(200, (await gateway.SendAsync("GET", windows, key)).Status);
        using var channel = GrpcChannel.ForAddress(gateway.Service.GrpcAddress);
        using var report = new Heartbeats.HeartbeatsClient(channel).Report(new Metadata { { "authorization", $"Bearer {key}" } }, DateTime.UtcNow.AddSeconds(20));
        await report.RequestStream.WriteAsync(new());
        Assert.True(await report.ResponseStream.MoveNext(TestContext.Current.CancellationToken));

        addresses = [IPAddress.Parse("127.0.0.9")];
        await Eventually.TrueAsync(async () => (await gateway.SendAsync("GET", windows, key)).Status == 503, "the replica is gone");
    }
}
