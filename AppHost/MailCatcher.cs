using System.Globalization;

namespace Xerotier.AppHost;

/// <summary>
/// A mail server for this machine (smtp4dev) that keeps what it gets in memory, shows it on a page, and sends nothing on. <c>./run</c>
/// installs it and names it in <c>XEROTIER_MAIL_CATCHER</c>; there is none where an <c>Smtp__Host</c> is given.
/// </summary>
internal static class MailCatcher
{
    /// <summary>The resource's name.</summary>
    public const string Name = "mailcatcher";

    private const string Address = "127.0.0.1";

    /// <summary>Adds the mail catcher, if there is one: from now on the cluster has an <c>Smtp:Host</c>.</summary>
    /// <returns>Its SMTP port.</returns>
    public static int? AddMailCatcher(this IDistributedApplicationBuilder builder, ClusterSettings cluster)
    {
        var configuration = builder.Configuration;
        if (!builder.ExecutionContext.IsRunMode || configuration["XEROTIER_MAIL_CATCHER"] is not { Length: > 0 } program || configuration["Smtp:Host"] is { Length: > 0 })
        {
            return null;
        }

        configuration["Smtp:Host"] = Address;
        var data = Directory.CreateDirectory(Path.Combine(cluster.DataFolder, "mail")).FullName;
        var (page, smtp) = (PrivateServers.FreePort(), PrivateServers.FreePort());
        builder.AddExecutable(
                Name, program, data,
                $"--urls=http://{Address}:{page}", string.Create(CultureInfo.InvariantCulture, $"--smtpport={smtp}"), "--imapport=", "--pop3port=", "--disableipv6", "--allowremoteconnections-",
                "--db=", $"--baseappdatapath={data}", "--nousersettings", "--locksettings")
            .WithEndpoint(page, page, "http", "http", isProxied: false)
            .WithEndpoint(smtp, smtp, "smtp", "smtp", isProxied: false)
            .WithReadiness("/");
        return smtp;
    }

    /// <summary>Lets the NotificationService send by the mail catcher.</summary>
    public static IResourceBuilder<ProjectResource> WithMailCatcher(this IResourceBuilder<ProjectResource> service, int? port) =>
        port is null ? service : service
            .WithEnvironment("Smtp__Host", Address)
            .WithEnvironment("Smtp__Port", port.Value.ToString(CultureInfo.InvariantCulture))
            .WithEnvironment("Smtp__Tls", "false")
            .WithEnvironment("Smtp__From", "status@example.com");

    /// <summary>Where its page is; null: there is none.</summary>
    public static string? PageOf(DistributedApplicationModel model) =>
        model.Resources.OfType<ExecutableResource>().SingleOrDefault(resource => resource.Name == Name) is { } catcher
            ? $"http://localhost:{catcher.Annotations.OfType<EndpointAnnotation>().Single(endpoint => endpoint.Name == "http").Port}"
            : null;
}
