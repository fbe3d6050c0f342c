using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using MimeKit;
using SmtpServer;
using SmtpServer.ComponentModel;
using SmtpServer.Mail;
using SmtpServer.Protocol;
using SmtpServer.Storage;

namespace Xerotier.NotificationService.Tests;

/// <summary>A real SMTP server, without TLS.</summary>
internal sealed class MailServer : IAsyncDisposable
{
    private readonly CancellationTokenSource ends = new();
    private readonly Task running;

    private MailServer(int port)
    {
        Port = port;
        var services = new ServiceProvider();
        services.Add(new Store(this));
        services.Add((IMailboxFilter)new Filter(this));
        running = new SmtpServer.SmtpServer(
            new SmtpServerOptionsBuilder().ServerName("mail.test").Endpoint(endpoint => endpoint.Endpoint(new IPEndPoint(IPAddress.Loopback, port))).Build(), services).StartAsync(ends.Token);
    }

    public int Port { get; }

    /// <summary>What has arrived, as a parser reads it and as bytes.</summary>
    public ConcurrentQueue<(string To, MimeMessage Message, string Session, byte[] Bytes)> Messages { get; } = [];

    /// <summary>The settings of a service that sends by it.</summary>
    public KeyValuePair<string, string?>[] Settings(string tls = "false") =>
    [
        new("Smtp:Host", "127.0.0.1"), new("Smtp:Port", $"{Port}"), new("Smtp:From", "status@mail.example"), new("Smtp:Tls", tls),
        new("Page:PublicUrl", "https://status.example.org"),
    ];

    /// <summary>The messages to an address, once there are so many.</summary>
    public async Task<List<MimeMessage>> ToAsync(string address, int count)
    {
        await TestKit.Eventually.TrueAsync(() => To(address).Count >= count, $"{count} messages to {address}");
        return To(address);
    }

    /// <summary>The messages to an address.</summary>
    public List<MimeMessage> To(string address) => [.. Messages.Where(message => message.To == address).Select(message => message.Message)];

    /// <summary>What the server says to a recipient.</summary>
    public Func<string, SmtpResponse> Recipient { get; set; } = _ => SmtpResponse.Ok;

    /// <summary>What the server says to a message.</summary>
    public Func<SmtpResponse> Data { get; set; } = () => SmtpResponse.Ok;

    public static MailServer Start() => new(TestKit.TestPorts.Free());

    public async ValueTask DisposeAsync()
    {
        await ends.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        ends.Dispose();
    }

    private sealed class Store(MailServer server) : MessageStore
    {
        public override async Task<SmtpResponse> SaveAsync(ISessionContext context, IMessageTransaction transaction, ReadOnlySequence<byte> buffer, CancellationToken cancellationToken)
        {
            var said = server.Data();
            if (said.ReplyCode == SmtpReplyCode.Ok)
            {
                using var bytes = new MemoryStream(buffer.ToArray());
                server.Messages.Enqueue((transaction.To[0].AsAddress(), await MimeMessage.LoadAsync(bytes, cancellationToken), context.SessionId.ToString(), bytes.ToArray()));
            }

            return said;
        }
    }

    private sealed class Filter(MailServer server) : MailboxFilter
    {
        public override Task<bool> CanDeliverToAsync(ISessionContext context, IMailbox to, IMailbox from, CancellationToken cancellationToken)
        {
            var said = server.Recipient(to.AsAddress());
            return said.ReplyCode == SmtpReplyCode.Ok ? Task.FromResult(true) : throw new SmtpResponseException(said);
        }
    }
}
