using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;
using MimeKit;
using SmtpServer.Protocol;
using Xerotier.NotificationService.Mail;
using Xerotier.NotificationService.Messages;
using Xerotier.NotificationService.Model;
using Xerotier.ServiceDefaults.Site;

namespace Xerotier.NotificationService.Tests;

/// <summary>E-mail to a real server.</summary>
public sealed partial class MailTests(PostgresFixture postgres)
{
    private const string Address = "reader@example.org";

    [Fact]
    public async Task A_message_arrives_with_its_thread_and_a_way_out()
    {
        await using var server = MailServer.Start();
        await using var notifier = await StartAsync(server);
        await notifier.SubscribeAsync("sub_mail", "", target: Address, channel: "email");
        await notifier.HappenTestAsync("one", "sub_mail");
        await TestKit.Eventually.TrueAsync(async () => await notifier.ScalarAsync("select delivered_count from subscriptions") is 1L, "the first is delivered");
        await notifier.HappenTestAsync("two", "sub_mail");
        await TestKit.Eventually.TrueAsync(async () => await notifier.ScalarAsync("select delivered_count from subscriptions") is 2L, "both are delivered");

        var (first, second) = (server.Messages.First(), server.Messages.Last());
        Assert.Equal(Address, first.To);
        Assert.Equal(first.Session, second.Session); // the connection is kept
        Assert.Equal("Test message", first.Message.Subject);
        Assert.Equal("status@mail.example", first.Message.From.Mailboxes.Single().Address);
        Assert.Equal($"{await notifier.ScalarAsync("select id from deliveries where sequence = 1")}@mail.example", first.Message.MessageId);
        Assert.NotEqual(first.Message.MessageId, second.Message.MessageId);
        Assert.Equal("sub_mail@mail.example", Assert.Single(first.Message.References));
        Assert.Equal(first.Message.References, second.Message.References);
        Assert.Equal("auto-generated", first.Message.Headers["Auto-Submitted"]);
        Assert.Equal("<status.mail.example>", first.Message.Headers["List-Id"]);
        Assert.Equal("List-Unsubscribe=One-Click", first.Message.Headers["List-Unsubscribe-Post"]);

        var link = Link().Match(first.Message.Headers["List-Unsubscribe"]!);
        Assert.True(link.Success, first.Message.Headers["List-Unsubscribe"]);
        Assert.Contains(link.Groups["url"].Value, first.Message.TextBody);
        Assert.Contains(link.Groups["url"].Value, first.Message.HtmlBody);
        Assert.Equal(first.Message.Headers["List-Unsubscribe"], second.Message.Headers["List-Unsubscribe"]); // so that there are few
        var hash = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(link.Groups["token"].Value)));
        Assert.Equal(1L, await notifier.ScalarAsync("select count(*) from mail_tokens"));
        Assert.Equal(1L, await notifier.ScalarAsync($"select count(*) from mail_tokens where encode(hash, 'hex') = lower('{hash}') and subscription_id = 'sub_mail' and expires_at is null and not confirms"));
    }

    [Theory]
    [InlineData(550, "5.1.1 No such user", "disabled", "failed")]
    [InlineData(550, "No such user", "disabled", "failed")]
    [InlineData(553, "Not allowed", "disabled", "failed")]
    [InlineData(550, "5.7.1 Refused by policy", "active", "failed")]
    [InlineData(550, "5.2.3 Longer than the mailbox takes", "active", "failed")]
    [InlineData(550, "Relay not permitted", "active", "failed")]
    [InlineData(550, "Client host blocked by a list", "active", "failed")]
    [InlineData(550, "5.1.8 Domain not found", "active", "pending")]
    [InlineData(550, "5.1.0 <status@example.com>: Sender address rejected", "active", "pending")]
    [InlineData(553, "Sender address rejected: not owned by user", "active", "pending")]
    [InlineData(450, "4.2.0 Later", "active", "pending")]
    [InlineData(552, "5.3.4 Too much", "active", "failed")]
    public async Task What_the_server_says_of_an_address_decides_what_becomes_of_it(int code, string says, string subscription, string delivery)
    {
        await using var server = MailServer.Start();
        server.Recipient = _ => new((SmtpReplyCode)code, says);
        await using var notifier = await StartAsync(server);
        await notifier.SubscribeAsync("sub_mail", "", target: Address, channel: "email");
        await notifier.HappenTestAsync("one", "sub_mail");
        await TestKit.Eventually.TrueAsync(async () => await notifier.ScalarAsync("select last_status from subscriptions") is int status && status == code, "tried");
        Assert.Equal(subscription, await notifier.ScalarAsync("select state from subscriptions"));
        Assert.Equal(delivery, await notifier.ScalarAsync("select state from deliveries"));
        Assert.Equal($"The mail server answered {code}.", await notifier.ScalarAsync("select last_error from subscriptions"));
    }

    [Theory]
    [InlineData(550, "5.1.1 <sender@blocked.example>: no such user")]
    [InlineData(553, "<sender@blocked.example> is unknown")]
    public async Task What_an_address_is_called_says_nothing_of_the_refusal(int code, string says)
    {
        await using var server = MailServer.Start();
        server.Recipient = _ => new((SmtpReplyCode)code, says);
        await using var notifier = await StartAsync(server);
        await notifier.SubscribeAsync("sub_mail", "", target: "sender@blocked.example", channel: "email");
        await notifier.HappenTestAsync("one", "sub_mail");
        await TestKit.Eventually.TrueAsync(async () => await notifier.ScalarAsync("select state from subscriptions") is "disabled", "it is disabled");
    }

    [Fact]
    public async Task A_message_that_is_refused_is_no_fault_of_the_address()
    {
        await using var server = MailServer.Start();
        server.Data = () => new(SmtpReplyCode.TransactionFailed, "5.1.1 looks like a bounce");
        await using var notifier = await StartAsync(server);
        await notifier.SubscribeAsync("sub_mail", "", target: Address, channel: "email");
        await notifier.HappenTestAsync("one", "sub_mail");
        await TestKit.Eventually.TrueAsync(async () => await notifier.ScalarAsync("select state from deliveries") is "failed", "given up");
        Assert.Equal("active", await notifier.ScalarAsync("select state from subscriptions"));
    }

    [Fact]
    public async Task While_the_server_is_away_nobody_is_disabled_and_nothing_is_lost()
    {
        var server = MailServer.Start();
        await using var notifier = await StartAsync(server);
        await server.DisposeAsync();
        await notifier.SubscribeAsync("sub_mail", "", target: Address, channel: "email");
        await notifier.ExecuteAsync("update subscriptions set failing_since = clock_timestamp() - interval '6 days'");
        await notifier.HappenTestAsync("one", "sub_mail");
        await TestKit.Eventually.TrueAsync(async () => await notifier.ScalarAsync("select attempts from deliveries") is 1, "tried");
        Assert.Equal("active", await notifier.ScalarAsync("select state from subscriptions"));
        Assert.Equal("pending", await notifier.ScalarAsync("select state from deliveries"));
        Assert.Equal("There was no connection to the mail server.", await notifier.ScalarAsync("select last_error from deliveries"));
    }

    [Fact]
    public async Task Nothing_is_sent_without_the_TLS_that_the_settings_ask_for()
    {
        await using var server = MailServer.Start();
        await using var notifier = await StartAsync(server, tls: "true");
        await notifier.SubscribeAsync("sub_mail", "", target: Address, channel: "email");
        await notifier.HappenTestAsync("one", "sub_mail");
        await TestKit.Eventually.TrueAsync(async () => await notifier.ScalarAsync("select attempts from deliveries") is 1, "tried");
        Assert.Empty(server.Messages);
        Assert.Equal("The mail server does not offer what the settings ask for.", await notifier.ScalarAsync("select last_error from deliveries"));
    }

    [Fact]
    public async Task Without_a_server_any_more_e_mail_says_so_and_runs_out_as_others_and_webhooks_go_on()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server);
        await notifier.SubscribeAsync("sub_mail", "", target: Address, channel: "email", events: "{maintenance.started}");
        await notifier.SubscribeAsync("sub_hook", "/hook");
        await notifier.HappenTestAsync("one", "sub_mail");
        await notifier.HappenAsync("two");
        await TestKit.Eventually.TrueAsync(async () => await notifier.ScalarAsync("select count(*) from deliveries where state = 'delivered'") is 1L, "the webhook");
        await TestKit.Eventually.TrueAsync(async () => await notifier.ScalarAsync("select attempts from deliveries where subscription_id = 'sub_mail' and state = 'pending'") is 1, "tried");
        Assert.Equal("No e-mail is sent: the service has no mail server (Smtp__Host).", await notifier.ScalarAsync("select last_error from deliveries where subscription_id = 'sub_mail'"));
        await notifier.ExecuteAsync("update deliveries set attempts = 9, next_attempt_at = clock_timestamp() where subscription_id = 'sub_mail'"); // the last one
        await TestKit.Eventually.TrueAsync(async () => await notifier.ScalarAsync("select state from deliveries where subscription_id = 'sub_mail'") is "failed", "given up");
        Assert.Equal("active 1", await notifier.ScalarAsync("select concat_ws(' ', state, failed_count) from subscriptions where id = 'sub_mail'"));

        // With a server again, what is to come arrives.
        await notifier.StopAllAsync();
        await using var server = MailServer.Start();
        await notifier.AddReplicaAsync(server.Settings());
        await notifier.HappenTestAsync("three", "sub_mail");
        Assert.Equal("Test message", Assert.Single(await server.ToAsync(Address, 1)).Subject);
    }

    [Fact]
    public void What_people_write_starts_no_header_and_no_element()
    {
        using var read = Read(new("Title\r\nBcc: other@example.org <b>é", "First\n<script>alert(1)</script>", ["Since\r\nnow"]));
        Assert.Equal("Title Bcc: other@example.org <b>é", read.Subject);
        Assert.Empty(read.Bcc);
        Assert.Contains("<script>", read.TextBody);
        Assert.DoesNotContain("<script>", read.HtmlBody);
        Assert.DoesNotContain("<b>", read.HtmlBody);
        Assert.Contains("Since now", read.TextBody);
    }

    [Fact]
    public void What_operators_write_of_incidents_has_its_marks_and_nothing_more()
    {
        using var read = Read(new("Title", "**Down**: [more](https://example.com/a)\n\n- one\n\t- two\n\n<script>alert(1)</script>", []) { IsMarkdown = true });
        Assert.Contains("<strong>Down</strong>: <a href=\"https://example.com/a\" rel=\"nofollow noopener\">more</a>", read.HtmlBody);
        Assert.Contains("<li>two</li>", read.HtmlBody);
        Assert.DoesNotContain("<script>", read.HtmlBody);
        Assert.Contains("Down: more (https://example.com/a)", read.TextBody);
        Assert.DoesNotContain("**", read.TextBody);
    }

    private static MimeMessage Read(MessageContent content)
    {
        using var made = MailMessage.Create(
            new("dlv_1", "sub_1", Address, "inc_1", content), MailboxAddress.Parse(Address), MailboxAddress.Parse("status@mail.example"), Brand.Default, "token", DateTimeOffset.UnixEpoch);
        using var bytes = new MemoryStream();
        made.WriteTo(bytes);
        bytes.Position = 0;
        return MimeMessage.Load(bytes);
    }

    [Theory]
    [InlineData("mail.test", 587, "status@example.org", null, null, "https://status.example.org", true)]
    [InlineData(null, 0, null, null, null, null, true)]
    [InlineData("mail.test", 587, null, null, null, "https://status.example.org", false)]
    [InlineData("mail.test", 587, "nobody", null, null, "https://status.example.org", false)]
    [InlineData("mail.test", 0, "status@example.org", null, null, "https://status.example.org", false)]
    [InlineData("mail.test", 587, "status@example.org", "user", null, "https://status.example.org", false)]
    [InlineData("mail.test", 587, "status@example.org", null, null, null, false)] // links would lead nowhere
    public void Settings_that_cannot_send_are_refused_at_the_start(string? host, int port, string? from, string? user, string? password, string? page, bool valid)
    {
        var validation = new SmtpOptions.Validation(Options.Create(new BrandOptions { PublicUrl = page }));
        Assert.Equal(valid, validation.Validate(Options.DefaultName, new() { Host = host, Port = port, From = from, User = user, Password = password }).Succeeded);
    }

    [Fact]
    public void Pages_that_offer_mail_which_nobody_sends_are_refused_at_the_start()
    {
        var validation = new SmtpOptions.Validation(Options.Create(new BrandOptions { OffersEmail = true, PublicUrl = "https://status.example.org" }));
        Assert.Contains("Page:OffersEmail needs an Smtp:Host", validation.Validate(Options.DefaultName, new()).FailureMessage);
        Assert.True(validation.Validate(Options.DefaultName, new() { Host = "mail.test", From = "status@example.org" }).Succeeded);
    }

    private Task<Notifier> StartAsync(MailServer server, string tls = "false") => Notifier.StartAsync(postgres.Server, settings: server.Settings(tls));

    [GeneratedRegex("^<(?<url>https://status\\.example\\.org/status/subscriptions/(?<token>[A-Za-z0-9_-]{43}))>$", RegexOptions.ExplicitCapture)]
    private static partial Regex Link();
}
