using System.Text.Json;
using Xerotier.TestKit;

namespace Xerotier.Xeroctl.Tests;

/// <summary>The published executable against the whole system, as <c>./run</c> starts it.</summary>
public sealed class EndToEndTests(EndToEndTests.ClusterFixture fixture) : IClassFixture<EndToEndTests.ClusterFixture>
{
    private readonly Cluster cluster = fixture.Cluster;

    [Fact]
    public async Task Every_line_of_the_documentation_works_as_it_is_written()
    {
        using var tool = Demo();
        const string Schedule = """
            xeroctl maintenance schedule \
              --title "Database upgrade" \
              --description "Brief read-only window during the PG14 upgrade." \
              --severity warning \
              --starts-at 2026-05-22T02:00:00Z \
              --ends-at 2026-05-22T03:00:00Z
            """;
        Assert.Equal(0, (await tool.ShellAsync("xeroctl maintenance list")).ExitCode);

        // The lines for one window each: the documentation's id stands for the window that the schedule line made.
        async Task<string> ScheduledAsync()
        {
            var made = await tool.ShellAsync(Schedule);
            Assert.Equal((0, ""), (made.ExitCode, made.Error));
            Assert.Contains("title\tDatabase upgrade\n", made.Out);
            Assert.Contains("description\tBrief read-only window during the PG14 upgrade.\n", made.Out);
            Assert.Contains("severity\twarning\n", made.Out);
            Assert.Contains("starts_at\t2026-05-22T02:00:00Z\nends_at\t2026-05-22T03:00:00Z\n", made.Out);
            Assert.Contains("status\tscheduled\n", made.Out);
            return made.Out.Split('\n')[0].Split('\t')[1];
        }

        async Task<string> LineAsync(string line, string id)
        {
            var result = await tool.ShellAsync(line.Replace("mw_abc123", id, StringComparison.Ordinal));
            Assert.Equal((0, ""), (result.ExitCode, result.Error));
            return result.Out;
        }

        var first = await ScheduledAsync();
        Assert.Contains("severity\tcritical\n", await LineAsync("xeroctl maintenance update mw_abc123 --severity critical", first));
        Assert.Contains("status\tcompleted\n", await LineAsync("xeroctl maintenance complete mw_abc123", first));
        var second = await ScheduledAsync(); // now that the first is over, the two do not overlap
        Assert.Contains("status\tcancelled\n", await LineAsync("xeroctl maintenance cancel mw_abc123", second));
        Assert.Contains($"\n{first}\tcompleted\tcritical\t", await LineAsync("xeroctl maintenance list", first));
        Assert.Equal($"id\t{first}\ndeleted\ttrue\n", await LineAsync("xeroctl maintenance purge mw_abc123", first));
        Assert.Equal($"id\t{second}\ndeleted\ttrue\n", await LineAsync("xeroctl maintenance purge mw_abc123", second));
        Assert.Equal(4, (await tool.RunAsync("maintenance", "show", first)).ExitCode);
    }

    [Fact]
    public async Task A_context_does_what_the_environment_does()
    {
        using var tool = new Tool();
        Assert.Equal(0, (await tool.RunAsync("config", "init", "--base-url", cluster.BaseUrl, "--api-key", cluster.ApiKey)).ExitCode);
        Assert.Equal(0, (await tool.RunAsync("maintenance", "list")).ExitCode);
        Assert.Equal(3, (await tool.RunAsync("config", "init", "wrong", "--base-url", cluster.BaseUrl, "--api-key", cluster.PlatformKey)).ExitCode);
    }

    [Fact]
    public async Task Each_failure_of_the_real_API_has_its_code()
    {
        using var tool = Demo();
        var id = (await tool.RunAsync("maintenance", "schedule", "--title", "T", "--description", "", "--starts-at", "+1h", "--ends-at", "+2h")).Out.Split('\n')[0].Split('\t')[1];
        Assert.Equal(5, (await tool.RunAsync("maintenance", "purge", id)).ExitCode);
        Assert.Equal(4, (await tool.RunAsync("maintenance", "show", "mw_00000000000000000000000000")).ExitCode);
        var invalid = await tool.RunAsync("maintenance", "schedule", "--title", "", "--description", "D", "--starts-at", "+2h", "--ends-at", "+1h");
        Assert.Equal(2, invalid.ExitCode);
        Assert.Contains("--title: ", invalid.Error);
        Assert.Contains("--ends-at: ", invalid.Error);
        Assert.Equal(3, (await tool.RunAsync("maintenance", "list", "--api-key", Samples.Key)).ExitCode);
        Assert.Equal(3, (await tool.RunAsync("maintenance", "list", "--base-url", $"{cluster.Url}proj_OTHER1/v1")).ExitCode);
        Assert.Equal(0, (await tool.RunAsync("maintenance", "cancel", id)).ExitCode);
        Assert.Equal(0, (await tool.RunAsync("maintenance", "purge", id)).ExitCode);
    }

    [Fact]
    public async Task Json_is_what_curl_gets()
    {
        using var tool = Demo();
        var curl = await tool.ShellAsync("curl -s -H \"Authorization: Bearer $XEROTIER_API_KEY\" $XEROTIER_BASE_URL/management/keys");
        Assert.Equal(0, curl.ExitCode);
        var ours = await tool.RunAsync("keys", "list", "-o", "json");
        Assert.Equal(Names(curl.Out), Names(ours.Out));

        static IEnumerable<string> Names(string json) => JsonElement.Parse(json).GetProperty("data").EnumerateArray().Select(key => key.GetProperty("id").GetString()!);
    }

    [Fact]
    public async Task A_series_is_previewed_created_moved_and_cancelled()
    {
        using var tool = Demo();
        string[] options = ["--timezone", "Europe/Berlin", "--local-time", "02:30", "--duration", "1h30m", "--rrule", "FREQ=WEEKLY;BYDAY=SU"];
        var preview = await tool.RunAsync(["maintenance", "series", "preview", .. options, "--starts-on", "2099-03-29"]);
        Assert.Equal((0, ""), (preview.ExitCode, preview.Error));
        Assert.Contains("\n2099-03-29\t2099-03-29T01:30:00Z\t2099-03-29T03:00:00Z\t2099-03-29T03:30:00+02:00\t2099-03-29T05:00:00+02:00\tgap\n", preview.Out);

        var today = DateTime.UtcNow.ToString("yyyy-MM-dd");
        var series = Fields(await tool.RunAsync(["maintenance", "series", "create", "--title", "Series end to end", "--description", "", .. options, "--starts-on", today]));
        var windows = await OccurrencesAsync();
        Assert.InRange(windows.Count, 8, 9); // Sundays of 60 days
        Assert.All(windows, window => Assert.Equal("scheduled", window[1]));
        var moved = Fields(await tool.RunAsync("maintenance", "series", "update", series["id"][..12], "--duration", "PT2H"));
        Assert.Equal((series["id"], "PT2H"), (moved["id"], moved["duration"]));
        Assert.All(await OccurrencesAsync(), window => Assert.Equal(TimeSpan.FromHours(2), DateTimeOffset.Parse(window[4]) - DateTimeOffset.Parse(window[3])));
        Assert.Equal((series["id"], "Europe/Berlin"), (Fields(await tool.RunAsync("maintenance", "show", windows[0][0]))["series_id"], moved["timezone"]));
        windows = await OccurrencesAsync();
        var over = await tool.RunAsync("maintenance", "schedule", "--title", "Over an occurrence", "--description", "", "--starts-at", windows[0][3], "--ends-at", windows[0][4]);
        Assert.Equal((0, $"xeroctl: warning: “Series end to end” is planned for the same service at the same time. ({windows[0][0]})\n"), (over.ExitCode, over.Error));
        Assert.Equal(0, (await tool.RunAsync("maintenance", "cancel", over.Out.Split('\n')[0].Split('\t')[1])).ExitCode);
        Assert.NotEmpty(Fields(await tool.RunAsync("maintenance", "series", "cancel", series["id"]))["cancelled_at"]);
        Assert.All(await OccurrencesAsync(), window => Assert.Equal("cancelled", window[1]));
        Assert.Contains($"{series["id"]}\tSeries end to end\t", (await tool.RunAsync("maintenance", "series", "list")).Out);

        async Task<List<string[]>> OccurrencesAsync() =>
            [.. (await tool.RunAsync("maintenance", "list", "--all")).Out.Split('\n').Select(line => line.Split('\t')).Where(columns => columns is [_, _, _, _, _, "Series end to end", ..])];
    }

    [Fact]
    public async Task Health_and_status_are_told()
    {
        using var tool = Demo();
        var dashboard = await tool.RunAsync("health", "dashboard");
        Assert.Equal((0, ""), (dashboard.ExitCode, dashboard.Error));
        Assert.StartsWith($"project\t{cluster.ProjectId}\t", dashboard.Out);
        Assert.Contains("\nrouter\t", dashboard.Out);
        var status = await tool.RunAsync("status");
        Assert.Contains(status.ExitCode, new[] { 0, 8 }); // other tests open windows
        Assert.Contains("indicator\tInference Routing\t", status.Out);
    }

    [Fact]
    public async Task Projects_and_keys_are_made_rotated_and_revoked()
    {
        using var tool = Demo();
        var slug = $"e2e-{Guid.NewGuid():N}"[..20];
        var project = await tool.RunAsync("projects", "create", "--name", "End to end", "--slug", slug);
        Assert.Equal((0, ""), (project.ExitCode, project.Error));
        var id = project.Out.Split('\n')[0].Split('\t')[1];
        Assert.Contains($"{id}\t{slug}\tEnd to end\tfalse\t", (await tool.RunAsync("projects", "list", "--all")).Out);
        Assert.Equal(5, (await tool.RunAsync("projects", "create", "--name", "Again", "--slug", slug)).ExitCode);

        var first = Fields(await tool.RunAsync("keys", "create", "--project", id, "--name", "first", "--scope", "management", "--scope", "inference"));
        tool.Environment["XEROTIER_BASE_URL"] = $"{cluster.Url}{id}/v1";
        tool.Environment["XEROTIER_API_KEY"] = first["key"];
        Assert.Equal(0, (await tool.RunAsync("maintenance", "list")).ExitCode);
        var second = Fields(await tool.RunAsync("keys", "create", "--name", "second", "--scope", "inference", "--expires-at", "+1d"));
        var rotated = Fields(await tool.RunAsync("keys", "rotate", second["id"]));
        Assert.NotEqual(second["key"], rotated["key"]);
        Assert.Equal(0, (await tool.RunAsync("keys", "revoke", second["id"])).ExitCode);
        Assert.Contains($"{second["id"]}\tsecond\trevoked\tinference\t", (await tool.RunAsync("keys", "list")).Out);
        Assert.Equal(3, (await tool.RunAsync("projects", "list", "--api-key", first["key"])).ExitCode);
    }

    [Fact]
    public async Task The_platform_suspends_a_tenant_and_manages_its_keys_and_its_own()
    {
        using var tool = Demo();
        var id = Fields(await tool.RunAsync("projects", "create", "--name", "Tenant", "--slug", $"e2e-{Guid.NewGuid():N}"[..20]))["id"];
        var key = Fields(await tool.RunAsync("projects", "keys", "create", id, "--name", "first", "--scope", "management"));
        using var tenant = Demo();
        tenant.Environment["XEROTIER_BASE_URL"] = $"{cluster.Url}{id}/v1";
        tenant.Environment["XEROTIER_API_KEY"] = key["key"];
        Assert.Equal(0, (await tenant.RunAsync("keys", "list")).ExitCode);

        Assert.NotEmpty(Fields(await tool.RunAsync("projects", "suspend", id))["suspended_at"]);
        Assert.Contains("\tsuspended\n", (await tool.RunAsync("projects", "list", "--limit", "1")).Out);
        await Eventually.TrueAsync(async () => (await tenant.RunAsync("keys", "list")).ExitCode == 3, "suspended");
        Assert.Contains("project_suspended", (await tenant.RunAsync("keys", "list")).Error);
        Assert.Equal("", Fields(await tool.RunAsync("projects", "resume", id))["suspended_at"]);
        await Eventually.TrueAsync(async () => (await tenant.RunAsync("keys", "list")).ExitCode == 0, "resumed");

        Assert.Contains($"{key["id"]}\tfirst\tvalid\tmanagement\t", (await tool.RunAsync("projects", "keys", "list", id)).Out);
        Assert.Equal(0, (await tool.RunAsync("projects", "keys", "revoke", id, key["id"])).ExitCode);
        await Eventually.TrueAsync(async () => (await tenant.RunAsync("keys", "list")).ExitCode == 3, "revoked");

        var ops = Fields(await tool.RunAsync("platform", "keys", "create", "--name", "ops"));
        Assert.Equal("platform", ops["scopes"]);
        Assert.NotEqual(ops["key"], Fields(await tool.RunAsync("platform", "keys", "rotate", ops["id"]))["key"]);
        Assert.Equal(0, (await tool.RunAsync("platform", "keys", "revoke", ops["id"])).ExitCode);
        Assert.Contains($"{ops["id"]}\tops\trevoked\tplatform\t", (await tool.RunAsync("platform", "keys", "list")).Out);
    }

    private static Dictionary<string, string> Fields(ToolResult result)
    {
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        return result.Out.TrimEnd('\n').Split('\n').Select(line => line.Split('\t')).ToDictionary(fields => fields[0], fields => fields[1]);
    }

    /// <summary>A tool with the variables of demo.env.</summary>
    private Tool Demo() => new()
    {
        Environment =
        {
            ["XEROTIER_BASE_URL"] = cluster.BaseUrl,
            ["XEROTIER_API_KEY"] = cluster.ApiKey,
            ["XEROTIER_PLATFORM_KEY"] = cluster.PlatformKey,
        },
    };

    public sealed class ClusterFixture : IAsyncLifetime
    {
        public Cluster Cluster { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Cluster = await Cluster.StartAsync();

        public ValueTask DisposeAsync() => Cluster.DisposeAsync();
    }
}
