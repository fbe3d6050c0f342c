using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Xerotier.Gateway.Clients;
using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests;

public sealed class ClientConnectionTests(PostgresFixture postgres)
{
    [Fact]
    public async Task A_client_has_so_many_connections_over_all_ports_and_whoever_watches_the_process_is_not_kept_out()
    {
        var metricsPort = TestPorts.Free();
        await using var gateway = await StartAsync(("Gateway:MaxConnectionsPerClient", "3"), ("METRICS_PORT", $"{metricsPort}"));
        using var closed = new Measurements(gateway, "xerotier.gateway.closed_connections");
        var open = new List<Connection>();
        foreach (var isHttp2 in new[] { false, true, true })
        {
            open.Add(await OpenAsync(gateway, isHttp2));
            Assert.True(await open[^1].IsServedAsync());
        }

        foreach (var isHttp2 in new[] { false, true })
        {
            using var refused = await OpenAsync(gateway, isHttp2);
            Assert.False(await refused.IsServedAsync());
        }

        Assert.Equal(["too_many", "too_many"], closed.Read("reason"));
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{metricsPort}") };
        Assert.Contains("\"service\":\"gateway\"", await http.GetStringAsync("/healthz"), StringComparison.Ordinal);
        Assert.Contains("# TYPE", await http.GetStringAsync("/metrics"), StringComparison.Ordinal);
        using (var other = await http.GetAsync("/status"))
        {
            Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);
        }

        open[0].Dispose();
        await Eventually.TrueAsync(
            async () =>
            {
                using var next = await OpenAsync(gateway);
                return await next.IsServedAsync();
            },
            "a connection that ended makes room");
        open.ForEach(connection => connection.Dispose());
    }

    [Fact]
    public async Task Connections_of_a_trusted_proxy_are_not_counted_and_may_wait()
    {
        await using var gateway = await StartAsync(("Gateway:MaxConnectionsPerClient", "1"), ("Gateway:FirstByteSeconds", "1"), ("Gateway:TrustedProxies:0", "127.0.0.0/8"));
        using var first = await OpenAsync(gateway);
        using var second = await OpenAsync(gateway);
        await Task.Delay(TimeSpan.FromSeconds(1.5)); // longer than anybody else may be silent
        Assert.True(await first.IsServedAsync());
        Assert.True(await second.IsServedAsync());
    }

    [Fact]
    public async Task A_relay_has_more_connections_than_others()
    {
        await using var gateway = await StartAsync(("Gateway:MaxConnectionsPerClient", "1"), ("Gateway:MaxConnectionsPerRelay", "3"), ("Gateway:TrustedRelays:0", "127.0.0.0/8"));
        Assert.Equal([true, true, true, false], await AreServedAsync(gateway, 4));
    }

    [Fact]
    public async Task No_client_may_use_up_more_than_half_of_the_connections()
    {
        await using var gateway = await StartAsync(("Gateway:MaxConnectionsPerClient", "100"), ("Gateway:MaxConnections", "4"));
        Assert.Equal([true, true, false], await AreServedAsync(gateway, 3));
    }

    [Fact]
    public async Task A_connection_that_asks_for_nothing_is_closed()
    {
        await using var gateway = await StartAsync(("Gateway:FirstByteSeconds", "3"));
        using var closed = new Measurements(gateway, "xerotier.gateway.closed_connections");
        foreach (var isHttp2 in new[] { false, true })
        {
            var started = Stopwatch.GetTimestamp();
            using var silent = await OpenAsync(gateway, isHttp2);
            using var speaking = await OpenAsync(gateway, isHttp2);
            Assert.True(await speaking.IsServedAsync());
            Assert.True(await silent.IsClosedAsync());
            Assert.InRange(Stopwatch.GetElapsedTime(started).TotalSeconds, 2.5, 30); // the server by itself takes more than a minute
            Assert.True(await speaking.IsServedAsync());
        }

        Assert.Equal(["silent", "silent"], closed.Read("reason"));
    }

    [Fact]
    public async Task Both_limits_hold_on_an_endpoint_of_Kestrels_own_settings()
    {
        var endpoint = ("Kestrel:Endpoints:More:Url", "http://127.0.0.1:0");
        await using (var gateway = await StartAsync(endpoint, ("Gateway:MaxConnectionsPerClient", "1")))
        {
            using var first = await Connection.OpenAsync(gateway.Service.TlsAddress!);
            Assert.True(await first.IsServedAsync());
            using var second = await Connection.OpenAsync(gateway.Service.TlsAddress!);
            Assert.False(await second.IsServedAsync());
        }

        await using (var gateway = await StartAsync(endpoint, ("Gateway:FirstByteSeconds", "1")))
        {
            using var silent = await Connection.OpenAsync(gateway.Service.TlsAddress!);
            Assert.True(await silent.IsClosedAsync());
        }
    }

    [Theory]
    [InlineData("192.0.2.7", null)]
    [InlineData("2001:db8:1:2::3", "2001:db8:1:ffff::")]
    public void Only_an_IPv6_address_has_a_site_which_is_its_48(string address, string? same)
    {
        var site = new ClientAddress(IPAddress.Parse(address)).Site;
        Assert.Equal(same is null ? null : new ClientAddress(IPAddress.Parse(same)).Site, site);
        Assert.NotEqual(new ClientAddress(IPAddress.Parse("2001:db8:2::")).Site, site);
    }

    /// <summary>Whether each of so many connections at once is served.</summary>
    private static async Task<List<bool>> AreServedAsync(TestGateway gateway, int connections)
    {
        var (open, served) = (new List<Connection>(), new List<bool>());
        for (var i = 0; i < connections; i++)
        {
            open.Add(await OpenAsync(gateway, isHttp2: true));
            served.Add(await open[^1].IsServedAsync());
        }

        open.ForEach(connection => connection.Dispose());
        return served;
    }

    private static Task<Connection> OpenAsync(TestGateway gateway, bool isHttp2 = false) => Connection.OpenAsync(isHttp2 ? gateway.Service.GrpcAddress : gateway.Service.HttpAddress, isHttp2);

    private async Task<TestGateway> StartAsync(params (string Name, string Value)[] settings) =>
        await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>(), settings: settings.ToDictionary(setting => setting.Name, string? (setting) => setting.Value));

    /// <summary>A connection to either port of a Gateway.</summary>
    private sealed class Connection(TcpClient client, bool isHttp2) : IDisposable
    {
        /// <summary>The preface, and empty SETTINGS.</summary>
        private static readonly byte[] Preface = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, 0, 0, 0, 4, 0, 0, 0, 0, 0];

        private bool prefaced;

        public static async Task<Connection> OpenAsync(Uri address, bool isHttp2 = false)
        {
            var client = new TcpClient { NoDelay = true };
            try
            {
                await client.ConnectAsync(IPAddress.Loopback, address.Port);
            }
            catch (SocketException)
            {
                // closed already: it is not served
            }

            return new(client, isHttp2);
        }

        /// <summary>Whether the Gateway answers: a GET over HTTP/1.1, a PING over HTTP/2.</summary>
        public async Task<bool> IsServedAsync()
        {
            try
            {
                var stream = client.GetStream();
                byte[] asked = isHttp2 ? [.. prefaced ? [] : Preface, 0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8] : [.. "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"u8];
                prefaced = true;
                await stream.WriteAsync(asked);
                var buffer = new byte[4096];
                using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
                return await stream.ReadAsync(buffer, deadline.Token) > 0;
            }
            catch (Exception closed) when (closed is IOException or InvalidOperationException)
            {
                return false;
            }
        }

        /// <summary>Whether the Gateway closes it within a while.</summary>
        public async Task<bool> IsClosedAsync()
        {
            try
            {
                using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
                return await client.GetStream().ReadAsync(new byte[1], deadline.Token) == 0;
            }
            catch (IOException)
            {
                return true;
            }
        }

        public void Dispose() => client.Dispose();
    }
}
