using Grpc.Core;
using Microsoft.Extensions.Options;
using Xerotier.NotificationService.Model;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.NotificationService.Subscriptions;

/// <summary>Reads what clients send of a subscription, and reports everything that is wrong at once.</summary>
internal sealed class SubscriptionInput(KnownComponents components, IOptions<NotificationsOptions> options, IOptions<SmtpOptions> smtp)
{
    private const int MostComponents = 50;
    private const int MostEvents = 50;
    private const int LongestName = 100;
    private const string IdPrefix = "cmp_";

    private static readonly HashSet<string> ReadOnly =
        [.. ContractsJson.Wire.Subscription.Properties.Select(p => p.Name).Except(ContractsJson.Wire.SubscriptionCreate.Properties.Select(p => p.Name))];

    /// <summary>The fields of a new subscription: what is required is there, and what is absent has its default.</summary>
    /// <exception cref="ApiException">400 with every invalid field. 503: nobody knows whether the components exist.</exception>
    public async Task<SubscriptionCreate> ForCreateAsync(byte[] body, CancellationToken cancellation)
    {
        var json = JsonFields.Parse(body);
        var channel = json.OneOf("channel", WireNames.ChannelOf, "webhook, slack or email");
        if (channel is { } chosen && ChannelError(chosen) is { } error)
        {
            json.Error("channel", error);
        }

        var fields = new SubscriptionCreate
        {
            Channel = channel ?? default,
            Target = Target(json, channel) ?? "",
            Components = await ComponentsAsync(json, cancellation) ?? [],
            Events = Events(json) ?? EventTypes.Default,
        };
        json.Require("channel", "target");
        Finish(json);
        return fields;
    }

    /// <summary>The fields that a PATCH of a subscription of <paramref name="channel"/> names.</summary>
    /// <exception cref="ApiException">400 with every invalid field. 503: nobody knows whether the components exist.</exception>
    public async Task<SubscriptionUpdate> ForUpdateAsync(byte[] body, SubscriptionChannel channel, CancellationToken cancellation)
    {
        var json = JsonFields.Parse(body, refusesNull: true);
        var fields = new SubscriptionUpdate
        {
            Target = Target(json, channel),
            Components = await ComponentsAsync(json, cancellation),
            Events = Events(json),
            State = json.OneOf("state", word => WireNames.SubscriptionStateOf(word) is { } state && state != SubscriptionState.Unconfirmed ? state : (SubscriptionState?)null, "active or disabled"),
        };
        Finish(json);
        return fields;
    }

    /// <summary>The event whose audience somebody asks for, with its components by ID: those of an incident are given so, those of a window also by the names of its affected services.</summary>
    /// <exception cref="ApiException">400 with every invalid field. 503: nobody knows whether the components exist.</exception>
    public async Task<(string Type, IReadOnlyList<string> Components)> ForAudienceAsync(byte[] body, CancellationToken cancellation)
    {
        var json = JsonFields.Parse(body);
        var type = json.Text("event", 1, LongestName);
        if (type is not null && !EventTypes.All.Contains(type))
        {
            UnknownEvent(json, "event", type);
        }

        var about = await ComponentsAsync(json, cancellation, takesNames: type is not null && EventTypes.IsOfMaintenance(type)) ?? [];
        json.Require("event");
        json.ThrowIfInvalid();
        return (type!, about);
    }

    /// <summary>Why nobody can subscribe by <paramref name="channel"/>; null: one can.</summary>
    private string? ChannelError(SubscriptionChannel channel) => channel == SubscriptionChannel.Email && !smtp.Value.IsConfigured ? "E-mail is not configured." : null;

    private string? Target(JsonFields json, SubscriptionChannel? channel)
    {
        var target = json.Text("target", 1, Targets.Longest);
        if (target is not null && channel == SubscriptionChannel.Email)
        {
            var address = MailAddress.Normalise(target);
            if (address is null)
            {
                json.Invalid("target", $"must be an e-mail address of at most {MailAddress.Longest} bytes.");
            }

            return address;
        }

        if (target is not null && Targets.Error(target, options.Value.AllowPrivateTargets) is { } fault)
        {
            json.Invalid("target", fault);
        }

        return target;
    }

    private static IReadOnlyList<string>? Events(JsonFields json)
    {
        var events = json.Texts("events", MostEvents, 1, LongestName);
        if (events is [])
        {
            json.Invalid("events", "must have at least one item.");
        }

        foreach (var unknown in events?.Except(EventTypes.All) ?? [])
        {
            UnknownEvent(json, "events", unknown);
        }

        return events;
    }

    private static void UnknownEvent(JsonFields json, string name, string type) =>
        json.Error(name, $"There is no event type '{JsonFields.Shorten(type)}'; there are {string.Join(", ", EventTypes.All)}.");

    private async Task<IReadOnlyList<string>?> ComponentsAsync(JsonFields json, CancellationToken cancellation, bool takesNames = false)
    {
        var given = json.Texts("components", MostComponents, 1, LongestName);
        if (given is null or [])
        {
            return given;
        }

        var ids = takesNames ? [.. given.Where(id => id.StartsWith(IdPrefix, StringComparison.Ordinal))] : given;
        try
        {
            var known = await components.ListAsync(cancellation);
            if (ids.Except(known.Select(component => component.Id)).Any())
            {
                known = await components.ReadAsync(cancellation); // it may be new
            }

            foreach (var id in ids)
            {
                if (known.FirstOrDefault(component => component.Id == id) is not { } component)
                {
                    json.Error("components", $"There is no component '{JsonFields.Shorten(id)}'.");
                }
                else if (component.ArchivedAt is not null)
                {
                    json.Error("components", $"The component '{id}' is archived.");
                }
            }

            return [.. ids, .. await components.NamedAsync([.. given.Except(ids)], cancellation)];
        }
        catch (RpcException failure) when (failure.StatusCode == StatusCode.DeadlineExceeded)
        {
            throw new ApiException(ApiErrors.ServiceUnavailable); // as when nobody responds at all: nothing has been done
        }
    }

    private static void Finish(JsonFields json) => json.ThrowIfInvalid(name =>
        name == "channel" ? "'channel' cannot be changed."
        : ReadOnly.Contains(name) ? $"'{name}' is set by the service and cannot be sent."
        : $"'{name}' is not a field of a subscription.");
}
