using System.Net;
using System.Text;
using System.Text.Json;
using FsCheck.Fluent;

namespace Xerotier.MaintenanceService.Tests;

/// <summary>Whatever comes in, a window or the envelope comes out.</summary>
public sealed class ValidationPropertyTests(ManagementApi api) : ProjectTests(api)
{
    /// <summary>JSON texts of each field that are right and that are wrong.</summary>
    private static readonly (string Field, bool Required, string[] Right, string[] Wrong)[] Fields =
    [
        ("title", true, ["\"x\"", "\" \\ud83d\\udea7 \"", "\"line\\n\\ttwo\""], ["\"\"", "\"  \"", "5", "[]", "\"\\ud83d\"", "\"a\\u0000\"", "\"\\u001b[31m\""]),
        ("description", true, ["\"\"", "\"<script>\"", "\"\\u2028\""], ["{}", "true", "\"\\r\\n\"", "\"\\udea7\\ud83d\""]),
        ("severity", false, ["\"info\"", "\"critical\"", "null"], ["\"high\"", "\"Info\"", "0"]),
        ("affected_services", false, ["[]", "[\"A\",\"A\",\"b\"]", "null"], ["\"A\"", "[\"\"]", "[null]", "[[\"A\"]]", "{\"0\":\"A\"}", "[\"\\u0000\"]"]),
        ("starts_at", true, ["\"2026-05-22T02:00:00Z\"", "\"1999-12-31T23:59:59.999999-12:00\""], ["\"2026-05-22T02:00:00\"", "1779415200", "\"\"", "\"2026-02-30T00:00:00Z\""]),
        ("ends_at", true, ["\"2026-05-22T02:00:01Z\"", "\"9999-12-31T23:59:59Z\""], ["\"2026-05-22\"", "false", "\"-0001-01-01T00:00:00Z\""]),
        ("status", false, ["\"scheduled\"", "\"completed\"", "null"], ["\"open\"", "[\"active\"]"]),
        ("auto_transition", false, ["true", "false", "null"], ["\"true\"", "1"]),
        ("reminders", false, ["[]", "[\"-24h\",\"-60m\",\"-1h\"]", "null"], ["\"-1h\"", "[\"1h\"]", "[\"-0m\"]", "[\"-31d\"]", "[null]", "{}"]),
        ("notify", false, ["true", "false", "null"], ["\"false\"", "0"]),
        ("id", false, [], ["\"mw_x\"", "null"]),
        ("created_by", false, [], ["\"me\""]),
        ("x", false, [], ["1", "{\"y\":[]}"]),
    ];

    /// <summary>One field of a body: absent, right or wrong.</summary>
    public sealed record Part(string Field, string Json, bool Right);

    [Fact]
    public void Exactly_the_wrong_fields_are_reported() => Properties.ForAllLists(
        from field in Gen.Choose(0, Fields.Length - 1)
        from pick in Gen.Choose(0, 99)
        from right in Gen.Frequency((3, Gen.Constant(true)), (1, Gen.Constant(false)))
        let f = Fields[field]
        let choices = right && f.Right.Length > 0 ? f.Right : f.Wrong
        select new Part(f.Field, choices[pick % choices.Length], right && f.Right.Length > 0),
        200,
        async parts =>
        {
            var sent = parts.DistinctBy(p => p.Field).ToList();
            var reply = await Project.PostTextAsync("{" + string.Join(',', sent.Select(p => $"\"{p.Field}\":{p.Json}")) + "}");
            var wrong = sent.Where(p => !p.Right).Select(p => p.Field)
                .Union(Fields.Where(f => f.Required && sent.TrueForAll(p => p.Field != f.Field)).Select(f => f.Field))
                .Order(StringComparer.Ordinal).ToList();
            if (wrong.Count == 0)
            {
                IsWindow(reply);
                return;
            }

            Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
            var reported = wrong.Count == 1 ? [reply.Param!] : reply.Error["errors"]!.AsArray().Select(e => e!["param"]!.GetValue<string>());
            Assert.Equal(wrong, reported.Order(StringComparer.Ordinal));
        });

    [Fact]
    public async Task Whatever_bytes_come_in_a_window_or_the_envelope_comes_out()
    {
        var id = await Project.CreatedAsync();
        var valid = Encoding.UTF8.GetBytes(Body.With("affected_services", new System.Text.Json.Nodes.JsonArray("A", "B")).ToJsonString());
        var piece = Gen.OneOf(
            Gen.Elements("{", "}", "[", "]", ",", ":", "\"", "\\", "null", "true", "1e999", "-0", "\"title\"", "\"starts_at\":", "\"\\ud800\"", "\u0000", "\uFEFF", "é", "\U0001F6A7", "\n"),
            Gen.Choose(0, 255).Select(b => ((char)b).ToString()));
        Properties.ForAllLists(
            from at in Gen.Choose(0, valid.Length)
            from cut in Gen.Choose(0, 8)
            from text in piece
            from raw in Gen.Choose(0, 1)
            select (at, cut, bytes: raw == 0 ? Encoding.UTF8.GetBytes(text) : Encoding.Latin1.GetBytes(text)),
            200,
            async edits =>
            {
                var body = valid;
                foreach (var (at, cut, bytes) in edits)
                {
                    var from = Math.Min(at, body.Length);
                    body = [.. body[..from], .. bytes, .. body[Math.Min(from + cut, body.Length)..]];
                }

                IsWindowOrEnvelope(await Project.PostBytesAsync(body));
                using var patch = new HttpRequestMessage(HttpMethod.Patch, $"{Project.Windows}/{id}") { Content = new ByteArrayContent(body) };
                patch.Content.Headers.ContentType = new("application/json");
                IsWindowOrEnvelope(await Reply.OfAsync(await Project.Http.SendAsync(patch)));
            });
    }

    private static void IsWindowOrEnvelope(Reply reply)
    {
        if ((int)reply.Status is 200 or 201)
        {
            IsWindow(reply);
            return;
        }

        Assert.True((int)reply.Status is 400 or 409, $"{reply.Status}: {reply.Text}");
        Assert.True(reply.Code is "invalid_json" or "invalid_request" or "unknown_field" or "invalid_state_transition", reply.Text);
        Assert.NotEmpty(reply.Error["message"]!.GetValue<string>());
    }

    private static void IsWindow(Reply reply)
    {
        Assert.True((int)reply.Status is 200 or 201, $"{reply.Status}: {reply.Text}");
        Assert.Equal("maintenance_window", reply["object"]);
        var title = reply["title"]!;
        Assert.Equal(title.Trim(), title);
        Assert.InRange(title.EnumerateRunes().Count(), 1, 200);
        Assert.DoesNotContain(title, c => char.IsControl(c) && c is not ('\n' or '\t'));
        Assert.InRange(reply["description"]!.EnumerateRunes().Count(), 0, 2000);
        Assert.True(reply["severity"] is "info" or "warning" or "critical", reply.Text);
        Assert.InRange(reply.Json["affected_services"]!.AsArray().Count, 0, 50);
        using var document = JsonDocument.Parse(reply.Text);
        var (start, end) = (document.RootElement.GetProperty("starts_at").GetDateTimeOffset(), document.RootElement.GetProperty("ends_at").GetDateTimeOffset());
        Assert.True(end > start);
        Assert.Equal(TimeSpan.Zero, start.Offset);
    }
}
