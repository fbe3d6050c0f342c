using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using Xerotier.NotificationService.Mail;
using Xerotier.NotificationService.Model;
using Xerotier.NotificationService.Subscriptions;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;
using Xerotier.ServiceDefaults.Site;

namespace Xerotier.NotificationService.Pages;

/// <summary>Where people subscribe, confirm, choose and unsubscribe. A GET changes nothing: mail scanners follow links.</summary>
internal static class SubscriberEndpoints
{
    /// <summary>The header in which the Gateway names the client.</summary>
    public const string ClientHeader = "Xerotier-Client";

    /// <summary>Mails an hour that one client can cause.</summary>
    private const int MostOfClient = 10;

    public static void AddSubscriberPages(this IServiceCollection services)
    {
        services.AddSingleton<SubscriberPages>();
        services.AddSingleton<ChosenComponents>();
        services.AddHostedSingleton<SubscribeRequests>();
    }

    public static void MapSubscriberPages(this IEndpointRouteBuilder routes)
    {
        var pages = routes.MapGroup("/status").RequireAuthorization(Policies.Public).WithMetadata(new ForPeople());
        pages.MapMethods("subscribe", Requests.Read, ShowFormAsync);
        pages.MapPost("subscribe", SubscribeAsync);
        pages.MapMethods("subscriptions/{token}", Requests.Read, ShowAsync);
        pages.MapPost("subscriptions/{token}", ChangeAsync);
        pages.Refuse("subscribe", "GET, HEAD, POST");
        pages.Refuse("subscriptions/{token}", "GET, HEAD, POST");
    }

    private static async Task<IResult> ShowFormAsync(HttpContext http, SubscriberPages pages, ChosenComponents components, IOptions<SmtpOptions> smtp) =>
        smtp.Value.IsConfigured ? pages.Form(await components.OfferedAsync(http.RequestAborted)) : pages.NoMail();

    private static async Task<IResult> SubscribeAsync(
        HttpContext http, SubscriberPages pages, ChosenComponents components, SubscribeRequests requests, IOptions<SmtpOptions> smtp)
    {
        var form = await FormBody.ReadAsync(http.Request, multipart: false);
        if (!smtp.Value.IsConfigured)
        {
            return pages.NoMail();
        }

        var sent = form.GetValueOrDefault("components");
        var chosen = ChosenComponents.Of(sent, sent.Count > 0 ? await components.OfferedAsync(http.RequestAborted) : []);
        if (MailAddress.Normalise(form.GetValueOrDefault("email").ToString()) is { } address) // what is none is answered alike
        {
            requests.Add(new(SubscriptionStore.OfPage, address, chosen, EventTypes.Default, "page", $"client {ClientOf(http.Request.Headers[ClientHeader])}", MostOfClient));
        }

        return pages.Taken();
    }

    private static async Task<IResult> ShowAsync(HttpContext http, string token, SubscriberPages pages, ChosenComponents components, MailLinks links) =>
        await links.FindAsync(token, http.RequestAborted) is { } link ? pages.Subscription(link, await components.OfferedAsync(http.RequestAborted)) : Unknown(http, pages);

    private static async Task<IResult> ChangeAsync(HttpContext http, string token, SubscriberPages pages, ChosenComponents components, MailLinks links)
    {
        var form = await FormBody.ReadAsync(http.Request, multipart: true);
        if (await links.FindAsync(token, http.RequestAborted) is not { } link)
        {
            return Unknown(http, pages);
        }

        var offered = await components.OfferedAsync(http.RequestAborted);
        string done;
        switch (form.GetValueOrDefault("List-Unsubscribe") == "One-Click" ? "unsubscribe" : form.GetValueOrDefault("action").ToString())
        {
            case "unsubscribe":
                await links.UnsubscribeAsync(token, http.RequestAborted);
                return pages.Unsubscribed(link.Subscription.Address);
            case "confirm" when link.Confirms:
                await links.ConfirmAsync(token, http.RequestAborted);
                done = "You are subscribed.";
                break;
            case "update":
                await links.ChooseAsync(token, ChosenComponents.Of(form.GetValueOrDefault("components"), offered), http.RequestAborted);
                done = "Your choice is saved.";
                break;
            default:
                throw new ApiException(ApiErrors.Invalid("'action' must be confirm, update or unsubscribe.", "action"));
        }

        return await links.FindAsync(token, http.RequestAborted) is { } changed
            ? pages.Subscription(changed, offered, changed.Subscription.State == SubscriptionState.Disabled ? null : done)
            : Unknown(http, pages);
    }

    private static IResult Unknown(HttpContext http, SubscriberPages pages) =>
        ErrorPages.IsPreferred(http.Request) ? pages.Unknown() : throw new ApiException(ApiErrors.NotFound("The link is not valid."));

    /// <summary>Whom a client's mails are counted for: of IPv6 a network of 64 bits, which is one customer's.</summary>
    private static string ClientOf(StringValues header)
    {
        if (!IPAddress.TryParse(header, out var address))
        {
            return "unknown";
        }

        address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return address.AddressFamily == AddressFamily.InterNetworkV6 ? new IPAddress([.. address.GetAddressBytes()[..8], .. new byte[8]]).ToString() : address.ToString();
    }
}
