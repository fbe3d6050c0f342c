using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Xerotier.NotificationService.Model;
using Xerotier.NotificationService.Sending;
using static Xerotier.NotificationService.Tests.Sending.SampleEvents;

namespace Xerotier.NotificationService.Tests.Sending;

public sealed partial class SlackMessageTests
{
    private const string Planned = "Planned from 22 May 2026, 15:00 UTC to 22 May 2026, 16:00 UTC · Some disruption possible · Model Storage, Batch API";
    private const string Recurs = "Every Sunday at 02:30 in Europe/Berlin, for 1 h 30 min · From 1 Mar 2026 · Not on 31 May 2026 and 14 Jun 2026 · Some disruption possible · Model Storage, Batch API";
    private const string Since = "Major impact · Since 22 May 2026, 13:00 UTC · Batch API: outage";

    public static TheoryData<string, string, string, string, string> Events => new()
    {
        { EventTypes.IncidentCreated, Incident(bodies: ["We look into it."]).GetRawText(), "Investigating: Elevated errors", "We look into it.", Since },
        { EventTypes.IncidentUpdated, Incident(status: IncidentStatus.Monitoring, bodies: ["Old.", "A fix is in place."]).GetRawText(), "Monitoring: Elevated errors", "A fix is in place.", Since },
        { EventTypes.IncidentResolved, Incident(status: IncidentStatus.Resolved, resolved: true, bodies: ["It is over."]).GetRawText(), "Resolved: Elevated errors", "It is over.", "Major impact · From 22 May 2026, 13:00 UTC to 22 May 2026, 14:00 UTC · Batch API" },
        { EventTypes.IncidentPostmortem, Incident(status: IncidentStatus.Postmortem, resolved: true, bodies: ["What happened."]).GetRawText(), "Postmortem: Elevated errors", "What happened.", "Major impact · From 22 May 2026, 13:00 UTC to 22 May 2026, 14:00 UTC · Batch API" },
        { EventTypes.MaintenanceScheduled, Window().GetRawText(), "Maintenance scheduled: Database upgrade", "Brief read-only window.", Planned },
        { EventTypes.MaintenanceRescheduled, Window(services: []).GetRawText(), "Maintenance rescheduled: Database upgrade", "Brief read-only window.", "Planned from 22 May 2026, 15:00 UTC to 22 May 2026, 16:00 UTC · Some disruption possible · All services" },
        { EventTypes.MaintenanceReminder, Reminder(late: false).GetRawText(), "Maintenance starts in 1 h: Database upgrade", "Brief read-only window.", Planned },
        { EventTypes.MaintenanceReminder, Reminder(late: true).GetRawText(), "Maintenance starts in 1 h: Database upgrade", "Brief read-only window.", "This reminder is late · " + Planned },
        { EventTypes.MaintenanceStarted, Window().GetRawText(), "Maintenance in progress: Database upgrade", "The maintenance is in progress.", Planned },
        { EventTypes.MaintenanceOverrunning, Window().GetRawText(), "Maintenance running over: Database upgrade", "The maintenance is running over its planned end at 22 May 2026, 16:00 UTC.", Planned },
        { EventTypes.MaintenanceCompleted, Window().GetRawText(), "Maintenance completed: Database upgrade", "The maintenance is completed.", Planned },
        { EventTypes.MaintenanceCancelled, Window().GetRawText(), "Maintenance cancelled: Database upgrade", "The maintenance is cancelled.", Planned },
        { EventTypes.MaintenanceScheduled, Series().GetRawText(), "Recurring maintenance scheduled: Database maintenance", "Brief read-only window.", Recurs },
        { EventTypes.MaintenanceRescheduled, Series().GetRawText(), "Recurring maintenance rescheduled: Database maintenance", "Brief read-only window.", Recurs },
        { EventTypes.MaintenanceCancelled, Series().GetRawText(), "Recurring maintenance cancelled: Database maintenance", "The maintenance does not recur any more.", Recurs },
        { EventTypes.StatusChanged, Status("outage", "degraded").GetRawText(), "Batch API: Outage", "Batch API is down.", "Before: Degraded · Since 22 May 2026, 13:59 UTC" },
        { EventTypes.StatusChanged, Status("unknown", "", "Shared Agents").GetRawText(), "Shared Agents: No data", "We have no data for Shared Agents.", "Since 22 May 2026, 13:59 UTC" },
        { EventTypes.Test, """{"object":"subscription","id":"sub_1"}""", "Test message", "Messages of this subscription arrive here.", "sub_1" },
    };

    [Theory]
    [MemberData(nameof(Events))]
    public void Each_event_says_what_happened_and_when(string type, string data, string headline, string body, string details)
    {
        var payload = Create(type, Parse(data));
        Assert.Equal(headline, payload.GetProperty("text").GetString());
        Assert.Equal([$"*{headline}*", body, details], Texts(payload));
    }

    [Fact]
    public void Every_type_of_event_has_a_message()
    {
        Assert.Empty(EventTypes.All.Append(EventTypes.Test).Except(Events.Select(each => each.Data.Item1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Create("incident.unknown", Window()));
    }

    [Theory]
    [InlineData(-1440 * 3, "starts in 3 d 1 h")]
    [InlineData(-30, "starts in 1 h 30 min")]
    [InlineData(0.02, "starts in 1 h")] // sent a second later
    [InlineData(58, "starts in 2 min")]
    [InlineData(60, "starts now")]
    [InlineData(75, "was to start 15 min ago")]
    public void A_reminder_says_how_long_it_is_until_the_start_when_it_is_sent(double minutesLater, string says)
    {
        var payload = Parse(Encoding.UTF8.GetString(SlackMessage.Create(EventTypes.MaintenanceReminder, Reminder(late: false), Now.AddMinutes(minutesLater))));
        Assert.Equal($"Maintenance {says}: Database upgrade", payload.GetProperty("text").GetString());
    }

    [Fact]
    public void A_window_without_a_description_has_no_empty_section() =>
        Assert.Equal(["*Maintenance scheduled: Database upgrade*", Planned], Texts(Create(EventTypes.MaintenanceScheduled, Window(description: ""))));

    [Fact]
    public void Whatever_a_text_holds_it_is_escaped_and_the_payload_within_limits_of_Slack()
    {
        string[] letters = ["&", "<", ">", "\"", "\\", "\n", "\r\n", "\t", "\u0001", "a", " ", "é", "e\u0301", "😀", "👩‍👩‍👧", "\u202e", "<!channel>", "&amp;", "…", "漢"];
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var title = "T" + Of(random, random.Next(1, 200), letters);
            var (body, services) = (Of(random, random.Next(1, 10_000), letters), Enumerable.Range(0, random.Next(50)).Select(_ => Of(random, 100, letters)).ToList());
            Hold(seed, title, null, Create(EventTypes.IncidentUpdated, Incident(title, bodies: [body])));
            Hold(seed, title, body, Create(EventTypes.MaintenanceScheduled, Window(title, body, services)));
        }

        static string Of(Random random, int length, string[] letters)
        {
            var some = random.Next(4) == 0 ? [letters[random.Next(letters.Length)]] : letters; // now and then of one alone
            return string.Concat(Enumerable.Range(0, length).Select(_ => some[random.Next(some.Length)]));
        }
    }

    [Theory]
    [InlineData("**Bold**, *so* and `x < y`", "*Bold*, _so_ and `x &lt; y`")]
    [InlineData("[Status & more](https://example.com/a?b=1&c|d) or <https://example.com>", "<https://example.com/a?b=1&amp;c%7Cd|Status &amp; more> or <https://example.com/|https://example.com>")]
    [InlineData("[x](javascript:alert) ![graph](https://example.com/g.png) <b>no</b>", "x graph &lt;b&gt;no&lt;/b&gt;")]
    [InlineData("# **Big**\n\n[](https://example.com/a) a&#1;b", "*Big*\n\n<https://example.com/a> a b")]
    [InlineData("- one\n\t- two", "• one\n   • two")]
    [InlineData("# Big\n\nOne\ntwo\n\n---", "*Big*\n\nOne\ntwo\n\n———")]
    [InlineData("- one\n  - two\n- three\n\n3. four\n4. five", "• one\n   • two\n• three\n\n3. four\n4. five")]
    [InlineData("> so\n> it goes\n\n```\na & b\n```", "> so\n> it goes\n\n```\na &amp; b\n```")]
    [InlineData("@here &amp; <!channel>", "@here &amp; &lt;!channel&gt;")]
    public void What_operators_write_of_incidents_has_the_marks_of_Slack(string markdown, string mrkdwn) =>
        Assert.Equal(mrkdwn, Texts(Create(EventTypes.IncidentUpdated, Incident(bodies: [markdown])))[1]);

    [Fact]
    public void A_long_text_keeps_the_marks_of_what_fits_and_ends_with_the_plain_text_of_the_rest()
    {
        var text = Texts(Create(EventTypes.IncidentUpdated, Incident(bodies: [$"**First**\n\n[{new string('x', 2_000)}](https://example.com) **and {new string('y', 2_000)}**"])))[1];
        Assert.StartsWith($"*First*\n\n{new string('x', 2_000)} (https://example.com) and yyy", text, StringComparison.Ordinal);
        Assert.EndsWith("y…", text, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_nested_deeply_is_told_all_the_same()
    {
        foreach (var marks in new[] { new string('>', 5_000), string.Concat(Enumerable.Repeat("- ", 3_000)), string.Concat(Enumerable.Repeat("> 1. ", 100)), new string('[', 5_000), string.Concat(Enumerable.Repeat("*a ", 1_500)) + string.Concat(Enumerable.Repeat("b* ", 1_500)) })
        {
            Assert.True(Texts(Create(EventTypes.IncidentUpdated, Incident(bodies: [$"word\n\n{marks} x"])))[1].Length <= 2_800);
        }
    }

    private static void Hold(int seed, string title, string? body, JsonElement payload)
    {
        Assert.True(payload.GetRawText().Length < SlackMessage.LongestPayload, $"seed {seed}: {payload.GetRawText().Length} characters");
        string[] texts = [payload.GetProperty("text").GetString()!, .. Texts(payload)];
        Assert.All(texts, text =>
        {
            Assert.InRange(text.Length, 1, 3000);
            Assert.DoesNotMatch(NotEscaped(), Quotes().Replace(text, ""));
            Assert.DoesNotContain('\ufffd', text); // no character is cut in two
        });
        Same(title, texts[0][(texts[0].IndexOf(": ", StringComparison.Ordinal) + 2)..], lines: false);
        if (body is not null && texts.Length == 4)
        {
            Same(body, texts[2], lines: true);
        }

        // What is shown is what was written, up to an ellipsis after a whole character.
        void Same(string written, string shown, bool lines)
        {
            var text = string.Concat(written.ReplaceLineEndings(lines ? "\n" : " ").Select(c => char.IsControl(c) && c != '\n' ? ' ' : c)).Trim();
            var read = shown.TrimStart().Replace("&lt;", "<", StringComparison.Ordinal).Replace("&gt;", ">", StringComparison.Ordinal).Replace("&amp;", "&", StringComparison.Ordinal);
            if (read != text)
            {
                Assert.EndsWith("…", read, StringComparison.Ordinal);
                Assert.StartsWith(read[..^1], text, StringComparison.Ordinal);
                Assert.Contains(read.Length - 1, StringInfo.ParseCombiningCharacters(text));
            }
        }
    }

    private static JsonElement Create(string type, JsonElement data) => Parse(Encoding.UTF8.GetString(SlackMessage.Create(type, data, Now)));

    /// <summary>The texts of the blocks, which are of kinds that Slack knows.</summary>
    private static string[] Texts(JsonElement payload) =>
    [
        .. payload.GetProperty("blocks").EnumerateArray().Select(block => block.GetProperty("type").GetString() switch
        {
            "section" => block.GetProperty("text"),
            "context" => Assert.Single(block.GetProperty("elements").EnumerateArray()),
            var other => throw new InvalidDataException(other),
        }).Select(text =>
        {
            Assert.Equal(("mrkdwn", true), (text.GetProperty("type").GetString(), text.GetProperty("verbatim").GetBoolean()));
            return text.GetProperty("text").GetString()!;
        }),
    ];

    [GeneratedRegex("^(> ?|[ •]|[0-9]+[.] )+", RegexOptions.Multiline)]
    private static partial Regex Quotes();

    [GeneratedRegex("[<>]|&(?!amp;|lt;|gt;)")]
    private static partial Regex NotEscaped();
}
