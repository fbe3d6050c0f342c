using System.Globalization;
using System.Text.Json;

namespace Xerotier.Xeroctl.Commands;

/// <summary>Messages to subscriptions as text.</summary>
internal static class DeliveryView
{
    /// <summary>An empty table of messages.</summary>
    public static Table Table() => new(
        new("ID", Place: 2, IsId: true), new("SEQUENCE", Leaves: 2), new("TYPE"), new("OBJECT", Leaves: 4, IsId: true), new("STATE"), new("ATTEMPTS", Leaves: 1), new("NEXT ATTEMPT", Leaves: 3), new("LAST RESULT", Shrinks: true, Least: 14));

    /// <summary>Adds a message to a table.</summary>
    public static void AddTo(Table table, JsonElement delivery, DateTimeOffset now) => table.Add(
        delivery.Text("id") ?? "",
        delivery.Count("sequence"),
        delivery.Text("event_type") ?? "",
        delivery.Text("object_id") ?? "",
        new(delivery.Text("state") ?? "", StateTone(delivery)),
        delivery.Count("attempts"),
        DetailView.Cell(delivery, "next_attempt_at", now),
        Result(delivery, now, withError: true));

    /// <summary>One message with all its fields; <paramref name="done"/> says what happened to it.</summary>
    public static void Details(Screen screen, string done, JsonElement delivery)
    {
        if (!screen.IsTerminal)
        {
            foreach (var name in (string[])["id", "subscription_id", "event_type", "object_id"])
            {
                screen.Columns(name, delivery.Text(name) ?? "");
            }

            screen.Columns("sequence", delivery.Count("sequence"));
            screen.Columns("state", delivery.Text("state") ?? "");
            screen.Columns("attempts", delivery.Count("attempts"));
            screen.Columns("next_attempt_at", delivery.Text("next_attempt_at") ?? "");
            ResultField(screen, delivery);
            screen.Columns("created_at", delivery.Text("created_at") ?? "");
            return;
        }

        DetailView.Heading(screen, done, delivery);
        DetailView.Field(screen, "to", delivery.Text("subscription_id") ?? "");
        DetailView.Field(screen, "type", delivery.Text("event_type") ?? "");
        DetailView.Field(screen, "object", delivery.Text("object_id") ?? "");
        DetailView.Field(screen, "sequence", delivery.Count("sequence"));
        DetailView.Field(screen, "state", new Piece(delivery.Text("state") ?? "", StateTone(delivery)));
        DetailView.Field(screen, "attempts", delivery.Count("attempts"));
        DetailView.TimeField(screen, "next", delivery, "next_attempt_at");
        ResultField(screen, delivery);
        DetailView.TimeField(screen, "created", delivery, "created_at");
    }

    /// <summary>What came of the last attempt, in a table.</summary>
    /// <param name="json">The message or the subscription.</param>
    /// <param name="now">The present.</param>
    /// <param name="withError">Whether it says what went wrong.</param>
    public static TableCell Result(JsonElement json, DateTimeOffset now, bool withError)
    {
        var result = json.Child("last_result");
        if (result.ValueKind != JsonValueKind.Object)
        {
            return new("—", Exact: "");
        }

        var error = withError && result.Text("error") is { } text ? $": {text}" : "";
        var when = result.Time("at") is { } at ? $", {Times.Relative(at, now)}" : "";
        return new($"{Status(result) ?? Word(result)}{when}{error}", ResultTone(result), Exact: string.Join(' ', ((string?[])[result.Text("at"), Word(result), Status(result)]).OfType<string>()) + error);
    }

    /// <summary>What came of the last attempt, of a message or a subscription.</summary>
    public static void ResultField(Screen screen, JsonElement json)
    {
        var result = json.Child("last_result");
        if (!screen.IsTerminal)
        {
            screen.Columns("last_result.at", result.Text("at") ?? "");
            screen.Columns("last_result.delivered", result.ValueKind != JsonValueKind.Object ? "" : result.IsTrue("delivered") ? "true" : "false");
            screen.Columns("last_result.status_code", Status(result) ?? "");
            screen.Columns("last_result.error", result.Text("error") ?? "");
            return;
        }

        if (result.ValueKind != JsonValueKind.Object)
        {
            DetailView.Field(screen, "last result", "none yet");
            return;
        }

        DetailView.Field(
            screen,
            "last result",
            new Piece(Word(result), ResultTone(result)),
            Status(result) is { } status ? $" with status {status}" : "",
            result.Time("at") is { } at ? $", {Times.Absolute(at)}" : "",
            new Piece(result.Time("at") is { } when ? $" ({Times.Relative(when, screen.Now)})" : "", Tone.Faint));
        if (result.Text("error") is { } error)
        {
            DetailView.Field(screen, "", error);
        }
    }

    private static string Word(JsonElement result) => result.IsTrue("delivered") ? "delivered" : "failed";

    private static string? Status(JsonElement result) => result.Number("status_code")?.ToString("0", CultureInfo.InvariantCulture);

    private static Tone ResultTone(JsonElement result) => result.IsTrue("delivered") ? Tone.Good : Tone.Bad;

    private static Tone StateTone(JsonElement delivery) => delivery.Text("state") switch
    {
        "delivered" => Tone.Good,
        "pending" => Tone.Info,
        "failed" => Tone.Bad,
        _ => Tone.Faint,
    };
}
