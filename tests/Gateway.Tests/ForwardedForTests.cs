using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests;

public sealed class ForwardedForTests(PostgresFixture postgres)
{
    [Theory]
    [InlineData(null, 1, 3)]
    [InlineData("10.0.0.0/8", 1, 3)]
    [InlineData("127.0.0.0/8", 0, 0)]
    public async Task A_proxy_that_is_not_trusted_is_noticed(string? trusted, int warnings, int counted)
    {
        using var logs = new LogRecorder();
        await using var gateway = await TestGateway.StartAsync(
            await postgres.Server.CreateDatabaseAsync<Program>(),
            settings: trusted is null ? [] : new() { ["Gateway:TrustedProxies:0"] = trusted },
            configure: services => services.AddSingleton<ILoggerProvider>(logs));
        using var ignored = new Measurements(gateway, "xerotier.gateway.ignored_forwarded_for");
        Assert.Equal(200, (await gateway.SendAsync("GET", "/status")).Status);
        for (var i = 0; i < 3; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/status") { Headers = { { "X-Forwarded-For", "203.0.113.7" } } };
            using var response = await gateway.Http.SendAsync(request);
        }

        Assert.Equal((warnings, counted), (logs.Count("Gateway:TrustedProxies"), ignored.Read("value").Count));
    }
}
