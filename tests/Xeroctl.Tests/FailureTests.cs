using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Xerotier.Xeroctl.Tests;

/// <summary>Every way in which a server can fail, with a real one failing.</summary>
public sealed class FailureTests
{
    private static readonly string[] Schedule = ["maintenance", "schedule", "--title", "T", "--description", "D", "--starts-at", "+1h", "--ends-at", "+2h"];

    [Theory]
    [InlineData(400, "invalid_request", 2)]
    [InlineData(401, "invalid_api_key", 3)]
    [InlineData(403, "scope_insufficient", 3)]
    [InlineData(404, "not_found", 4)]
    [InlineData(410, "gone", 4)]
    [InlineData(409, "invalid_state_transition", 5)]
    [InlineData(412, "precondition_failed", 5)]
    [InlineData(429, "rate_limit_exceeded", 6)]
    [InlineData(500, "internal_error", 1)]
    [InlineData(503, "service_unavailable", 7)]
    [InlineData(504, "upstream_timeout", 7)]
    public async Task An_error_of_the_API_has_its_exit_code_and_is_told_with_code_and_request_id(int status, string code, int exitCode)
    {
        await using var api = await TestApi.StartAsync(status, Samples.Error(code, "It says why."));
        using var tool = Tool.For(api.Url);
        var result = await tool.RunAsync("maintenance", "list");
        Assert.Equal(exitCode, result.ExitCode);
        Assert.Equal("", result.Out);
        Assert.Equal($"xeroctl: It says why. ({status} {code}, request {api.Seen.First().Headers["X-Request-Id"]})\n", result.Error);
    }

    [Fact]
    public async Task Every_invalid_field_is_told_by_the_name_of_its_option()
    {
        await using var api = await TestApi.StartAsync(400, """
            {"error":{"message":"2 fields are invalid.","type":"invalid_request_error","code":"invalid_request","param":"title",
             "errors":[{"param":"title","code":"invalid_request","message":"is too long"},{"param":"ends_at","code":"invalid_request","message":"is before the start"}]}}
            """);
        using var tool = Tool.For(api.Url);
        var result = await tool.RunAsync(Schedule);
        Assert.Equal(2, result.ExitCode);
        Assert.EndsWith("\n  --title: is too long\n  --ends-at: is before the start\n", result.Error);
    }

    [Fact]
    public async Task A_502_of_a_proxy_is_told_as_what_it_is()
    {
        await using var api = await TestApi.StartAsync(502, "<html>\e[31m<h1>Bad Gateway</h1></html>", "text/html");
        using var tool = Tool.For(api.Url);
        var result = await tool.RunAsync("maintenance", "list");
        Assert.Equal(7, result.ExitCode);
        Assert.Contains("502 Bad Gateway with text/html, which is not an API response", result.Error);
        Assert.Contains("any proxy in between", result.Error);
        Assert.DoesNotContain('\e', result.Error);
        Assert.Single(api.Seen);
    }

    [Theory]
    [InlineData("<html>Please log in</html>")]
    [InlineData("[]")]
    [InlineData("{\"object\":")]
    public async Task A_success_that_is_not_the_APIs_is_a_failure(string body)
    {
        await using var api = await TestApi.StartAsync(200, body, "text/html");
        using var tool = Tool.For(api.Url);
        var result = await tool.RunAsync("maintenance", "list");
        Assert.Equal((1, ""), (result.ExitCode, result.Out));
        Assert.Contains("not an API response", result.Error);
    }

    [Fact]
    public async Task A_redirect_is_not_followed_with_the_key()
    {
        await using var elsewhere = await TestApi.StartAsync(200, Samples.List(false));
        await using var api = await TestApi.StartAsync((context, _) =>
        {
            context.Response.Redirect(elsewhere.Url.ToString());
            return Task.CompletedTask;
        });
        using var tool = Tool.For(api.Url);
        Assert.Equal(1, (await tool.RunAsync("maintenance", "list")).ExitCode);
        Assert.Empty(elsewhere.Seen);
    }

    [Fact]
    public async Task A_stalled_server_is_given_up()
    {
        await using var api = await TestApi.StartAsync((context, _) => Task.Delay(Timeout.Infinite, context.RequestAborted));
        using var tool = Tool.For(api.Url);
        var result = await tool.RunAsync("maintenance", "list", "--timeout", "1");
        Assert.Equal(7, result.ExitCode);
        Assert.Contains("did not respond within 1 s (request ", result.Error);
        Assert.Single(api.Seen);
    }

    [Fact]
    public async Task An_answer_that_stalls_half_way_is_given_up()
    {
        await using var api = await TestApi.StartAsync(async (context, _) =>
        {
            await context.Response.WriteAsync("{\"object\":");
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        using var tool = Tool.For(api.Url);
        Assert.Equal(7, (await tool.RunAsync("maintenance", "list", "--timeout", "1")).ExitCode);
    }

    [Fact]
    public async Task An_answer_that_breaks_off_is_asked_for_again_with_the_same_key_and_no_other_way()
    {
        await using var api = await TestApi.StartAsync(async (context, number) =>
        {
            if (number < 3)
            {
                context.Response.ContentLength = 1000;
                await context.Response.WriteAsync("{\"object\":");
                await context.Response.Body.FlushAsync();
                context.Abort();
                return;
            }

            await TestApi.WriteAsync(context, 201, Samples.Window());
        });
        using var tool = Tool.For(api.Url);
        var result = await tool.RunAsync(Schedule);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Equal(3, api.Seen.Count);
        Assert.Single(api.Seen.Select(request => (request.Headers["Idempotency-Key"], request.Body)).Distinct());
    }

    [Fact]
    public async Task A_server_that_only_closes_is_unreachable()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var requests = 0;
        async Task HalfCloseAsync(TcpClient connection)
        {
            using (connection)
            {
                await connection.GetStream().ReadExactlyAsync(new byte[16]);
                Interlocked.Increment(ref requests);
                connection.Client.Shutdown(SocketShutdown.Send); // it still listens, and will never say a word
                await connection.GetStream().CopyToAsync(Stream.Null);
            }
        }

        _ = Task.Run(async () =>
        {
            while (true)
            {
                _ = HalfCloseAsync(await listener.AcceptTcpClientAsync());
            }
        });
        using var tool = Tool.For(new Uri($"http://{listener.LocalEndpoint}"));
        var result = await tool.RunAsync("maintenance", "list");
        Assert.Equal(7, result.ExitCode);
        Assert.Contains("closed the connection before it responded (request ", result.Error);
        Assert.True(requests >= 4, $"{requests}");

        // What may have been done is not done twice.
        foreach (var change in new[] { "keys create --name k --scope management", "keys rotate key_1", "maintenance update mw_a --severity info" })
        {
            requests = 0;
            Assert.Equal(7, (await tool.RunAsync(change.Split(' '))).ExitCode);
            Assert.Equal(1, requests);
        }
    }

    [Fact]
    public async Task Garbage_in_place_of_HTTP_is_unreachable()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        _ = Task.Run(async () =>
        {
            while (true)
            {
                using var connection = await listener.AcceptTcpClientAsync();
                await connection.GetStream().WriteAsync(Encoding.ASCII.GetBytes("220 mail.example ESMTP\r\n"));
                await connection.GetStream().CopyToAsync(Stream.Null);
            }
        });
        using var tool = Tool.For(new Uri($"http://{listener.LocalEndpoint}"));
        var result = await tool.RunAsync("maintenance", "list");
        Assert.Equal(7, result.ExitCode);
        Assert.Contains("does not speak HTTP", result.Error);
    }

    [Fact]
    public async Task Nobody_listening_is_unreachable()
    {
        using var tool = Tool.For(new Uri("http://127.0.0.1:1"));
        var result = await tool.RunAsync("maintenance", "list");
        Assert.Equal(7, result.ExitCode);
        Assert.Matches(@"^xeroctl: http://127\.0\.0\.1:1 cannot be reached: Connection refused \(request [0-9a-f]{32}\)\n$", result.Error);
        Assert.Equal(7, (await tool.RunAsync("status")).ExitCode);
    }

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    public async Task A_pause_that_the_server_asks_for_is_kept(int status)
    {
        var times = new List<long>();
        await using var api = await TestApi.StartAsync((context, number) =>
        {
            times.Add(Environment.TickCount64);
            context.Response.Headers.RetryAfter = "1";
            return number == 1 ? TestApi.WriteAsync(context, status, Samples.Error("x", "Later.")) : TestApi.WriteAsync(context, 201, Samples.Window());
        });
        using var tool = Tool.For(api.Url);
        Assert.Equal(0, (await tool.RunAsync(Schedule)).ExitCode);
        Assert.Equal(2, times.Count);
        Assert.True(times[1] - times[0] >= 990, $"{times[1] - times[0]} ms");
        Assert.Single(api.Seen.Select(request => request.Headers["Idempotency-Key"]).Distinct());
    }

    [Fact]
    public async Task A_pause_that_is_too_long_is_told_instead()
    {
        await using var api = await TestApi.StartAsync((context, _) =>
        {
            context.Response.Headers.RetryAfter = "3600";
            return TestApi.WriteAsync(context, 429, Samples.Error("rate_limit_exceeded", "Too many requests.", "rate_limit_error"));
        });
        using var tool = Tool.For(api.Url);
        var result = await tool.RunAsync("maintenance", "list");
        Assert.Equal(6, result.ExitCode);
        Assert.Contains("Too many requests; try again in 3600 s. (429 rate_limit_exceeded, request ", result.Error);
        Assert.Single(api.Seen);
    }

    [Fact]
    public async Task A_change_without_an_idempotency_key_is_not_repeated_after_a_503()
    {
        await using var api = await TestApi.StartAsync(503, Samples.Error("service_unavailable", "Away."));
        using var tool = Tool.For(api.Url);
        Assert.Equal(7, (await tool.RunAsync("maintenance", "update", "mw_abc123", "--severity", "critical")).ExitCode);
        Assert.Single(api.Seen);
    }

    [Theory]
    [InlineData("maintenance", "list", "--status", "foo")]
    [InlineData("maintenance", "list", "--limit", "many")]
    [InlineData("maintenance", "lst")]
    [InlineData("maintenance")]
    [InlineData("maintenance", "update", "mw_abc123")]
    [InlineData("maintenance", "cancel", "../keys")]
    [InlineData("maintenance", "cancel")]
    [InlineData("maintenance", "list", "--timeout", "0")]
    [InlineData("maintenance", "list", "-o", "xml")]
    [InlineData("maintenance", "schedule", "--title", "T", "--description", "D", "--starts-at", "2026-05-22T02:00:00", "--ends-at", "+1h")]
    [InlineData("completion", "tcsh")]
    [InlineData("nonsense")]
    public async Task A_wrong_command_line_is_2_and_sends_nothing(params string[] arguments)
    {
        await using var api = await TestApi.StartAsync(200, Samples.List(false));
        using var tool = Tool.For(api.Url);
        var result = await tool.RunAsync(arguments);
        Assert.Equal((2, ""), (result.ExitCode, result.Out));
        Assert.NotEqual("", result.Error);
        Assert.Empty(api.Seen);
    }

    [Fact]
    public async Task A_dry_run_prints_the_request_and_sends_nothing()
    {
        await using var api = await TestApi.StartAsync(200, Samples.Window());
        using var tool = Tool.For(api.Url);
        var result = await tool.RunAsync([.. Schedule, "--dry-run", "--idempotency-key", "k-1", "--affected-service", "A", "--affected-service", "B", "--auto-transition", "--reminder", "-7d", "--reminder", "-90m", "--no-notify"]);
        Assert.Equal(0, result.ExitCode);
        Assert.Matches(
            $$"""
            ^POST {{api.Url}}proj_ABC123/v1/management/maintenance
            Authorization: Bearer xero_demo_\*\*\*\*
            Accept: application/json
            Idempotency-Key: k-1
            Content-Type: application/json

            \{"title":"T","description":"D","affected_services":\["A","B"\],"starts_at":"[^"]+Z","ends_at":"[^"]+Z","auto_transition":true,"reminders":\["-7d","-90m"\],"notify":false\}
            $
            """,
            result.Out);
        foreach (var leaf in new[] { "list", "complete mw_a", "cancel mw_a", "purge mw_a", "update mw_a --severity info", "show mw_a" })
        {
            Assert.Equal(0, (await tool.RunAsync(["maintenance", .. leaf.Split(' '), "--dry-run"])).ExitCode);
        }

        Assert.Empty(api.Seen);
    }

    [Fact]
    public async Task An_idempotency_key_may_have_blanks_inside()
    {
        using var tool = Tool.For(new Uri("http://127.0.0.1:1"));
        Assert.Contains("Idempotency-Key: deploy 42 start\n", (await tool.RunAsync([.. Schedule, "--dry-run", "--idempotency-key", "deploy 42 start"])).Out);
        foreach (var key in new[] { "", "schlüssel", new string('k', 256) })
        {
            var result = await tool.RunAsync([.. Schedule, "--dry-run", "--idempotency-key", key]);
            Assert.Equal((2, "xeroctl: --idempotency-key: an idempotency key has 1 to 255 ASCII characters\n"), (result.ExitCode, result.Error));
        }
    }

    [Fact]
    public async Task What_was_given_is_what_is_sent()
    {
        await using var api = await TestApi.StartAsync(200, Samples.Window());
        using var tool = Tool.For(api.Url);
        await tool.RunAsync("maintenance", "update", "mw_abc123", "--affected-service", "", "--auto-transition", "false", "--no-reminders", "--no-notify=false", "--title", "@file \"q\" \\ ü 日本");
        await tool.RunAsync("maintenance", "complete", "mw_abc123");
        await tool.RunAsync("maintenance", "cancel", "mw_abc123");
        await tool.RunAsync("maintenance", "purge", "mw_abc123");
        var seen = api.Seen.ToArray();
        Assert.Equal(
            ["PATCH /proj_ABC123/v1/management/maintenance/mw_abc123", "POST /proj_ABC123/v1/management/maintenance/mw_abc123/complete", "DELETE /proj_ABC123/v1/management/maintenance/mw_abc123", "POST /proj_ABC123/v1/management/maintenance/mw_abc123/purge"],
            seen.Select(request => $"{request.Method} {request.Target}"));
        Assert.Equal("""{"title":"@file \"q\" \\ ü 日本","affected_services":[],"auto_transition":false,"reminders":[],"notify":true}""", seen[0].Body);
        Assert.Equal([false, true, false, true], seen.Select(request => request.Headers.ContainsKey("Idempotency-Key")));
        Assert.All(seen, request => Assert.Equal($"Bearer {Samples.Key}", request.Headers["Authorization"]));
    }
}
