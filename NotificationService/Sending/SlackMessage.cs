using System.Buffers;
using System.Text.Json;
using Xerotier.NotificationService.Messages;

namespace Xerotier.NotificationService.Sending;

/// <summary>The body of a message to one of Slack's incoming webhooks (notifications.md section 21).</summary>
internal static class SlackMessage
{
    /// <summary>The characters of a payload are fewer.</summary>
    public const int LongestPayload = 10_000;

    // Characters of escaped text. JSON may make two of each, the headline is in the payload twice, and what stands around it all is below 500.
    private const int Headline = 600;
    private const int Body = 2_800; // a section has up to 3,000
    private const int Details = 700;

    /// <summary>Makes the payload.</summary>
    /// <param name="type">The event's type.</param>
    /// <param name="data">The event's object.</param>
    /// <param name="now">When it is sent: a reminder says how long it is until the start.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such type.</exception>
    public static byte[] Create(string type, JsonElement data, DateTimeOffset now) => Write(MessageContent.Of(type, data, now));

    private static byte[] Write(MessageContent content)
    {
        var headline = SlackText.EscapeLine(content.Headline, Headline);
        var body = content.IsMarkdown ? SlackMarkdown.Render(content.Body, Body) : SlackText.Escape(content.Body, Body);
        var details = SlackText.EscapeLine(string.Join(" · ", content.Details.Where(detail => detail.Length > 0)), Details);
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteText("text", headline);
            json.WriteStartArray("blocks");
            WriteSection(json, $"*{headline}*");
            if (body.Length > 0) // Slack refuses an empty one
            {
                WriteSection(json, body);
            }

            json.WriteStartObject();
            json.WriteString("type", "context");
            json.WriteStartArray("elements");
            WriteText(json, details);
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteSection(Utf8JsonWriter json, string text)
    {
        json.WriteStartObject();
        json.WriteString("type", "section");
        json.WritePropertyName("text");
        WriteText(json, text);
        json.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter json, string text)
    {
        json.WriteStartObject();
        json.WriteString("type", "mrkdwn");
        json.WriteText("text", text);
        json.WriteBoolean("verbatim", true); // “@here” of a text calls nobody
        json.WriteEndObject();
    }
}
