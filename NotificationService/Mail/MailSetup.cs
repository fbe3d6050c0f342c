using Microsoft.Extensions.Options;
using Xerotier.NotificationService.Model;
using Xerotier.ServiceDefaults.Site;

namespace Xerotier.NotificationService.Mail;

/// <summary>Registers what sends e-mail.</summary>
internal static class MailSetup
{
    /// <summary>Registers it; the settings are checked at the start.</summary>
    public static void AddMail(this IServiceCollection services)
    {
        services.AddBrand();
        services.AddSingleton<IValidateOptions<SmtpOptions>, SmtpOptions.Validation>();
        services.AddOptions<SmtpOptions>().BindConfiguration("Smtp").ValidateOnStart();
        services.AddSingleton<MailTokens>();
        services.AddSingleton<MailLinks>();
        services.AddSingleton<MailSender>();
    }
}
