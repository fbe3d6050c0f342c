using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using MimeKit;
using SmtpServer.Protocol;
using Xerotier.NotificationService.Model;
using Xerotier.NotificationService.Subscriptions;
using Xerotier.TestKit;

namespace Xerotier.NotificationService.Tests;

/// <summary>Subscribing by e-mail, on the page and through the API, with a real mail server.</summary>
public sealed partial class SubscriberTests(PostgresFixture postgres) : IAsyncLifetime
{
    private const string Address = "ada@example.org";
    private const string StateSql = "select string_agg(concat_ws(' ', id, state, target, components, version), ';') from subscriptions";

    private MailServer server = null!;
    private Notifier? notifier;
    private HttpClient? visitor;

    private Notifier Service => notifier!;

    private HttpClient Visitor => visitor!;

    public ValueTask InitializeAsync()
    {
        server = MailServer.Start();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        visitor?.Dispose();
        if (notifier is not null)
        {
            await notifier.DisposeAsync();
        }

        await server.DisposeAsync();
    }

    [Fact]
    public async Task From_the_form_to_the_end_of_a_subscription()
    {
        await StartAsync(withMaintenance: true);
        var form = await PageAsync(Visitor.GetAsync("/status/subscribe"), HttpStatusCode.OK);
        Assert.Contains("<label class=\"of\" for=\"email\">E-mail address</label>", form);
        Assert.Contains("""<input type="checkbox" name="components" value="cmp_inference_routing"> Inference Routing</label>""", form);
        Assert.DoesNotContain("<script", form);

        await PageAsync(SubscribeAsync(" Ada@EXAMPLE.org ", "cmp_inference_routing"), HttpStatusCode.Accepted);
        var asking = Assert.Single(await server.ToAsync("Ada@example.org", 1));
        Assert.Equal("Confirm your subscription to Xerotier Status", asking.Subject);
        var link = LinkOf(asking);
        Assert.Contains(link, asking.HtmlBody);

        // Not confirmed: it is told nothing, and no GET of any link changes that.
        Assert.Equal(0, await Service.HappenAsync("too-early"));
        await GetsChangeNothingAsync(asking);
        Assert.Contains("once you confirm it here", await PageAsync(Visitor.GetAsync(link), HttpStatusCode.OK));

        foreach (var time in new[] { "first", "second" })
        {
            Assert.Contains("You are subscribed.", await PageAsync(PostAsync(link, ("action", "confirm")), HttpStatusCode.OK));
            Assert.Equal("active", await Service.ScalarAsync("select state from subscriptions"));
            Assert.Equal(2L, await Service.ScalarAsync("select version from subscriptions")); // the second time changes nothing
            Assert.NotEmpty(time);
        }

        using (var platform = Service.Http(TestTokens.ForCaller("", false, "platform")))
        {
            var listed = JsonNode.Parse(await platform.GetStringAsync("/v1/platform/subscribers"))!["data"]!.AsArray();
            Assert.Equal(("Ada@example.org", "active"), ((string?)listed.Single()!["address"], (string?)listed.Single()!["state"]));
        }

        // A notice arrives.
        await Service.CallAsync(HttpMethod.Post, "incidents", new()
        {
            ["title"] = "Errors & <b>worse</b>",
            ["body"] = "We look.",
            ["components"] = new JsonArray(new JsonObject { ["id"] = "cmp_inference_routing", ["status"] = "degraded" }),
        });
        var news = (await server.ToAsync("Ada@example.org", 2))[1];
        Assert.Equal("Investigating: Errors & <b>worse</b>", news.Subject);
        Assert.StartsWith("inc_", Assert.Single(news.References), StringComparison.Ordinal);
        var manage = LinkOf(news);
        Assert.NotEqual(link, manage);
        await GetsChangeNothingAsync(news);

        // Other services, and an end by the mail program.
        Assert.Contains("""value="cmp_inference_routing" checked>""", await PageAsync(Visitor.GetAsync(manage), HttpStatusCode.OK));
        var saved = await PageAsync(PostAsync(manage, ("action", "update"), ("components", "cmp_dashboard"), ("components", "cmp_unheard")), HttpStatusCode.OK);
        Assert.Contains("Your choice is saved.", saved);
        Assert.Equal("{cmp_dashboard}", await Service.ScalarAsync("select components::text from subscriptions"));
        Assert.Equal("List-Unsubscribe=One-Click", news.Headers["List-Unsubscribe-Post"]);
        Assert.Contains("You are unsubscribed", await PageAsync(PostAsync(manage, ("List-Unsubscribe", "One-Click")), HttpStatusCode.OK));
        Assert.Equal(0L, await Service.ScalarAsync("select (select count(*) from subscriptions) + (select count(*) from mail_tokens) + (select count(*) from mail_addresses)"));
        Assert.Contains("If you have unsubscribed, it is done", await PageAsync(PostAsync(manage, ("List-Unsubscribe", "One-Click")), HttpStatusCode.NotFound));
        await PageAsync(Visitor.GetAsync(link), HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Whoever_subscribes_does_not_wait_behind_what_thousands_are_told()
    {
        await StartAsync();
        await Service.ExecuteAsync($"""
            insert into subscriptions (project_id, id, channel, target, components, events, state, sequence, created_by, created_at, updated_at)
            select '', 'sub_' || n, 'email', 'somebody' || n || '@example.org', '{"{}"}', '{"{}"}', 'active', 1, 'test', now(), now() from generate_series(1, 2000) n;
            with told as (
                insert into events (key, type, object_id, project_id, platform, components, occurred_at, data)
                values ('told', '{EventTypes.Test}', 'sub_1', '', true, '{"{}"}', now(), convert_to('{"{"}"object":"subscription","id":"sub_1"{"}"}', 'UTF8')) returning id
            )
            insert into deliveries (id, project_id, subscription_id, event_id, sequence, next_attempt_at, lane)
            select 'msg_' || s.id, '', s.id, told.id, 1, clock_timestamp(), 'mail' from subscriptions s, told
            """);
        await PageAsync(SubscribeAsync(Address), HttpStatusCode.Accepted);
        await server.ToAsync(Address, 1);
        Assert.InRange(server.Messages.TakeWhile(message => message.To != Address).Count(), 0, 1000);
    }

    [Fact]
    public async Task Mail_programs_may_send_their_click_in_parts()
    {
        await StartAsync();
        var link = await SubscribedAsync();
        using var body = new MultipartFormDataContent { { new StringContent("One-Click"), "List-Unsubscribe" } };
        await PageAsync(Visitor.PostAsync(link, body), HttpStatusCode.OK);
        Assert.Equal(0L, await Service.ScalarAsync("select count(*) from subscriptions"));
    }

    [Fact]
    public async Task Everybody_gets_the_same_answer_whatever_the_address_and_whoever_is_subscribed_and_whatever_the_database_does()
    {
        await StartAsync();
        await SubscribedAsync();
        var answers = new List<string>
        {
            await AnswerAsync(SubscribeAsync(Address)), // is subscribed
            await AnswerAsync(SubscribeAsync("new@example.org")),
            await AnswerAsync(SubscribeAsync(Address)),
            await AnswerAsync(SubscribeAsync(Address)), // over the limit
            await AnswerAsync(SubscribeAsync("<b>\"ada")), // no address
            await AnswerAsync(SubscribeAsync("ada@localhost", "cmp_inference_routing")),
            await AnswerAsync(SubscribeAsync("")),
        };
        await using var alone = new InProcessService<Program>([
            new("ConnectionStrings:notificationsdb", "Host=127.0.0.1;Port=9;Database=none;Username=none"),
            new("services:gateway:internal:0", "http://127.0.0.1:9"), new("services:statusservice:grpc:0", "http://127.0.0.1:9"), new("services:maintenanceservice:grpc:0", "http://127.0.0.1:9"),
            .. server.Settings(),
        ]);
        using var other = alone.Http(TestTokens.ForPublic());
        answers.Add(await AnswerAsync(SubscribeAsync(Address, client: other)));
        Assert.Single(answers.Distinct());

        // An address that is subscribed hears of it, and stays as it is.
        var again = (await server.ToAsync(Address, 2))[1];
        Assert.Equal("You are subscribed to Xerotier Status", again.Subject);
        Assert.Contains("Unsubscribe", await PageAsync(Visitor.GetAsync(LinkOf(again)), HttpStatusCode.OK));
        await Eventually.TrueAsync(async () => await Service.ScalarAsync("select count(*) from deliveries where state = 'delivered'") is 4L, "two to each");
        Assert.Equal("active", await Service.ScalarAsync($"select state from subscriptions where target = '{Address}'"));
    }

    [Fact]
    public async Task An_address_gets_three_mails_an_hour_and_a_client_causes_ten()
    {
        await StartAsync();
        foreach (var address in new[] { "ada@example.org", "Ada@example.org", "ada+x@example.org", "ada@example.org", "ADA+y@example.org" })
        {
            await PageAsync(SubscribeAsync(address, from: "2001:db8::1"), HttpStatusCode.Accepted);
        }

        await PageAsync(SubscribeAsync("last@example.org", from: "192.0.2.1"), HttpStatusCode.Accepted);
        await server.ToAsync("last@example.org", 1); // they are taken one after the other
        Assert.Equal(4L, await Service.ScalarAsync("select count(*) from deliveries"));
        Assert.Equal(2L, await Service.ScalarAsync("select count(*) from subscriptions where target ilike 'ada%'"));
        for (var i = 0; i < 12; i++)
        {
            await PageAsync(SubscribeAsync($"many{i}@example.org", from: $"2001:db8::{i}"), HttpStatusCode.Accepted); // one network
        }

        await PageAsync(SubscribeAsync("last2@example.org", from: "192.0.2.1"), HttpStatusCode.Accepted);
        await server.ToAsync("last2@example.org", 1);
        Assert.Equal(7L, await Service.ScalarAsync("select count(*) from subscriptions where target like 'many%'"));
        await Eventually.TrueAsync(async () => await Service.ScalarAsync("select count(*) from deliveries where state = 'delivered'") is 12L, "all are sent");
        Assert.Equal(12, server.Messages.Count);
        Assert.Equal(10L, await Service.ScalarAsync("select count(*) from mail_requests where counted_for = 'client 2001:db8::'"));

        // An hour later all may again.
        await Service.ExecuteAsync("update mail_requests set at = at - interval '1 hour'");
        await PageAsync(SubscribeAsync("ada@example.org", from: "2001:db8::1"), HttpStatusCode.Accepted);
        await Eventually.TrueAsync(() => server.Messages.Count == 13, "one more");
    }

    [Fact]
    public async Task A_link_that_has_ended_was_never_or_is_none_leads_to_the_same_page()
    {
        await StartAsync();
        await PageAsync(SubscribeAsync(Address), HttpStatusCode.Accepted);
        var link = LinkOf((await server.ToAsync(Address, 1))[0]);
        Assert.True(await Service.ScalarAsync("select expires_at - clock_timestamp() between interval '23 hours 55 minutes' and interval '24 hours' from mail_tokens") is true);
        await Service.ExecuteAsync("update mail_tokens set expires_at = clock_timestamp()");
        var pages = new List<string>();
        foreach (var token in new[] { link, $"/status/subscriptions/{new string('A', 43)}", "/status/subscriptions/short", "/status/subscriptions/%2f%20" })
        {
            pages.Add(await PageAsync(Visitor.GetAsync(token), HttpStatusCode.NotFound));
            pages.Add(await PageAsync(PostAsync(token, ("action", "confirm")), HttpStatusCode.NotFound));
            pages.Add(await PageAsync(PostAsync(token, ("List-Unsubscribe", "One-Click")), HttpStatusCode.NotFound));
        }

        Assert.Single(pages.Distinct());
        Assert.Equal("unconfirmed", await Service.ScalarAsync("select state from subscriptions"));
    }

    [Fact]
    public async Task Who_does_not_confirm_within_a_day_is_forgotten()
    {
        await StartAsync();
        await SubscribedAsync("stays@example.org");
        await PageAsync(SubscribeAsync("late@example.org"), HttpStatusCode.Accepted);
        await PageAsync(SubscribeAsync("asked-again@example.org"), HttpStatusCode.Accepted);
        using var project = new Client("proj_tenant1", Service.Http(TestTokens.ForCaller("proj_tenant1", false, "management")));
        var entered = await project.CreatedAsync(new JsonObject { ["channel"] = "email", ["target"] = "entered@example.org" });
        var hook = await project.CreatedAsync();
        await server.ToAsync("asked-again@example.org", 1);
        await server.ToAsync("entered@example.org", 1);
        await Service.ExecuteAsync("update mail_addresses set requested_at = requested_at - interval '24 hours' where address <> 'asked-again@example.org'; update mail_requests set at = at - interval '1 hour'");
        await CleanAsync();
        Assert.Equal(5L, await Service.ScalarAsync("select count(*) from subscriptions")); // their links have not ended
        Assert.Equal(0L, await Service.ScalarAsync("select count(*) from mail_requests"));
        await Service.ExecuteAsync("update mail_tokens set expires_at = clock_timestamp() where confirms");
        await CleanAsync();
        Assert.Equal("asked-again@example.org stays@example.org", await Service.ScalarAsync("select string_agg(target, ' ' order by target) from subscriptions where channel = 'email'"));

        // Through the API it is gone, and may be entered again.
        (await project.GetAsync($"/{entered}")).Is(404, "not_found");
        Assert.Equal([hook], (await project.GetAsync()).Ids);
        await project.CreatedAsync(new JsonObject { ["channel"] = "email", ["target"] = "entered@example.org" });
    }

    [Fact]
    public async Task A_hard_bounce_disables_and_the_address_may_subscribe_again()
    {
        await StartAsync();
        await SubscribedAsync();
        await Service.ExecuteAsync("update mail_requests set at = at - interval '1 hour'");
        server.Recipient = _ => new(SmtpReplyCode.MailboxUnavailable, "5.1.1 No such user");
        await Service.HappenTestAsync("one", (string)(await Service.ScalarAsync("select id from subscriptions"))!);
        await Eventually.TrueAsync(async () => await Service.ScalarAsync("select state from subscriptions") is "disabled", "disabled");
        server.Recipient = _ => SmtpResponse.Ok;
        await PageAsync(SubscribeAsync(Address), HttpStatusCode.Accepted);
        var link = LinkOf((await server.ToAsync(Address, 2))[1]);
        Assert.Equal("unconfirmed", await Service.ScalarAsync("select state from subscriptions"));
        await PageAsync(PostAsync(link, ("action", "confirm")), HttpStatusCode.OK);
        Assert.Equal("active", await Service.ScalarAsync("select state from subscriptions where disabled_reason is null"));
        await PageAsync(PostAsync(link, ("action", "unsubscribe")), HttpStatusCode.OK);
        await SubscribedAsync(mails: 3);
    }

    [Fact]
    public async Task Through_the_API_an_address_is_asked_too_and_nobody_can_be_flooded()
    {
        await StartAsync();
        using var project = new Client("proj_tenant1", Service.Http(TestTokens.ForCaller("proj_tenant1", false, "management")));
        JsonObject Body(string target) => new() { ["channel"] = "email", ["target"] = target };
        var created = (await project.CreateAsync(Body("Ada@Example.ORG"))).Is(HttpStatusCode.Created);
        Assert.Equal(("unconfirmed", "Ada@example.org", null), (created["state"], created["target"], created["secret"]));
        var link = LinkOf((await server.ToAsync("Ada@example.org", 1))[0]);
        (await project.CreateAsync(Body("ada@example.org"))).Is(409, "already_exists", "target");
        (await project.PostAsync($"/{created.Id}/test")).Is(409, "invalid_state_transition");
        await PageAsync(PostAsync(link, ("action", "confirm")), HttpStatusCode.OK);
        (await project.PostAsync($"/{created.Id}/test")).Is(HttpStatusCode.Created);
        Assert.Equal("Test message", (await server.ToAsync("Ada@example.org", 2))[1].Subject);
        Assert.Equal("active", (await project.GetAsync($"/{created.Id}"))["state"]);
        using var platform = Service.Http(TestTokens.ForCaller("", false, "platform"));
        Assert.Empty(JsonNode.Parse(await platform.GetStringAsync("/v1/platform/subscribers"))!["data"]!.AsArray()); // of the page alone

        for (var i = 0; i < 2; i++)
        {
            (await project.DeleteAsync((string)(await Service.ScalarAsync("select id from subscriptions"))!)).Is(HttpStatusCode.OK);
            (await project.CreateAsync(Body("ada@example.org"))).Is(HttpStatusCode.Created);
        }

        (await project.DeleteAsync((string)(await Service.ScalarAsync("select id from subscriptions"))!)).Is(HttpStatusCode.OK);
        var refused = (await project.CreateAsync(Body("ada+again@example.org"))).Is(429, "rate_limit_exceeded");
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromMinutes(50), TimeSpan.FromHours(1));
        (await project.CreateAsync(Body("no address"))).Is(400, "invalid_request", "target");
        Assert.Equal(0L, await Service.ScalarAsync("select count(*) from subscriptions"));
    }

    [Fact]
    public async Task Two_requests_at_once_make_one_subscription()
    {
        await StartAsync();
        using var project = new Client("proj_tenant1", Service.Http(TestTokens.ForCaller("proj_tenant1", false, "management")));
        await using var replica = await Service.AddReplicaAsync();
        using var same = new Client("proj_tenant1", replica.Http(TestTokens.ForCaller("proj_tenant1", false, "management")));
        var replies = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => (i % 2 == 0 ? project : same).CreateAsync(new JsonObject { ["channel"] = "email", ["target"] = Address })));
        Assert.Single(replies, reply => reply.Status == HttpStatusCode.Created);
        Assert.All(replies, reply => Assert.True(reply.Status is HttpStatusCode.Created or HttpStatusCode.Conflict, reply.Text));
        Assert.Equal(1L, await Service.ScalarAsync("select count(*) from subscriptions"));
    }

    [Fact]
    public async Task What_is_no_form_of_the_page_is_refused()
    {
        await StartAsync();
        await PageAsync(SubscribeAsync(Address, "cmp_<"), HttpStatusCode.BadRequest);
        using var json = new StringContent("{}", Encoding.UTF8, "application/json");
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await Visitor.PostAsync("/status/subscribe", json)).StatusCode);
        using var parts = new MultipartFormDataContent { { new StringContent(Address), "email" } };
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await Visitor.PostAsync("/status/subscribe", parts)).StatusCode);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await SubscribeAsync(Address, new string('x', 9_000))).StatusCode);
        using var many = new StringContent(string.Concat(Enumerable.Repeat("a&", 2_000)), Encoding.UTF8, "application/x-www-form-urlencoded");
        Assert.Equal(HttpStatusCode.BadRequest, (await Visitor.PostAsync("/status/subscribe", many)).StatusCode);
        using var broken = new StringContent("--x\r\nnothing", Encoding.UTF8);
        broken.Headers.ContentType = new("multipart/form-data") { Parameters = { new("boundary", "x") } };
        Assert.Equal(HttpStatusCode.BadRequest, (await Visitor.PostAsync($"/status/subscriptions/{new string('A', 43)}", broken)).StatusCode);
        foreach (var (letters, status) in new[] { (70, HttpStatusCode.BadRequest), (71, HttpStatusCode.UnsupportedMediaType), (4_089, HttpStatusCode.UnsupportedMediaType) })
        {
            var boundary = new string('x', letters);
            using var bounded = new StringContent($"--{boundary}\r\nnothing", Encoding.UTF8);
            bounded.Headers.ContentType = new("multipart/form-data") { Parameters = { new("boundary", boundary) } };
            Assert.Equal(status, (await Visitor.PostAsync($"/status/subscriptions/{new string('A', 43)}", bounded)).StatusCode);
        }

        using var put = new HttpRequestMessage(HttpMethod.Put, "/status/subscribe");
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await Visitor.SendAsync(put)).StatusCode);
        using var nobody = Service.Http(null);
        Assert.NotEqual(HttpStatusCode.OK, (await nobody.GetAsync("/status/subscribe")).StatusCode); // but by way of the Gateway

        var link = await SubscribedAsync();
        await PageAsync(PostAsync(link, ("action", "explode")), HttpStatusCode.BadRequest);
        using var program = Service.Http(TestTokens.ForPublic());
        Assert.Contains("\"not_found\"", await (await program.GetAsync("/status/subscriptions/short")).Content.ReadAsStringAsync()); // which asks for no page
    }

    [Fact]
    public async Task Without_a_mail_server_the_page_names_the_other_ways()
    {
        notifier = await Notifier.StartAsync(postgres.Server);
        visitor = Client();
        foreach (var asking in new[] { Visitor.GetAsync("/status/subscribe"), SubscribeAsync(Address) })
        {
            var page = await PageAsync(asking, HttpStatusCode.OK);
            Assert.DoesNotContain("<form", page);
            Assert.Contains("/status/updates.atom", page);
            Assert.Contains("/docs", page);
        }

        Assert.Equal(0L, await Service.ScalarAsync("select count(*) from subscriptions"));
    }

    [Fact]
    public async Task Links_of_an_earlier_key_go_on()
    {
        await StartAsync();
        var link = await SubscribedAsync();
        await Service.StopAllAsync();
        var key = Convert.ToBase64String(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32));
        var replica = await Service.AddReplicaAsync(new("InternalAuth:Keys:0", key), new("InternalAuth:Keys:1", TestTokens.Key));
        using var visitor = replica.Http(TestTokens.ForPublic());
        visitor.DefaultRequestHeaders.Add("Accept", "text/html");
        Assert.Equal(HttpStatusCode.OK, (await visitor.GetAsync(link)).StatusCode);
        await Service.HappenTestAsync("one", (string)(await Service.ScalarAsync("select id from subscriptions"))!);
        var manage = LinkOf((await server.ToAsync(Address, 2))[1]);
        Assert.Equal(HttpStatusCode.OK, (await visitor.GetAsync(manage)).StatusCode);
    }

    [Fact]
    public async Task No_log_and_no_span_has_what_a_link_carries()
    {
        await using var collector = await Receiver.StartAsync();
        await StartAsync(
            settings:
            [
                new("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Url), new("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"), new("OTEL_BSP_SCHEDULE_DELAY", "200"), new("OTEL_BLRP_SCHEDULE_DELAY", "200"),
                new("Logging:LogLevel:Microsoft.AspNetCore", "Debug"),
            ]);
        var link = await SubscribedAsync();
        using var trace = new Activity("test") { ActivityTraceFlags = ActivityTraceFlags.Recorded };
        trace.Start(); // the requests of this test are spans too, as the Gateway's to the service are
        await PageAsync(PostAsync(link, ("action", "update")), HttpStatusCode.OK);
        await Service.ExecuteAsync("alter table mail_tokens rename to gone");
        await PageAsync(Visitor.GetAsync(link), HttpStatusCode.InternalServerError); // which is logged
        await PageAsync(Visitor.GetAsync(link), HttpStatusCode.InternalServerError);
        await Eventually.TrueAsync(() => Exported("/v1/traces").Contains("/status/subscriptions/{token}", StringComparison.Ordinal), "spans of the service");
        await Eventually.TrueAsync(() => Exported("/v1/traces").Contains($"{Visitor.BaseAddress}status/subscriptions/{{token}}", StringComparison.Ordinal), "spans of its callers");
        await Eventually.TrueAsync(() => Exported("/v1/logs").Contains("/status/subscriptions/{token}", StringComparison.Ordinal), "logs");
        await Service.StopAllAsync(); // sends the rest
        var token = link[(link.LastIndexOf('/') + 1)..];
        Assert.DoesNotContain(token, Exported("/v1/"), StringComparison.Ordinal);
        Assert.DoesNotContain(Address, Exported("/v1/"), StringComparison.OrdinalIgnoreCase);

        string Exported(string path) => string.Concat(collector.Messages.Where(message => message.Path.StartsWith(path, StringComparison.Ordinal)).Select(message => Encoding.UTF8.GetString(message.Body)));
    }

    [Fact]
    public async Task Another_parser_reads_the_mail()
    {
        await StartAsync();
        await SubscribedAsync(Address);
        await Service.ExecuteAsync("update subscriptions set state = 'active'");
        await Service.HappenTestAsync("one", (string)(await Service.ScalarAsync("select id from subscriptions"))!);
        await server.ToAsync("ada@example.org", 2);
        const string Script = """
            import email, email.policy, json, sys
            m = email.message_from_binary_file(sys.stdin.buffer, policy=email.policy.default)
            text, html = m.get_body(("plain",)), m.get_body(("html",))
            print(json.dumps({"subject": m["subject"], "to": m["to"].addresses[0].addr_spec, "from": m["from"].addresses[0].display_name, "id": m["message-id"], "unsubscribe": m["list-unsubscribe"],
                "post": m["list-unsubscribe-post"], "auto": m["auto-submitted"], "list": m["list-id"], "date": m["date"].datetime.isoformat(), "text": text.get_content(), "html": html.get_content(),
                "defects": [str(d) for p in m.walk() for d in p.defects] + [str(d) for d in m["message-id"].defects]}))
            """;
        foreach (var (_, message, _, bytes) in server.Messages)
        {
            using var python = Python(Script);
            if (python is null)
            {
                Assert.SkipUnless(Environment.GetEnvironmentVariable("CI") == "true", "There is no python3.");
                throw new InvalidOperationException("There is no python3.");
            }

            await python.StandardInput.BaseStream.WriteAsync(bytes, TestContext.Current.CancellationToken);
            python.StandardInput.Close();
            var printed = await python.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            Assert.True(printed.Length > 0, await python.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
            var read = JsonNode.Parse(printed)!;
            Assert.Empty(read["defects"]!.AsArray());
            Assert.Equal((message.Subject, "ada@example.org", "Xerotier Status"), ((string?)read["subject"], (string?)read["to"], (string?)read["from"]));
            Assert.Equal($"<{message.MessageId}>", (string?)read["id"]);
            Assert.Equal(("List-Unsubscribe=One-Click", "auto-generated", "<status.mail.example>"), ((string?)read["post"], (string?)read["auto"], (string?)read["list"]));
            var link = ((string)read["unsubscribe"]!).Trim(' ', '<', '>'); // folded
            Assert.EndsWith(LinkOf(message), link, StringComparison.Ordinal);
            Assert.Contains(link, (string)read["text"]!);
            Assert.Contains($"<a href=\"{link}\">", (string)read["html"]!);
        }
    }

    [Theory]
    [InlineData("ada@example.org", "ada@example.org")]
    [InlineData(" Ada.L+x@EXAMPLE.org\t", "Ada.L+x@example.org")]
    [InlineData("ada@bücher.example", "ada@xn--bcher-kva.example")]
    [InlineData("a!#$%&'*/=?^_`{|}~-z@a-b.c1.de", "a!#$%&'*/=?^_`{|}~-z@a-b.c1.de")]
    [InlineData("ada", null)]
    [InlineData("@example.org", null)]
    [InlineData("ada@", null)]
    [InlineData("ada@localhost", null)]
    [InlineData("ada@127.0.0.1", null)]
    [InlineData("ada@[127.0.0.1]", null)]
    [InlineData("ada@-a.org", null)]
    [InlineData("ada@a..org", null)]
    [InlineData(".ada@example.org", null)]
    [InlineData("a..b@example.org", null)]
    [InlineData("\"a b\"@example.org", null)]
    [InlineData("ada@example.org,eve@example.org", null)]
    [InlineData("ada@example.org\r\nBcc: eve@example.org", null)]
    [InlineData("a@b@example.org", null)]
    [InlineData("ada\0@example.org", null)]
    [InlineData("", null)]
    public void Addresses_that_may_subscribe(string text, string? address) => Assert.Equal(address, MailAddress.Normalise(text));

    [Fact]
    public void An_address_has_at_most_254_bytes_and_64_before_the_at()
    {
        var domain = string.Join('.', Enumerable.Repeat(new string('d', 61), 3)) + ".org"; // 189
        Assert.Equal(254, MailAddress.Normalise($"{new string('a', 64)}@{domain}")!.Length);
        Assert.Null(MailAddress.Normalise($"{new string('a', 65)}@{domain}"));
        Assert.Null(MailAddress.Normalise($"{new string('a', 64)}@{domain}x.example"));
    }

    private static Process? Python(string script)
    {
        try
        {
            return Process.Start(new ProcessStartInfo("python3", ["-c", script]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true });
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    private static string LinkOf(MimeMessage message)
    {
        var link = Link().Match(message.Headers["List-Unsubscribe"]!);
        Assert.True(link.Success, message.Headers["List-Unsubscribe"]);
        Assert.Contains(link.Groups["path"].Value, message.TextBody);
        return link.Groups["path"].Value;
    }

    private async Task StartAsync(bool withMaintenance = false, params KeyValuePair<string, string?>[] settings)
    {
        notifier = await Notifier.StartAsync(postgres.Server, withMaintenance, [.. server.Settings(), .. settings]);
        visitor = Client();
    }

    private HttpClient Client()
    {
        var client = Service.Http(TestTokens.ForPublic());
        client.DefaultRequestHeaders.Add("Accept", "text/html");
        return client;
    }

    /// <summary>Subscribes an address and confirms it.</summary>
    /// <returns>The confirming link.</returns>
    private async Task<string> SubscribedAsync(string address = Address, int mails = 1)
    {
        await PageAsync(SubscribeAsync(address), HttpStatusCode.Accepted);
        var link = LinkOf((await server.ToAsync(address, mails))[mails - 1]);
        await PageAsync(PostAsync(link, ("action", "confirm")), HttpStatusCode.OK);
        Assert.Equal("active", await Service.ScalarAsync($"select state from subscriptions where target = '{address}'"));
        return link;
    }

    private Task<HttpResponseMessage> SubscribeAsync(string email, string? component = null, string? from = null, HttpClient? client = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/status/subscribe")
        {
            Content = new FormUrlEncodedContent([new("email", email), .. component is null ? Array.Empty<KeyValuePair<string, string>>() : [new("components", component)]]),
        };
        if (from is not null)
        {
            request.Headers.Add("Xerotier-Client", from);
        }

        return (client ?? Visitor).SendAsync(request);
    }

    private Task<HttpResponseMessage> PostAsync(string link, params (string Name, string Value)[] fields) =>
        Visitor.PostAsync(link, new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value))));

    /// <summary>Follows every link of a message, as mail scanners do.</summary>
    private async Task GetsChangeNothingAsync(MimeMessage message)
    {
        var before = await Service.ScalarAsync(StateSql);
        var links = Url().Matches(message.TextBody + message.HtmlBody + message.Headers["List-Unsubscribe"]).Select(match => match.Groups["path"].Value).Distinct().ToList();
        Assert.Contains(LinkOf(message), links);
        foreach (var link in links)
        {
            foreach (var method in new[] { HttpMethod.Get, HttpMethod.Head })
            {
                using var request = new HttpRequestMessage(method, link);
                using var response = await Visitor.SendAsync(request);
            }
        }

        Assert.Equal(before, await Service.ScalarAsync(StateSql));
    }

    /// <summary>A page, with the headers that all of them have.</summary>
    private static async Task<string> PageAsync(Task<HttpResponseMessage> asking, HttpStatusCode status)
    {
        using var response = await asking;
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == status, $"{status} was expected: {response.StatusCode} {text}");
        Assert.Equal("text/html", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal("no-store", $"{response.Headers.CacheControl}");
        Assert.Equal("no-referrer", response.Headers.GetValues("Referrer-Policy").Single());
        Assert.Contains("form-action '", response.Headers.GetValues("Content-Security-Policy").Single());
        Assert.Contains("""<meta name="robots" content="noindex">""", text);
        Assert.Single(text.Split("<h1>").Skip(1));
        return text;
    }

    /// <summary>All of an answer but its date.</summary>
    private static async Task<string> AnswerAsync(Task<HttpResponseMessage> asking)
    {
        using var response = await asking;
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        var headers = response.Headers.Concat(response.Content.Headers).Where(header => header.Key != "Date").Select(header => $"{header.Key}: {string.Join(", ", header.Value)}");
        return string.Join('\n', headers.Order()) + await response.Content.ReadAsStringAsync();
    }

    private async Task CleanAsync()
    {
        var cleaner = ActivatorUtilities.CreateInstance<AddressCleaner>(Service.Services);
        await cleaner.CleanAsync(TestContext.Current.CancellationToken);
    }

    [GeneratedRegex("^<https://status\\.example\\.org(?<path>/status/subscriptions/[A-Za-z0-9_-]{43})>$", RegexOptions.ExplicitCapture)]
    private static partial Regex Link();

    [GeneratedRegex("https://status\\.example\\.org(?<path>/[A-Za-z0-9_/-]*)", RegexOptions.ExplicitCapture)]
    private static partial Regex Url();
}
