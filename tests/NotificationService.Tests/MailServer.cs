using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using MimeKit;
using SmtpServer;
using SmtpServer.Authentication;
using SmtpServer.ComponentModel;
using SmtpServer.Mail;
using SmtpServer.Protocol;
using SmtpServer.Storage;

namespace Xerotier.NotificationService.Tests;

/// <summary>A real SMTP server: without TLS, or for one user alone, who can sign in only over TLS.</summary>
internal sealed class MailServer : IAsyncDisposable
{
    /// <summary>The port at which TLS begins with the connection; at others by STARTTLS.</summary>
    public const int TlsFromTheStart = 465;

    /// <summary>Its user.</summary>
    public const string User = "status";

    private readonly CancellationTokenSource ends = new();
    private readonly IPEndPoint endpoint;
    private readonly Task running;

    private MailServer(IPEndPoint endpoint, X509Certificate2? certificate)
    {
        this.endpoint = endpoint;
        var services = new ServiceProvider();
        services.Add(new Store(this));
        services.Add((IMailboxFilter)new Filter(this));
        services.Add((IUserAuthenticator)new DelegatingUserAuthenticator((user, password) =>
        {
            Passwords.Enqueue(password);
            return (user, password) == (User, Password);
        }));
        running = new SmtpServer.SmtpServer(
            new SmtpServerOptionsBuilder().ServerName("mail.test").Endpoint(listens =>
            {
                listens.Endpoint(endpoint);
                if (certificate is not null)
                {
                    listens.Certificate(certificate).AuthenticationRequired().IsSecure(endpoint.Port == TlsFromTheStart);
                }
            }).Build(),
            services).StartAsync(ends.Token);
    }

    /// <summary>What has arrived, as a parser reads it and as bytes.</summary>
    public ConcurrentQueue<(string To, MimeMessage Message, string Session, byte[] Bytes)> Messages { get; } = [];

    /// <summary>Every password that somebody showed.</summary>
    public ConcurrentQueue<string> Passwords { get; } = [];

    /// <summary>With what its user signs in.</summary>
    public string Password { get; set; } = "Quite secret: 7!";

    /// <summary>The settings of a service that sends by it.</summary>
    public KeyValuePair<string, string?>[] Settings(string tls = "false") => [.. Common, new("Smtp:Tls", tls)];

    /// <summary>Those of a service that signs in, over TLS as by default.</summary>
    public KeyValuePair<string, string?>[] SettingsOfUser() => [.. Common, new("Smtp:User", User), new("Smtp:Password", Password)];

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

    public static MailServer Start() => new(Free(), null);

    /// <summary>Starts one that has TLS.</summary>
    public static MailServer Start(X509Certificate2 certificate, IPEndPoint? endpoint = null) => new(endpoint ?? Free(), certificate);

    public async ValueTask DisposeAsync()
    {
        await ends.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        ends.Dispose();
    }

    private KeyValuePair<string, string?>[] Common =>
    [
        new("Smtp:Host", $"{endpoint.Address}"), new("Smtp:Port", $"{endpoint.Port}"), new("Smtp:From", "status@mail.example"), new("Page:PublicUrl", "https://status.example.org"),
    ];

    private static IPEndPoint Free() => new(IPAddress.Loopback, TestKit.TestPorts.Free());

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
