using System.Text.Json.Nodes;
using Xerotier.OperatorConsole.Api;
using Xerotier.OperatorConsole.Visits;
using Xerotier.ServiceDefaults;

namespace Xerotier.OperatorConsole.Shared;

/// <summary>How many people a change would be told to, and the question before it is many (console.md, section 23).</summary>
internal static class Notification
{
    /// <summary>The field that answers the question.</summary>
    public const string ConfirmedField = "confirmed";

    /// <summary>Says that an update comes too late.</summary>
    public const string TooLate = "Nobody is told: it was more than an hour ago.";

    /// <summary>More people than this are told only after a second question.</summary>
    private const int ToldWithoutAsking = 100;

    /// <summary>Whether an update of an incident tells nobody, because it was so more than an hour ago (notifications.md, section 20).</summary>
    /// <param name="visit">The request.</param>
    /// <param name="at">When it was so; null: now.</param>
    public static bool ComesLate(Visit visit, DateTimeOffset? at) => visit.Now - at > ToldWithin.AfterUpdate;

    /// <summary>Whether it is told that a scheduled window is moved or cancelled: an occurrence of a series alone only within the week before it starts (notifications.md, section 20).</summary>
    /// <param name="visit">The request.</param>
    /// <param name="window">The window as it is.</param>
    /// <param name="startsAt">When it is to start; null: as it is.</param>
    public static bool IsKnown(Visit visit, MaintenanceWindow window, DateTimeOffset? startsAt = null) =>
        window.SeriesId is null || window.StartsAt <= visit.Now + ToldWithin.BeforeOccurrence || startsAt <= visit.Now + ToldWithin.BeforeOccurrence;

    /// <summary>Who would be told of an event; null: it cannot be said right now.</summary>
    /// <param name="visit">The request.</param>
    /// <param name="happening">The event's type.</param>
    /// <param name="components">The components that it names, by ID or by name; none: as an event that names none.</param>
    public static async Task<SubscriptionAudience?> AudienceAsync(Visit visit, string happening, IEnumerable<string> components)
    {
        try
        {
            return await CountAsync(visit, happening, components, GatewayApi.Briefly);
        }
        catch (ApiException failure) when (failure.Error.Status is 400 or >= 500)
        {
            return null; // what is wrong with the components, the change itself is told
        }
    }

    /// <summary>A page that asks whether so many people are to be told, or so many as cannot be said right now; null: they are few, or it was answered.</summary>
    /// <param name="visit">The request, whose form goes on to the same address.</param>
    /// <param name="form">What was sent; its field <see cref="ConfirmedField"/> answers.</param>
    /// <param name="happening">The event's type.</param>
    /// <param name="components">The components that it names.</param>
    public static async Task<IResult?> MustAskAsync(Visit visit, FormValues form, string happening, IEnumerable<string> components)
    {
        SubscriptionAudience? audience;
        try
        {
            audience = await CountAsync(visit, happening, components);
        }
        catch (ApiException failure) when (failure.Error.Status is 400)
        {
            return null; // the change is refused for the same reason, and says it beside its field
        }
        catch (ApiException failure) when (failure.Error.Status >= 500)
        {
            audience = null;
        }

        var answer = audience is null ? "unknown" : $"{audience.Count}";
        return audience is { Count: <= ToldWithoutAsking } || form[ConfirmedField] == answer ? null
            : visit.Page<AskPage>(new() { [nameof(AskPage.Form)] = form, [nameof(AskPage.Audience)] = audience, [nameof(AskPage.Answer)] = answer });
    }

    /// <summary>In words: “412: 380 by e-mail, 29 by Slack, 3 by webhook”.</summary>
    public static string InWords(SubscriptionAudience audience) => audience.Count == 0 ? "Nobody is subscribed to it."
        : audience.Count is var all && (all == audience.ByChannel.Email || all == audience.ByChannel.Slack || all == audience.ByChannel.Webhook) ? ByChannel(audience)
        : $"{audience.Count}: {ByChannel(audience)}";

    /// <summary>Who is told of what a form says, as a sentence.</summary>
    /// <param name="form">The form, with its field <c>notify</c>.</param>
    /// <param name="audience">Who would be; null: it cannot be said right now.</param>
    /// <param name="comesLate">Whether it comes too late for anybody.</param>
    public static string Told(FormValues form, SubscriptionAudience? audience, bool comesLate) =>
        !form.IsOn("notify") ? "Nobody is told." : comesLate ? TooLate : audience is null ? "How many are told cannot be said right now." : $"Will be told: {InWords(audience)}";

    /// <summary>Who is told of a draft once it is published, as a sentence.</summary>
    /// <param name="isTold">Whether anybody is.</param>
    /// <param name="audience">Who would be; null: it cannot be said right now.</param>
    public static string OfDraft(bool isTold, SubscriptionAudience? audience) => "Nobody is told before it is published. "
        + (!isTold ? "Nor then." : audience is null ? "How many then cannot be said right now." : $"Then: {InWords(audience)}");

    private static string ByChannel(SubscriptionAudience audience) => string.Join(", ", new[] { (audience.ByChannel.Email, "e-mail"), (audience.ByChannel.Slack, "Slack"), (audience.ByChannel.Webhook, "webhook") }.Where(channel => channel.Item1 > 0).Select(channel => $"{channel.Item1} by {channel.Item2}"));

    private static async Task<SubscriptionAudience> CountAsync(Visit visit, string happening, IEnumerable<string> components, TimeSpan? within = null)
    {
        var body = new JsonObject { ["components"] = components.ToJson(), ["event"] = happening };
        return (await visit.Api.SendAsync(HttpMethod.Post, visit.OfProject("management/subscriptions/audience"), body, ContractsJson.Wire.SubscriptionAudience, within: within)).Value;
    }
}
