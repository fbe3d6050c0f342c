using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace Xerotier.NotificationService.Sending;

/// <summary>
/// The bodies of an event's messages to webhooks (notifications.md section 21): <c>{"type","timestamp","data"}</c>. They differ in their
/// number alone, and ten thousand may be told: all else is made once, and all of them share it.
/// </summary>
internal sealed class WebhookMessage
{
    /// <summary>The most bytes of a body.</summary>
    public const int LargestBody = 64 * 1024;

    /// <summary>The most digits of a number, and how many more they are than the one that holds its place.</summary>
    private const int LongestSequence = 19;
    private const int MoreDigits = LongestSequence - 1;

    private const string Updates = "updates";

    private static readonly UtcTimeConverter Times = new();

    private readonly ReadOnlyMemory<byte> beforeSequence;
    private readonly ReadOnlyMemory<byte> afterSequence;

    /// <summary>
    /// Makes what the bodies have in common. Of an incident that is too large, the newest updates that fit are in it, in their order, with
    /// <c>updates_truncated</c>; everything else is small enough by the limits of its fields.
    /// </summary>
    /// <param name="type">The event's type.</param>
    /// <param name="timestamp">When it happened.</param>
    /// <param name="data">The object as the API shows it.</param>
    /// <param name="ofOtherProject">Whether the object is of another project than the subscription: its readers see no more of it than the page shows, neither authors nor project.</param>
    public WebhookMessage(string type, DateTimeOffset timestamp, JsonElement data, bool ofOtherProject)
    {
        var at = 0;
        var whole = Write(null);
        if (whole.Length > LargestBody - MoreDigits && data.TryGetProperty(Updates, out var updates))
        {
            whole = Write(NewestOf(updates, LargestBody - MoreDigits - Write([]).Length, ofOtherProject));
        }

        (beforeSequence, afterSequence) = (whole.AsMemory(..at), whole.AsMemory((at + 1)..));

        byte[] Write(IReadOnlyList<ReadOnlyMemory<byte>>? newest) => Made(json =>
        {
            json.WriteStartObject();
            json.WriteText("type", type);
            json.WritePropertyName("timestamp");
            Times.Write(json, timestamp, JsonSerializerOptions.Default);
            json.WriteStartObject("data");
            json.WritePropertyName("sequence");
            at = (int)(json.BytesCommitted + json.BytesPending);
            json.WriteNumberValue(0);
            foreach (var property in data.EnumerateObject().Where(property => IsShown(property, ofOtherProject)))
            {
                json.WritePropertyName(property.Name);
                if (newest is null || property.Name != Updates)
                {
                    WriteValue(json, property.Value, ofOtherProject);
                    continue;
                }

                json.WriteStartArray();
                foreach (var update in newest)
                {
                    json.WriteRawValue(update.Span, skipInputValidation: true);
                }

                json.WriteEndArray();
                json.WriteBoolean("updates_truncated", true);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        });
    }

    /// <summary>The body of one message.</summary>
    /// <param name="sequence">Its place among the messages of its subscription.</param>
    public MessageBody With(long sequence)
    {
        var start = new byte[beforeSequence.Length + LongestSequence];
        beforeSequence.CopyTo(start);
        sequence.TryFormat(start.AsSpan(beforeSequence.Length), out var digits, default, CultureInfo.InvariantCulture);
        return new(start.AsMemory(..(beforeSequence.Length + digits)), afterSequence);
    }

    private static List<ReadOnlyMemory<byte>> NewestOf(JsonElement updates, int room, bool ofOtherProject)
    {
        var newest = new List<ReadOnlyMemory<byte>>();
        foreach (var update in updates.EnumerateArray().Reverse())
        {
            var written = Made(json => WriteValue(json, update, ofOtherProject));
            room -= written.Length + (newest.Count > 0 ? 1 : 0); // and a comma
            if (room < 0)
            {
                break;
            }

            newest.Insert(0, written);
        }

        return newest;
    }

    private static byte[] Made(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            write(json);
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteValue(Utf8JsonWriter json, JsonElement value, bool ofOtherProject)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                json.WriteStartObject();
                foreach (var property in value.EnumerateObject().Where(property => IsShown(property, ofOtherProject)))
                {
                    json.WritePropertyName(property.Name);
                    WriteValue(json, property.Value, ofOtherProject);
                }

                json.WriteEndObject();
                break;
            case JsonValueKind.Array:
                json.WriteStartArray();
                foreach (var element in value.EnumerateArray())
                {
                    WriteValue(json, element, ofOtherProject);
                }

                json.WriteEndArray();
                break;
            case JsonValueKind.String:
                json.WriteText(value.GetString()!);
                break;
            default:
                value.WriteTo(json);
                break;
        }
    }

    private static bool IsShown(JsonProperty property, bool ofOtherProject) => !ofOtherProject || property.Name is not ("created_by" or "project_id");
}
