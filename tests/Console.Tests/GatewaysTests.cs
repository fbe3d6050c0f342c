using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Xerotier.OperatorConsole.Api;
using Xerotier.ServiceDefaults;

namespace Xerotier.OperatorConsole.Tests;

/// <summary>Which Gateway is asked, and which one next (console.md, section 23).</summary>
public sealed class GatewaysTests
{
    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    public async Task Of_a_Gateway_whose_host_takes_no_connection_one_request_learns_and_the_next_ones_ask_the_other(string method)
    {
        await using var alive = await StartAsync();
        using var dead = Listen(backlog: 0);
        using var waiting = new Connections(dead);
        await waiting.FillAsync();
        var time = new LaterTime();
        using var gateways = Create(time, AddressOf(dead), alive.Address);

        Assert.Equal(7, await AttemptsAsync(gateways, method, 6)); // one at the dead one
        Assert.Equal(6, await AttemptsAsync(gateways, method, 6));
        time.Ahead = TimeSpan.FromSeconds(11);
        Assert.Equal(7, await AttemptsAsync(gateways, method, 6)); // it is looked for again
        Assert.Equal(18, alive.Requests);
    }

    [Fact]
    public async Task A_Gateway_that_does_not_respond_is_asked_for_no_change_twice_and_what_is_read_comes_from_the_other()
    {
        await using var alive = await StartAsync();
        using var hanging = Listen(backlog: 16);
        using var gateways = Create(TimeProvider.System, alive.Address, AddressOf(hanging)); // the second has the first turn

        var attempts = 0;
        var refused = await Assert.ThrowsAsync<ApiException>(() => SendAsync(gateways, "POST", () => attempts++));
        Assert.Contains(refused.Error.Status, new[] { 503, 504 }); // its connection, or our patience
        Assert.Equal((1, 0), (attempts, alive.Requests));

        using var others = Create(TimeProvider.System, alive.Address, AddressOf(hanging));
        Assert.Equal(3, await AttemptsAsync(others, "GET", 2));
        Assert.Equal(2, alive.Requests);
    }

    [Fact]
    public async Task What_is_on_the_public_page_is_read_anew_only_when_it_has_changed()
    {
        var (tag, bodies) = ("\"one\"", 0);
        await using var gateway = await StartAsync(app => app.MapGet("/status.json", (HttpContext http) =>
        {
            http.Response.Headers.ETag = tag;
            if (http.Request.Headers.IfNoneMatch == tag)
            {
                return Results.StatusCode(StatusCodes.Status304NotModified);
            }

            bodies++;
            return Status();
        }));
        using var gateways = Create(TimeProvider.System, gateway.Address);
        var first = await new GatewayApi(gateways, new DefaultHttpContext(), null).GetStatusAsync();
        Assert.Same(first, await new GatewayApi(gateways, new DefaultHttpContext(), null).GetStatusAsync());
        Assert.Equal(1, bodies);
        tag = "\"two\"";
        Assert.NotSame(first, await new GatewayApi(gateways, new DefaultHttpContext(), null).GetStatusAsync());
        Assert.Equal(2, bodies);
    }

    /// <summary>As the Console has them, at these addresses.</summary>
    internal static Gateways Create(TimeProvider time, params IEnumerable<Uri> addresses) => new(
        new ConfigurationBuilder().AddInMemoryCollection(addresses.Select((address, i) => KeyValuePair.Create($"services:gateway:internal:{i}", (string?)$"{address}"))).Build(),
        new(Options.Create(new InternalAuthOptions { Keys = [Convert.ToBase64String(new byte[64])] }), time, new("console", "1")),
        new(Options.Create(new InternalTlsOptions())),
        (_, _) => Task.FromResult<IPAddress[]>([]),
        time,
        NullLogger<ReplicaList>.Instance);

    /// <summary>How often Gateways were asked until all of these requests had their answers.</summary>
    private static async Task<int> AttemptsAsync(Gateways gateways, string method, int requests)
    {
        var attempts = 0;
        for (var i = 0; i < requests; i++)
        {
            await SendAsync(gateways, method, () => attempts++);
        }

        return attempts;
    }

    private static async Task SendAsync(Gateways gateways, string method, Action attempt)
    {
        using var response = await gateways.SendAsync(
            () =>
            {
                attempt();
                return new(new(method), new Uri("/v1/thing", UriKind.Relative));
            },
            TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private static Socket Listen(int backlog)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen(backlog);
        return socket;
    }

    private static Uri AddressOf(Socket listener) => new($"http://{listener.LocalEndPoint}");

    internal static async Task<Gateway> StartAsync(Action<WebApplication>? map = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listener => listener.Protocols = HttpProtocols.Http2));
        var gateway = new Gateway(builder.Build());
        map?.Invoke(gateway.App);
        await gateway.StartAsync();
        return gateway;
    }

    /// <summary>A public page without components.</summary>
    internal static IResult Status(string staleSince = "null", int openIncidents = 0) => Results.Text(
        $$$"""
        {"object":"status","generated_at":"2026-01-01T00:00:00Z","stale_since":{{{staleSince}}},"overall":{"key":"operational","label":"All Systems Operational"},"demo":false,"indicators":[],"incidents":[],"open_incidents_total":{{{openIncidents}}},
         "windows":{"unavailable":false,"unavailable_since":null,"active":[],"active_total":0,"scheduled":[],"scheduled_total":0,"recent":[]}}
        """,
        "application/json");

    /// <summary>A Gateway that answers everything.</summary>
    internal sealed class Gateway(WebApplication app) : IAsyncDisposable
    {
        private int requests;

        public WebApplication App => app;

        public int Requests => requests;

        public Uri Address => new(app.Urls.Single());

        public Task StartAsync()
        {
            app.MapFallback(() => Interlocked.Increment(ref requests));
            return app.StartAsync(TestContext.Current.CancellationToken);
        }

        public ValueTask DisposeAsync() => app.DisposeAsync();
    }

    /// <summary>As many connections as a listener that accepts none has room for: the next one waits as at a host that is gone.</summary>
    private sealed class Connections(Socket listener) : IDisposable
    {
        private readonly List<Socket> open = [];

        public async Task FillAsync()
        {
            while (open.Count < 16)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                open.Add(socket);
                using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
                try
                {
                    await socket.ConnectAsync(listener.LocalEndPoint!, patience.Token);
                }
                catch (OperationCanceledException)
                {
                    return;
                }
            }

            Assert.Fail("There is room for ever more connections.");
        }

        public void Dispose() => open.ForEach(socket => socket.Dispose());
    }

    /// <summary>A clock whose timestamps can be ahead.</summary>
    private sealed class LaterTime : TimeProvider
    {
        public TimeSpan Ahead { get; set; }

        public override long GetTimestamp() => base.GetTimestamp() + (long)(Ahead.TotalSeconds * TimestampFrequency);
    }
}
