using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using Microsoft.Extensions.Options;
using MimeKit;
using Xerotier.NotificationService.Messages;
using Xerotier.NotificationService.Model;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Site;

namespace Xerotier.NotificationService.Mail;

/// <summary>Gives messages to the mail server (section <c>Smtp</c>), over connections that it keeps, one for each who sends at once. It retries nothing.</summary>
internal sealed partial class MailSender(IOptions<SmtpOptions> options, Brand brand, MailTokens tokens, [FromKeyedServices(DatabaseTime.Key)] TimeProvider time) : IDisposable
{
    private const int TlsFromTheStart = 465;

    /// <summary>How long an attempt may take: so short that a message that waits for another is still held.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);

    private readonly ConcurrentBag<SmtpClient> idle = [];

    /// <summary>Sends a message.</summary>
    /// <param name="letter">What it says to whom.</param>
    /// <param name="stopping">Ends the attempt.</param>
    /// <exception cref="OperationCanceledException"><paramref name="stopping"/> ended it.</exception>
    public async Task<SendResult> SendAsync(Letter letter, CancellationToken stopping)
    {
        if (!options.Value.IsConfigured)
        {
            return new(SendOutcome.FailedForNow, null, "No e-mail is sent: the service has no mail server (Smtp__Host)."); // it had one when somebody subscribed, and may have it again
        }

        if (!MailboxAddress.TryParse(letter.To, out var to))
        {
            return new(SendOutcome.FailedForGood, null, "The target is no e-mail address.");
        }

        var token = letter.Confirms ? await tokens.ToConfirmAsync(letter.SubscriptionId, letter.Id, stopping) : await tokens.ToManageAsync(letter.SubscriptionId, stopping);
        if (token is null)
        {
            return new(SendOutcome.FailedForGood, null, "The subscription was deleted.");
        }

        using var message = MailMessage.Create(letter, to, MailboxAddress.Parse(options.Value.From!), brand, token, time.GetUtcNow());
        using var late = new CancellationTokenSource(Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, stopping);
        try
        {
            return await SendAsync(message, either.Token);
        }
        catch (Exception failure) when (!stopping.IsCancellationRequested && (late.IsCancellationRequested || ReasonOf(failure) is not null))
        {
            return new(SendOutcome.FailedForNow, null, late.IsCancellationRequested ? $"The mail server did not take it within {Timeout.TotalSeconds:0} s." : ReasonOf(failure));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var client in idle)
        {
            client.Dispose();
        }
    }

    private async Task<SendResult> SendAsync(MimeMessage message, CancellationToken cancellation)
    {
        var client = await ConnectionAsync(cancellation);
        try
        {
            await client.SendAsync(message, cancellation);
            Keep(client);
            return new(SendOutcome.Delivered, (int)SmtpStatusCode.Ok, null);
        }
        catch (SmtpCommandException refusal)
        {
            Keep(client); // it has been reset
            var status = (int)refusal.StatusCode;
            return new(OutcomeOf(refusal), status, string.Create(CultureInfo.InvariantCulture, $"The mail server answered {status}."));
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>A connection that was kept and still is one, or a new one.</summary>
    private async Task<SmtpClient> ConnectionAsync(CancellationToken cancellation)
    {
        while (idle.TryTake(out var kept))
        {
            try
            {
                await kept.NoOpAsync(cancellation);
                return kept;
            }
            catch (Exception failure)
            {
                kept.Dispose();
                if (ReasonOf(failure) is null)
                {
                    throw;
                }
            }
        }

        var settings = options.Value;
        var client = new SmtpClient { CheckCertificateRevocation = false }; // as the other connections of the services: what a certificate names is not fetched
        try
        {
            var security = !settings.Tls ? SecureSocketOptions.None : settings.Port == TlsFromTheStart ? SecureSocketOptions.SslOnConnect : SecureSocketOptions.StartTls;
            await client.ConnectAsync(settings.Host!, settings.Port, security, cancellation);
            if (!string.IsNullOrEmpty(settings.User))
            {
                await client.AuthenticateAsync(settings.User, settings.Password!, cancellation);
            }

            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    private void Keep(SmtpClient client)
    {
        if (client.IsConnected)
        {
            idle.Add(client);
        }
        else
        {
            client.Dispose();
        }
    }

    /// <summary>
    /// Only what is said of the address itself disables: with a detailed status that of the address or its mailbox, else the codes that mean no
    /// other thing, unless the words are of something else. What is said of the sender is for the operator to mend, and is tried again, also where
    /// a server says it only when it hears the address; a policy, such as against relaying, senders on a list or a text, refuses this message for
    /// good and is no fault of the address.
    /// </summary>
    private static SendOutcome OutcomeOf(SmtpCommandException refusal)
    {
        if ((int)refusal.StatusCode < 500 || refusal.ErrorCode is SmtpErrorCode.SenderNotAccepted or SmtpErrorCode.UnexpectedStatusCode)
        {
            return SendOutcome.FailedForNow;
        }

        if (refusal.ErrorCode is not SmtpErrorCode.RecipientNotAccepted)
        {
            return SendOutcome.FailedForGood;
        }

        var words = refusal.Mailbox is { } named ? refusal.Message.Replace(named.Address, "", StringComparison.OrdinalIgnoreCase) : refusal.Message; // whose own name may be one of those that are looked for
        var detail = DetailedStatus.Match(words);
        if (detail.Value is "5.1.7" or "5.1.8" || words.Contains("sender", StringComparison.OrdinalIgnoreCase))
        {
            return SendOutcome.FailedForNow;
        }

        var ofAddress = detail.Success
            ? detail.Groups["subject"].Value is "1" or "2" && detail.Value is not "5.2.3" // longer than the mailbox takes
            : (int)refusal.StatusCode is 550 or 551 or 553 && !OfSomethingElse.IsMatch(words);
        return ofAddress ? SendOutcome.Disable : SendOutcome.FailedForGood;
    }

    /// <summary>What went wrong with the connection, without a name or address; null: it was something else.</summary>
    private static string? ReasonOf(Exception failure) => failure switch
    {
        AuthenticationException => "The mail server did not accept the user.",
        SslHandshakeException => "TLS with the mail server failed.",
        NotSupportedException => "The mail server does not offer what the settings ask for.",
        SocketException => "There was no connection to the mail server.",
        CommandException => "The mail server refused the connection.",
        IOException or ProtocolException or ServiceNotConnectedException => "The connection to the mail server ended.",
        _ => null,
    };

    [GeneratedRegex(@"\b5\.(?<subject>\d{1,3})\.\d{1,3}\b", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex DetailedStatus { get; }

    [GeneratedRegex("relay|policy|block|black|listed|spam|reputation|client host", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex OfSomethingElse { get; }
}
