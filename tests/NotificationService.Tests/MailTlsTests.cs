using System.Net;
using System.Net.Sockets;
using System.Text;
using Xerotier.TestKit;

namespace Xerotier.NotificationService.Tests;

/// <summary>E-mail as in production: over TLS and with a password, from a process that trusts whom its machine does.</summary>
public sealed class MailTlsTests(PostgresFixture postgres)
{
    private const string Address = "reader@example.org";

    [Fact]
    public async Task A_message_arrives_over_STARTTLS_from_a_user_with_a_password()
    {
        using var certificates = new TestCertificates();
        await using var server = MailServer.Start(certificates.Server);
        await ArrivesAsync(server, certificates);
    }

    [Fact]
    public async Task At_port_465_TLS_begins_with_the_connection()
    {
        var own = new IPEndPoint(new IPAddress([127, Any(), Any(), Any()]), MailServer.TlsFromTheStart); // no other test's: the port is everybody's
        Assert.SkipUnless(MayListenAt(own), "This user may not listen at port 465 (net.ipv4.ip_unprivileged_port_start).");
        using var certificates = new TestCertificates(address: own.Address);
        await using var server = MailServer.Start(certificates.Server, own);
        await ArrivesAsync(server, certificates);

        static byte Any() => (byte)Random.Shared.Next(1, 255);
    }

    [Fact]
    public async Task A_wrong_password_is_a_failure_that_is_tried_again_and_no_word_says_it()
    {
        using var certificates = new TestCertificates();
        await using var server = MailServer.Start(certificates.Server);
        await using var notifier = await SubscribedAsync();
        await using var service = Start(notifier, server, certificates);
        var password = server.Password;
        server.Password = "Another";
        await FailsAsync(notifier, "The mail server did not accept the user.");
        Assert.Contains(password, server.Passwords);
        Assert.Empty(server.Messages);

        server.Password = password;
        await Eventually.TrueAsync(
            async () =>
            {
                await notifier.ExecuteAsync("update deliveries set next_attempt_at = clock_timestamp() where next_attempt_at > clock_timestamp() + interval '2 minutes'"); // where it was tried twice already
                return !server.Messages.IsEmpty;
            },
            "it arrives");
        await DeliveredAsync(notifier, server);

        await service.DisposeAsync(); // its output is whole then
        Assert.NotEmpty(service.Output);
        var written = await notifier.ScalarAsync("select string_agg(d::text, ' ') || string_agg(s::text, ' ') from deliveries d, subscriptions s");
        foreach (var form in new[] { password, Base64(password), Base64($"\0{MailServer.User}\0{password}") }) // as AUTH LOGIN and PLAIN send it
        {
            Assert.DoesNotContain(service.Output, line => line.Contains(form));
            Assert.DoesNotContain(form, (string)written!);
        }

        static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_server_whose_certificate_is_for_another_name_or_from_nobody_we_trust_is_shown_no_password(bool otherName)
    {
        using var certificates = new TestCertificates(nameAlone: otherName); // and the service has its address
        using var others = new TestCertificates();
        await using var server = MailServer.Start(certificates.Server);
        await using var notifier = await SubscribedAsync();
        await using var service = Start(notifier, server, otherName ? certificates : others);
        await FailsAsync(notifier, "TLS with the mail server failed.");
        Assert.Empty(server.Passwords);
        Assert.Empty(server.Messages);
    }

    private async Task ArrivesAsync(MailServer server, TestCertificates certificates)
    {
        await using var notifier = await SubscribedAsync();
        await using var service = Start(notifier, server, certificates);
        await notifier.HappenTestAsync("one", "sub_mail");
        await DeliveredAsync(notifier, server);
        Assert.Equal(server.Password, Assert.Single(server.Passwords));
    }

    /// <summary>The service's database with a subscription, and nobody who sends.</summary>
    private async Task<Notifier> SubscribedAsync()
    {
        var notifier = await Notifier.StartAsync(postgres.Server);
        await notifier.StopAllAsync();
        await notifier.SubscribeAsync("sub_mail", "", target: Address, channel: "email");
        return notifier;
    }

    /// <summary>Starts a service that signs in at a server, trusts a root, and logs all that it can.</summary>
    private static ServiceProcess Start(Notifier notifier, MailServer server, TestCertificates trusted) =>
        notifier.StartProcess([.. server.SettingsOfUser(), new("SSL_CERT_FILE", trusted.CaFile), new("Logging:LogLevel:Default", "Trace")]);

    private static async Task DeliveredAsync(Notifier notifier, MailServer server)
    {
        Assert.Equal("Test message", Assert.Single(await server.ToAsync(Address, 1)).Subject);
        await Eventually.TrueAsync(async () => await notifier.ScalarAsync("select state from deliveries") is "delivered", "it is delivered");
    }

    /// <summary>A message is to be tried again, for a reason that both it and its subscription have.</summary>
    private static async Task FailsAsync(Notifier notifier, string reason)
    {
        await notifier.HappenTestAsync("one", "sub_mail");
        await Eventually.TrueAsync(async () => await notifier.ScalarAsync("select attempts from deliveries") is >= 1, "it was tried");
        Assert.Equal($"pending {reason}", await notifier.ScalarAsync("select concat_ws(' ', state, last_error) from deliveries where next_attempt_at > last_at"));
        Assert.Equal($"active {reason}", await notifier.ScalarAsync("select concat_ws(' ', state, last_error) from subscriptions"));
    }

    private static bool MayListenAt(IPEndPoint endpoint)
    {
        using var listener = new TcpListener(endpoint);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException refused) when (refused.SocketErrorCode == SocketError.AccessDenied)
        {
            return false;
        }
    }
}
