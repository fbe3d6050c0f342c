using Microsoft.Extensions.Options;
using MimeKit;
using Xerotier.ServiceDefaults.Site;

namespace Xerotier.NotificationService.Model;

/// <summary>Section <c>Smtp</c>: the server that takes e-mail. Without a host there is none.</summary>
internal sealed class SmtpOptions
{
    /// <summary>The server's name or address.</summary>
    public string? Host { get; set; }

    /// <summary>Its port, 1 to 65,535; at 465 TLS begins with the connection.</summary>
    public int Port { get; set; } = 587;

    /// <summary>Who signs in; empty: nobody does.</summary>
    public string? User { get; set; }

    /// <summary>With what.</summary>
    public string? Password { get; set; }

    /// <summary>Whom messages are from: an address, with or without a name.</summary>
    public string? From { get; set; }

    /// <summary>Whether nothing is sent without TLS. Off is for tests and inside networks.</summary>
    public bool Tls { get; set; } = true;

    /// <summary>Whether e-mail can be sent.</summary>
    public bool IsConfigured => !string.IsNullOrEmpty(Host);

    /// <summary>Says at the start what is wrong with the settings.</summary>
    internal sealed class Validation(IOptions<BrandOptions> page) : IValidateOptions<SmtpOptions>
    {
        /// <inheritdoc/>
        public ValidateOptionsResult Validate(string? name, SmtpOptions options)
        {
            if (!options.IsConfigured)
            {
                return page.Value.OffersEmail ? ValidateOptionsResult.Fail("Page:OffersEmail needs an Smtp:Host: the pages would offer what nobody sends.") : ValidateOptionsResult.Success;
            }

            var wrong = new List<string>();
            if (options.Port is < 1 or > 65_535)
            {
                wrong.Add("Smtp:Port must be a number from 1 to 65535.");
            }

            if (!MailboxAddress.TryParse(options.From, out var from) || from.Domain.Length == 0)
            {
                wrong.Add("Smtp:From must be an e-mail address, for there is an Smtp:Host.");
            }

            if (string.IsNullOrEmpty(options.User) != string.IsNullOrEmpty(options.Password))
            {
                wrong.Add("Smtp:User and Smtp:Password belong together.");
            }

            if (string.IsNullOrEmpty(page.Value.PublicUrl))
            {
                wrong.Add("Smtp:Host needs Page:PublicUrl, where the links of e-mail lead.");
            }

            return wrong.Count > 0 ? ValidateOptionsResult.Fail(wrong) : ValidateOptionsResult.Success;
        }
    }
}
