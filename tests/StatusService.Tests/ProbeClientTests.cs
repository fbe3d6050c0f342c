using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Xerotier.Contracts;
using Xerotier.StatusService.Probes;

namespace Xerotier.StatusService.Tests;

/// <summary>Single probes of a real server.</summary>
public sealed class ProbeClientTests : IAsyncLifetime
{
    private static readonly IPAddress Public = IPAddress.Parse("203.0.113.7");
    private HealthCheck check = null!;

    public async ValueTask InitializeAsync() => check = await HealthCheck.StartAsync();

    public ValueTask DisposeAsync() => check.DisposeAsync();

    [Theory]
    [InlineData(200, null, ProbeOutcome.Success)]
    [InlineData(204, null, ProbeOutcome.Success)]
    [InlineData(301, null, ProbeOutcome.Failure)]
    [InlineData(404, null, ProbeOutcome.Failure)]
    [InlineData(503, null, ProbeOutcome.Failure)]
    [InlineData(401, 401, ProbeOutcome.Success)]
    [InlineData(200, 204, ProbeOutcome.Failure)]
    [InlineData(302, 302, ProbeOutcome.Success)]
    public async Task Any_2xx_is_a_success_or_exactly_the_expected_status(int status, int? expected, ProbeOutcome outcome)
    {
        check.Status = status;
        Assert.Equal(outcome, await AskAsync(new() { Url = check.Url, ExpectStatus = expected }));
        Assert.Equal(1, check.Asked);
    }

    [Fact]
    public async Task A_probe_says_who_it_is_and_keeps_no_cookies()
    {
        var agents = new List<string>();
        check.Answer = context =>
        {
            agents.Add($"{context.Request.Headers.UserAgent} {context.Request.Headers.Cookie.Count} {context.Request.Headers.TraceParent.Count}");
            context.Response.Cookies.Append("session", "1");
            return Task.CompletedTask;
        };
        using var client = new ProbeClient(allowPrivate: true, TimeProvider.System);
        await client.AskAsync(new() { Url = check.Url }, default);
        await client.AskAsync(new() { Url = check.Url }, default);
        Assert.Equal(["Xerotier-Status 0 0", "Xerotier-Status 0 0"], agents);
    }

    [Fact]
    public async Task No_more_than_64_KiB_of_a_body_are_read()
    {
        // A body without an end, in chunks, until nobody reads any more. What fills buffers on the way counts too.
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var sent = SendForEverAsync();
        using var client = new ProbeClient(allowPrivate: true, TimeProvider.System);
        var answer = await client.AskAsync(new() { Url = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/", TimeoutSeconds = 30 }, default);
        Assert.Equal(ProbeOutcome.Success, answer.Outcome);
        Assert.InRange(await sent.WaitAsync(TimeSpan.FromSeconds(30)), ProbeClient.LongestBody, ProbeClient.LongestBody + (512 * 1024));

        async Task<int> SendForEverAsync()
        {
            using var socket = await listener.AcceptSocketAsync();
            socket.NoDelay = true;
            await socket.SendAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"u8.ToArray());
            var (chunk, length) = ((byte[])[.. "1000\r\n"u8, .. new byte[4096], .. "\r\n"u8], 0);
            try
            {
                while (true)
                {
                    length += await socket.SendAsync(chunk);
                    await Task.Delay(1);
                }
            }
            catch (SocketException)
            {
                return length;
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_timeout_spans_headers_and_body(bool begins)
    {
        var time = new FakeTimeProvider();
        var asked = new TaskCompletionSource();
        check.Answer = async context =>
        {
            if (begins)
            {
                await context.Response.WriteAsync("so far");
                await context.Response.Body.FlushAsync();
            }

            asked.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        };
        using var client = new ProbeClient(allowPrivate: true, time);
        var asking = client.AskAsync(new() { Url = check.Url, TimeoutSeconds = 5 }, default);
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(30));
        time.Advance(TimeSpan.FromSeconds(4.9));
        await Task.Delay(50);
        Assert.False(asking.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.2));
        var answer = await asking.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(ProbeOutcome.Failure, answer.Outcome);
        Assert.IsType<TimeoutException>(answer.Why);
    }

    [Fact]
    public async Task A_redirect_is_followed_on_the_same_host_and_to_no_other()
    {
        await using var other = await HealthCheck.StartAsync();
        var target = "/well";
        check.Answer = context =>
        {
            if (context.Request.Path != "/well")
            {
                context.Response.Redirect(target);
            }

            return Task.CompletedTask;
        };
        Assert.Equal(ProbeOutcome.Success, await AskAsync(new() { Url = check.Url }));
        Assert.Equal(2, check.Asked);

        foreach (var elsewhere in new[] { other.Url, $"http://localhost:{check.Port}/well", "//127.0.0.2/", "file:///etc/passwd" })
        {
            target = elsewhere;
            Assert.Equal(ProbeOutcome.Failure, await AskAsync(new() { Url = check.Url }));
        }

        Assert.Equal((0, 6), (other.Asked, check.Asked));

        target = "/again"; // for ever
        Assert.Equal(ProbeOutcome.Failure, await AskAsync(new() { Url = check.Url }));
        Assert.Equal(6 + 6, check.Asked);
    }

    [Theory]
    [InlineData("http://127.0.0.1:{0}/")]
    [InlineData("http://localhost:{0}/")]
    [InlineData("http://[::ffff:127.0.0.1]:{0}/")]
    [InlineData("http://2130706433:{0}/")]
    [InlineData("ftp://127.0.0.1:{0}/")]
    [InlineData("nonsense")]
    public async Task An_address_that_is_not_public_is_not_asked(string url)
    {
        using var client = new ProbeClient(allowPrivate: false, TimeProvider.System);
        var answer = await client.AskAsync(new() { Url = string.Format(null, url, check.Port) }, default);
        Assert.Equal(ProbeOutcome.Refused, answer.Outcome);
        Assert.Equal(0, check.Asked);
    }

    [Fact]
    public async Task Of_several_addresses_only_the_public_ones_are_tried_and_each_as_it_was_resolved()
    {
        IPAddress[][] resolved = [[IPAddress.Loopback, Public, IPAddress.Parse("203.0.113.8")], [IPAddress.Loopback]]; // the name's owner changes its mind
        var (lookups, connected) = (0, new List<IPEndPoint>());
        using var client = new ProbeClient(allowPrivate: false, TimeProvider.System, _ => resolved[lookups++], async (endpoint, cancellation) =>
        {
            connected.Add(endpoint);
            if (endpoint.Address.Equals(Public))
            {
                throw new SocketException((int)SocketError.ConnectionRefused);
            }

            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp); // what answers at the public address
            await socket.ConnectAsync(IPAddress.Loopback, check.Port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        });
        var probe = new ComponentProbe { Url = $"http://rebinding.example:{check.Port}/" };
        Assert.Equal(ProbeOutcome.Success, (await client.AskAsync(probe, default)).Outcome);
        Assert.Equal((1, 1), (lookups, check.Asked));
        Assert.Equal([new(Public, check.Port), new(IPAddress.Parse("203.0.113.8"), check.Port)], connected);

        Assert.Equal(ProbeOutcome.Refused, (await client.AskAsync(probe, default)).Outcome);
        Assert.Equal((2, 1, 2), (lookups, check.Asked, connected.Count));
    }

    [Fact]
    public async Task Nobody_there_is_a_failure()
    {
        await check.DisposeAsync();
        Assert.Equal(ProbeOutcome.Failure, await AskAsync(new() { Url = "http://127.0.0.1:9/" }));
        Assert.Equal(ProbeOutcome.Failure, await AskAsync(new() { Url = "http://no-such-host.invalid/", TimeoutSeconds = 30 }));
    }

    private static async Task<ProbeOutcome> AskAsync(ComponentProbe probe)
    {
        using var client = new ProbeClient(allowPrivate: true, TimeProvider.System);
        return (await client.AskAsync(probe, default)).Outcome;
    }
}
