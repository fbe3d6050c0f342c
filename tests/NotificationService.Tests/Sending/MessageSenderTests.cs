using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Xerotier.NotificationService.Messages;
using Xerotier.NotificationService.Model;
using Xerotier.NotificationService.Sending;
using Xerotier.TestKit;

namespace Xerotier.NotificationService.Tests.Sending;

/// <summary>Single attempts, to real servers.</summary>
public sealed class MessageSenderTests : IAsyncLifetime
{
    private static readonly WebhookSecrets Secrets = new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    private static readonly byte[] Body = """{"type":"subscription.test"}"""u8.ToArray();
    private static readonly IPAddress Public = IPAddress.Parse("203.0.113.7");
    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 5, 22, 14, 0, 0, TimeSpan.Zero));
    private MessageTarget receiver = null!;

    public async ValueTask InitializeAsync() => receiver = await MessageTarget.StartAsync();

    public ValueTask DisposeAsync() => receiver.DisposeAsync();

    [Fact]
    public async Task A_webhook_gets_one_signed_request()
    {
        using var sender = Sender();
        Assert.Equal(new(SendOutcome.Delivered, 200, null), await SendAsync(sender, receiver.Url + "/hook?a=b"));
        var message = Assert.Single(receiver.Messages);
        Assert.Equal(("POST", "/hook"), (message.Method, message.Path));
        Assert.Equal(Body, message.Body);
        Assert.Equal("application/json", message.Headers["Content-Type"]);
        Assert.Equal("Xerotier-Status", message.Headers["User-Agent"]);
        Assert.Equal("msg_1", message.Headers["webhook-id"]);
        Assert.Equal($"{time.GetUtcNow().ToUnixTimeSeconds()}", message.Headers["webhook-timestamp"]);
        Assert.Equal(WebhookSignature.Sign("msg_1", time.GetUtcNow(), new(Body, default), Secrets), message.Headers["webhook-signature"]);
        Assert.DoesNotContain("traceparent", message.Headers.Keys);
    }

    [Fact]
    public async Task Slack_gets_no_signature()
    {
        using var sender = Sender();
        Assert.Equal(new(SendOutcome.Delivered, 200, null), await sender.SendSlackAsync(receiver.Url, Body, default));
        var message = Assert.Single(receiver.Messages);
        Assert.Equal("application/json", message.Headers["Content-Type"]);
        Assert.DoesNotContain(message.Headers.Keys, name => name.StartsWith("webhook", StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData(200, SendOutcome.Delivered, SendOutcome.Delivered)]
    [InlineData(204, SendOutcome.Delivered, SendOutcome.Delivered)]
    [InlineData(304, SendOutcome.FailedForNow, SendOutcome.FailedForNow)]
    [InlineData(400, SendOutcome.FailedForNow, SendOutcome.FailedForGood)]
    [InlineData(403, SendOutcome.FailedForNow, SendOutcome.FailedForGood)]
    [InlineData(404, SendOutcome.FailedForNow, SendOutcome.Disable)]
    [InlineData(408, SendOutcome.FailedForNow, SendOutcome.FailedForNow)]
    [InlineData(410, SendOutcome.Disable, SendOutcome.Disable)]
    [InlineData(429, SendOutcome.FailedForNow, SendOutcome.FailedForNow)]
    [InlineData(500, SendOutcome.FailedForNow, SendOutcome.FailedForNow)]
    [InlineData(503, SendOutcome.FailedForNow, SendOutcome.FailedForNow)]
    public async Task The_status_says_what_becomes_of_the_message(int status, object webhook, object slack)
    {
        receiver.Answer = context =>
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        };
        using var sender = Sender();
        foreach (var (expected, result) in new[] { (webhook, await SendAsync(sender, receiver.Url)), (slack, await sender.SendSlackAsync(receiver.Url, Body, default)) })
        {
            Assert.Equal(expected, result.Outcome);
            Assert.Equal(status, result.StatusCode);
            Assert.Equal(result.Outcome is SendOutcome.Delivered, result.Error is null);
            Assert.Contains(status is 200 or 204 ? "" : $"{status}", result.Error ?? "", StringComparison.Ordinal);
        }

        Assert.Equal(2, receiver.Messages.Count);
    }

    [Theory]
    [InlineData("120", 120.0)]
    [InlineData("0", null)]
    [InlineData("-5", null)]
    [InlineData("1000000", 86_400.0)]
    [InlineData("99999999999999", null)]
    [InlineData("Fri, 22 May 2026 14:30:00 GMT", 1800.0)]
    [InlineData("Fri, 22 May 2026 13:30:00 GMT", null)]
    [InlineData("Fri, 22 May 2099 13:30:00 GMT", 86_400.0)]
    [InlineData("soon", null)]
    public async Task A_receiver_may_ask_to_be_left_alone_for_up_to_a_day(string asked, double? seconds)
    {
        receiver.Answer = context =>
        {
            context.Response.StatusCode = 429;
            context.Response.Headers.RetryAfter = asked;
            return Task.CompletedTask;
        };
        using var sender = Sender();
        Assert.Equal(seconds, (await SendAsync(sender, receiver.Url)).RetryAfter?.TotalSeconds);
    }

    [Fact]
    public async Task No_redirect_is_followed()
    {
        await using var other = await MessageTarget.StartAsync();
        using var sender = Sender();
        foreach (var status in new[] { 301, 302, 303, 307, 308 })
        {
            receiver.Answer = context =>
            {
                context.Response.StatusCode = status;
                context.Response.Headers.Location = other.Url + "/secret";
                return Task.CompletedTask;
            };
            Assert.Equal(new(SendOutcome.FailedForNow, status, $"The response was {status}; redirects are not followed."), await SendAsync(sender, receiver.Url));
        }

        Assert.Empty(other.Messages);
        Assert.Equal(5, receiver.Messages.Count);
    }

    [Fact]
    public async Task A_response_that_does_not_come_in_time_is_a_failure_for_now()
    {
        receiver.Answer = context => Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        using var sender = Sender();
        var sending = sender.SendSlackAsync(receiver.Url, Body, default);
        await Eventually.TrueAsync(() => !receiver.Messages.IsEmpty);
        time.Advance(TimeSpan.FromSeconds(14.9));
        await Task.Delay(50);
        Assert.False(sending.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.Equal(new(SendOutcome.FailedForNow, null, "There was no response within 15 s."), await sending.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task Stopping_ends_an_attempt()
    {
        using var stopping = new CancellationTokenSource();
        receiver.Answer = async context =>
        {
            await stopping.CancelAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        };
        using var sender = Sender();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sender.SendSlackAsync(receiver.Url, Body, stopping.Token));
        Assert.Single(receiver.Messages);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Once_the_status_has_come_an_endless_body_changes_nothing(bool flows)
    {
        var written = 0;
        var ended = new TaskCompletionSource();
        receiver.Answer = async context =>
        {
            try
            {
                do
                {
                    await context.Response.WriteAsync(new string('x', 4096), context.RequestAborted);
                    await context.Response.Body.FlushAsync(context.RequestAborted);
                    written += 4096;
                }
                while (flows);

                await Task.Delay(Timeout.Infinite, context.RequestAborted);
            }
            catch (OperationCanceledException)
            {
                ended.TrySetResult();
            }
        };
        using var sender = new MessageSender(MessageSender.Connections(allowPrivate: true), TimeProvider.System, TimeSpan.FromSeconds(flows ? 30 : 1));
        Assert.Equal(new(SendOutcome.Delivered, 200, null), await SendAsync(sender, receiver.Url).WaitAsync(TimeSpan.FromSeconds(25)));
        await ended.Task.WaitAsync(TimeSpan.FromSeconds(30)); // the connection was closed
        Assert.InRange(written, 4096, 16 * 1024 * 1024); // what buffers on the way hold, too
    }

    [Fact]
    public async Task Https_alone_will_do_unless_private_targets_are_allowed()
    {
        using var sender = new MessageSender(MessageSender.Connections(allowPrivate: false), time, MessageSender.Timeout);
        foreach (var target in new[] { receiver.Url, "ftp://example.com/", "nonsense", "" })
        {
            Assert.Equal(new(SendOutcome.Refused, null, "The target is no https address."), await SendAsync(sender, target));
        }

        foreach (var target in new[] { $"https://127.0.0.1:{receiver.Port}/", $"https://localhost:{receiver.Port}/", $"https://[::ffff:127.0.0.1]:{receiver.Port}/", $"https://2130706433:{receiver.Port}/" })
        {
            Assert.Equal(new(SendOutcome.Refused, null, "The host has no address that messages may go to."), await SendAsync(sender, target));
        }

        Assert.Empty(receiver.Messages);
    }

    [Fact]
    public async Task A_name_that_is_public_first_and_private_later_leads_to_no_private_address()
    {
        using var certificates = new TestCertificates(nameAlone: true);
        await using var server = await MessageTarget.StartAsync(certificates.Server);
        IPAddress[][] resolved = [[IPAddress.Loopback, Public], [IPAddress.Loopback]]; // the name's owner changes its mind
        var (lookups, dialled) = (0, new List<IPEndPoint>());
        using var sender = new MessageSender(
            MessageSender.Connections(allowPrivate: false) with
            {
                PooledConnectionLifetime = TimeSpan.Zero,
                Resolve = _ => resolved[lookups++],
                Connect = async (endpoint, cancellation) =>
                {
                    dialled.Add(endpoint);
                    var socket = new Socket(SocketType.Stream, ProtocolType.Tcp); // what answers at the public address
                    await socket.ConnectAsync(IPAddress.Loopback, server.Port, cancellation);
                    return new NetworkStream(socket, ownsSocket: true);
                },
            },
            time,
            MessageSender.Timeout);
        Trust(sender, certificates);
        Assert.Equal(new(SendOutcome.Delivered, 200, null), await SendAsync(sender, "https://services.test/hook"));
        Assert.Equal(new(Public, 443), Assert.Single(dialled));

        Assert.Equal(SendOutcome.Refused, (await SendAsync(sender, "https://services.test/hook")).Outcome);
        Assert.Equal((2, 1, 1), (lookups, dialled.Count, server.Messages.Count));
    }

    [Fact]
    public async Task A_certificate_of_another_name_or_of_nobody_is_no_way_to_go()
    {
        using var certificates = new TestCertificates(nameAlone: true);
        await using var server = await MessageTarget.StartAsync(certificates.Server);
        using var sender = new MessageSender(MessageSender.Connections(allowPrivate: true) with { Resolve = _ => [IPAddress.Loopback] }, time, MessageSender.Timeout);
        var untrusted = new SendResult(SendOutcome.FailedForNow, null, "TLS failed: the certificate must be valid for the host, and come with its whole chain.");
        Assert.Equal(untrusted, await SendAsync(sender, $"https://services.test:{server.Port}/"));
        Trust(sender, certificates);
        Assert.Equal(untrusted, await SendAsync(sender, $"https://other.test:{server.Port}/"));
        Assert.Empty(server.Messages);
    }

    [Fact]
    public async Task What_goes_wrong_is_told_without_address_and_secret()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0); // speaks no HTTP
        listener.Start();
        var talking = Task.Run(async () =>
        {
            foreach (var said in new[] { "SSH-2.0-OpenSSH_9.6\r\n\r\n", "" })
            {
                using var client = await listener.AcceptTcpClientAsync();
                await client.GetStream().ReadExactlyAsync(new byte[100]);
                await client.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes(said));
            }
        });
        var dumb = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/T000/secret";
        using var sender = new MessageSender(MessageSender.Connections(allowPrivate: true), TimeProvider.System, TimeSpan.FromSeconds(30));
        foreach (var (target, reason) in new[]
        {
            ("http://127.0.0.1:9/T000/secret", "There was no connection to the host."),
            ("http://secret.invalid/T000/secret", "The host's name could not be resolved."),
            (dumb, "The response was not valid HTTP."),
            (dumb, "The connection ended before the response."),
            ($"https://127.0.0.1:{receiver.Port}/T000/secret", "TLS failed: the certificate must be valid for the host, and come with its whole chain."),
        })
        {
            Assert.Equal(new(SendOutcome.FailedForNow, null, reason), await SendAsync(sender, target));
        }

        await talking;
    }

    private static void Trust(MessageSender sender, TestCertificates certificates)
    {
        var policy = sender.Handler.SslOptions.CertificateChainPolicy!;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.ImportFromPemFile(certificates.CaFile);
    }

    private static Task<SendResult> SendAsync(MessageSender sender, string target) => sender.SendWebhookAsync(target, "msg_1", new(Body, default), Secrets, default);

    private MessageSender Sender() => new(MessageSender.Connections(allowPrivate: true), time, MessageSender.Timeout);
}
