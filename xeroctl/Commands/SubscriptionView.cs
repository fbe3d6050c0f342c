using System.Text.Json;

namespace Xerotier.Xeroctl.Commands;

/// <summary>Subscriptions as text.</summary>
internal static class SubscriptionView
{
    /// <summary>An empty table of subscriptions.</summary>
    public static Table Table() => new(
        new("ID", Place: 2, IsId: true), new("CHANNEL", Leaves: 4), new("TARGET", Shrinks: true, Least: 23, Place: -1), new("STATE"), new("EVENTS", Leaves: 1), new("DELIVERED", Leaves: 2), new("FAILED", Leaves: 3), new("LAST RESULT", Leaves: 5));

    /// <summary>Adds a subscription to a table.</summary>
    public static void AddTo(Table table, JsonElement subscription, DateTimeOffset now) => table.Add(
        subscription.Text("id") ?? "",
        subscription.Text("channel") ?? "",
        subscription.Text("target") ?? "",
        new(subscription.Text("state") ?? "", StateTone(subscription)),
        new(HasDefaultEvents(subscription) ? "default" : $"{subscription.Items("events").Count()}", Exact: subscription.Texts("events")),
        subscription.Count("delivered_count"),
        subscription.Count("failed_count"),
        DeliveryView.Result(subscription, now, withError: false));

    /// <summary>One subscription with all its fields; <paramref name="done"/> says what happened to it.</summary>
    public static void Details(Screen screen, string? done, JsonElement subscription) =>
        Details(screen, done, subscription, ": the owner of the address has not confirmed it yet");

    /// <summary>A new subscription with the secret that nothing else shows, if its channel has one.</summary>
    public static void Created(Screen screen, JsonElement subscription)
    {
        Details(screen, "Created", subscription, $": a mail was sent to {subscription.Text("target")}");
        Secret(screen, subscription);
    }

    private static void Details(Screen screen, string? done, JsonElement subscription, string unconfirmed)
    {
        if (!screen.IsTerminal)
        {
            foreach (var name in (string[])["id", "channel", "target", "state", "disabled_reason"])
            {
                screen.Columns(name, subscription.Text(name) ?? "");
            }

            screen.Columns("components", subscription.Texts("components"));
            screen.Columns("events", subscription.Texts("events"));
            screen.Columns("delivered_count", subscription.Count("delivered_count"));
            screen.Columns("failed_count", subscription.Count("failed_count"));
            DeliveryView.ResultField(screen, subscription);
            foreach (var name in (string[])["previous_secret_until", "created_by", "created_at", "updated_at"])
            {
                screen.Columns(name, subscription.Text(name) ?? "");
            }

            return;
        }

        DetailView.Heading(screen, done, subscription);
        var state = subscription.Text("state") ?? "";
        DetailView.Field(screen, "channel", subscription.Text("channel") ?? "");
        DetailView.Field(screen, "target", subscription.Text("target") ?? "");
        DetailView.Field(screen, "state", new Piece(state, StateTone(subscription)), state == "unconfirmed" ? unconfirmed : "");
        if (subscription.Text("disabled_reason") is { } reason)
        {
            DetailView.Field(screen, "reason", reason);
        }

        DetailView.Field(screen, "components", subscription.Texts("components") is { Length: > 0 } components ? components : "all");
        DetailView.Field(screen, "events", HasDefaultEvents(subscription) ? "all of incidents and maintenance" : subscription.Texts("events"));
        DetailView.Field(screen, "delivered", subscription.Count("delivered_count"));
        DetailView.Field(screen, "failed", subscription.Count("failed_count"));
        DeliveryView.ResultField(screen, subscription);
        DetailView.TimeField(screen, "old secret", subscription, "previous_secret_until", "signs too until ");
        DetailView.Field(screen, "created by", $"{subscription.Text("created_by")}{(subscription.Time("created_at") is { } created ? $", {Times.Relative(created, screen.Now)}" : "")}");
        DetailView.TimeField(screen, "updated", subscription, "updated_at");
    }

    /// <summary>One subscription with the secret that nothing else shows, if its channel has one.</summary>
    public static void WithSecret(Screen screen, string done, JsonElement subscription)
    {
        Details(screen, done, subscription);
        Secret(screen, subscription);
    }

    private static void Secret(Screen screen, JsonElement subscription)
    {
        var secret = subscription.Text("secret");
        if (!screen.IsTerminal)
        {
            screen.Columns("secret", secret ?? "");
        }
        else if (secret is not null)
        {
            DetailView.Secret(screen, secret);
        }
    }

    /// <summary>How good it is what <c>state</c> says, of a subscription or of a subscriber of the page.</summary>
    public static Tone StateTone(JsonElement subscription) => subscription.Text("state") switch
    {
        "active" => Tone.Good,
        "unconfirmed" => Tone.Warning,
        "disabled" when subscription.Text("disabled_reason") is not null => Tone.Bad,
        _ => Tone.Faint,
    };

    private static bool HasDefaultEvents(JsonElement subscription) =>
        subscription.Texts("events").Split(", ").ToHashSet(StringComparer.Ordinal).SetEquals(SubscriptionOptions.DefaultEvents);
}
