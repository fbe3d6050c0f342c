using System.Text;
using System.Text.Json;
using Xerotier.NotificationService.Sending;

namespace Xerotier.NotificationService.Tests.Sending;

public sealed class WebhookMessageTests
{
    [Fact]
    public void A_body_has_the_type_the_time_and_the_object_as_the_api_shows_it()
    {
        var status = SampleEvents.Status("outage", "operational");
        Assert.Equal(
            """{"type":"component.status_changed","timestamp":"2026-05-22T14:00:00.5Z","data":{"sequence":7,"id":"cmp_1","object":"component","name":"Batch API","status":"outage","previous_status":"operational","since":"2026-05-22T13:59:00Z"}}""",
            Text("component.status_changed", SampleEvents.Now.AddSeconds(0.5), status, ofOtherProject: false, 7));

        var incident = SampleEvents.Incident(bodies: ["First.\n\"Quoted\" \\ \u0001 & <b> 😀 é", "Second."]);
        var body = Create(incident, false);
        Assert.Equal("{\"sequence\":1," + JsonSerializer.Serialize(incident)[1..], JsonSerializer.Serialize(body.GetProperty("data")));
    }

    [Fact]
    public void Of_another_project_neither_authors_nor_the_project_are_told()
    {
        var incident = SampleEvents.Incident(bodies: ["First.", "Second."]);
        var own = Create(incident, false).GetRawText();
        Assert.Equal(3, own.Split("ops-key").Length - 1);
        Assert.Contains("proj_ABC123", own, StringComparison.Ordinal);

        foreach (var data in new[] { incident, SampleEvents.Window(), SampleEvents.Series() })
        {
            var others = Create(data, true);
            Assert.DoesNotContain("ops-key", others.GetRawText(), StringComparison.Ordinal);
            Assert.DoesNotContain("created_by", others.GetRawText(), StringComparison.Ordinal);
            Assert.DoesNotContain("proj", others.GetRawText(), StringComparison.Ordinal);
            Assert.Equal(data.GetProperty("title").GetString(), others.GetProperty("data").GetProperty("title").GetString());
        }
    }

    [Theory]
    [InlineData("x", 200)]
    [InlineData("\"", 40)]
    [InlineData("😀", 20)]
    public void Of_an_incident_that_is_too_large_the_newest_updates_that_fit_are_told_in_their_order(string letter, int count)
    {
        string[] bodies = [.. Enumerable.Range(0, count).Select(i => $"{i} {string.Concat(Enumerable.Repeat(letter, 300 + (i * 137 % 5000)))}")];
        var message = Text("incident.updated", SampleEvents.Now, SampleEvents.Incident(bodies: bodies), ofOtherProject: false, long.MaxValue);
        var length = Encoding.UTF8.GetByteCount(message);
        Assert.True(length <= WebhookMessage.LargestBody);

        var data = SampleEvents.Parse(message).GetProperty("data");
        Assert.True(data.GetProperty("updates_truncated").GetBoolean());
        Assert.Equal(count, data.GetProperty("updates_count").GetInt32());
        string[] told = [.. data.GetProperty("updates").EnumerateArray().Select(update => update.GetProperty("body").GetString()!)];
        Assert.InRange(told.Length, 1, count - 1);
        Assert.Equal(bodies[^told.Length..], told);

        var next = Length(SampleEvents.Incident(bodies: [bodies[^(told.Length + 1)]])) - Length(SampleEvents.Incident(bodies: []));
        Assert.True(length + next > WebhookMessage.LargestBody); // no other fits
    }

    [Fact]
    public void A_body_may_be_as_large_as_the_limit_and_no_larger()
    {
        var padding = WebhookMessage.LargestBody - Length(Padded(0));
        Assert.Equal(64 * 1024, Length(Padded(padding)));
        Assert.False(Create(Padded(padding), false).GetProperty("data").TryGetProperty("updates_truncated", out _));

        var larger = Create(Padded(padding + 1), false).GetProperty("data");
        Assert.True(larger.GetProperty("updates_truncated").GetBoolean());
        Assert.Equal("newest", Assert.Single(larger.GetProperty("updates").EnumerateArray()).GetProperty("body").GetString());

        static JsonElement Padded(int padding) => SampleEvents.Incident(bodies: ["oldest" + new string('x', padding), "newest"]);
    }

    private static JsonElement Create(JsonElement data, bool ofOtherProject) =>
        SampleEvents.Parse(Text("incident.updated", SampleEvents.Now, data, ofOtherProject, 1));

    private static int Length(JsonElement data) => Encoding.UTF8.GetByteCount(Text("incident.updated", SampleEvents.Now, data, ofOtherProject: false, long.MaxValue));

    private static string Text(string type, DateTimeOffset at, JsonElement data, bool ofOtherProject, long sequence)
    {
        var body = new WebhookMessage(type, at, data, ofOtherProject).With(sequence);
        return Encoding.UTF8.GetString([.. body.Start.Span, .. body.Rest.Span]);
    }
}
