namespace Xerotier.Xeroctl.Tests;

/// <summary>The configuration file, its contexts, and what comes before what.</summary>
public sealed class ConfigTests
{
    private const string OtherKey = "xero_other_AAAAAAAAAABBBBBBBBBBCCCCCCCCCCDDDDDDDDDDEEE";

    [Fact]
    public async Task Flags_come_before_the_environment_and_that_before_the_file()
    {
        using var tool = new Tool();
        tool.WriteConfig($"""
            current = "one"
            [deployment.one]
            base_url = "http://file.test/proj_FILE01/v1"
            api_key = "{Samples.Key}"
            [deployment.two]
            base_url = "http://two.test/prefix/proj_TWO002/v1/"
            api_key_env = "TWO_KEY"
            """);
        Assert.Equal("GET http://file.test/proj_FILE01/v1/management/maintenance|Authorization: Bearer xero_demo_****", await RequestAsync(tool));

        tool.Environment["TWO_KEY"] = OtherKey;
        const string Two = "GET http://two.test/prefix/proj_TWO002/v1/management/maintenance|Authorization: Bearer xero_other_****";
        Assert.Equal(Two, await RequestAsync(tool, "--context", "two"));

        tool.Environment["XEROTIER_BASE_URL"] = "http://environment.test/proj_ENV001/v1";
        Assert.Equal("GET http://environment.test/proj_ENV001/v1/management/maintenance|Authorization: Bearer xero_demo_****", await RequestAsync(tool));
        tool.Environment["XEROTIER_API_KEY"] = OtherKey;
        Assert.Equal("GET http://environment.test/proj_ENV001/v1/management/maintenance|Authorization: Bearer xero_other_****", await RequestAsync(tool));
        Assert.Equal("GET http://flag.test/proj_FLAG01/v1/management/maintenance|Authorization: Bearer xero_demo_****", await RequestAsync(tool, "--base-url", "http://flag.test/proj_FLAG01/v1", "--api-key", Samples.Key));

        // A context that is named is a flag too.
        Assert.Equal(Two, await RequestAsync(tool, "--context", "two"));
    }

    [Theory]
    [InlineData("current = \"prod", 1, "")]
    [InlineData("# fine\ncurrent = 7\n", 2, "'current' must be a quoted string")]
    [InlineData("current = \"prod\"\n[deployment.prod]\nbase_ulr = \"x\"\n", 3, "'base_ulr' is not known here")]
    [InlineData("current = \"prod\"\n[deployment.prod]\nbase_url = \"https://host/v1\"\napi_key = \"k\"\n", 3, "names no project; use the form https://host/<project id>/v1")]
    [InlineData("current = \"prod\"\n[deployment.prod]\nbase_url = \"https://host/proj_ABC123\"\napi_key = \"k\"\n", 3, "does not end in a project id and /v1")]
    [InlineData("current = \"prod\"\n[deployment.prod]\nbase_url = \"ftp://host/proj_ABC123/v1\"\napi_key = \"k\"\n", 3, "is not an http or https URL")]
    [InlineData("current = \"prod\"\n[deployment.prod]\napi_key = \"k\"\n", 2, "has no base_url")]
    [InlineData("current = \"prod\"\n\n[deployment.prod]\nbase_url = \"https://host/proj_ABC123/v1\"\napi_key = \"k\"\noutput = \"xml\"\n", 6, "output must be")]
    [InlineData("current = \"prod\"\n[deployment.prod]\nbase_url = \"https://host/proj_ABC123/v1\"\napi_key = \"k\"\napi_key_env = \"K\"\n", 5, "both api_key and api_key_env")]
    [InlineData("current = \"gone\"\n[deployment.prod]\nbase_url = \"https://host/proj_ABC123/v1\"\napi_key = \"k\"\n", 1, "no context 'gone'")]
    [InlineData("[servers.prod]\nbase_url = \"x\"\n", 1, "[servers.prod] is not known here")]
    public async Task What_is_wrong_with_the_file_is_one_sentence_with_file_and_line(string text, int line, string why)
    {
        using var tool = new Tool();
        tool.WriteConfig(text);
        var result = await tool.RunAsync("maintenance", "list");
        Assert.Equal(2, result.ExitCode);
        Assert.StartsWith($"xeroctl: {tool.ConfigPath}:{line}: ", result.Error);
        Assert.Contains(why, result.Error);
        Assert.Single(result.Error.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public async Task What_is_missing_is_said_with_what_to_do()
    {
        using var tool = new Tool();
        var nothing = await tool.RunAsync("maintenance", "list");
        Assert.Equal(2, nothing.ExitCode);
        Assert.Contains("xeroctl config init", nothing.Error);
        var context = await tool.RunAsync("maintenance", "list", "--context", "prod");
        Assert.Equal(2, context.ExitCode);
        Assert.Contains($"no context 'prod' in {tool.ConfigPath}", context.Error);
        tool.Environment["XEROTIER_BASE_URL"] = "http://127.0.0.1:1/proj_ABC123/v1";
        Assert.Equal(3, (await tool.RunAsync("maintenance", "list")).ExitCode);
        tool.WriteConfig("current = \"p\"\n[deployment.p]\nbase_url = \"http://127.0.0.1:1/proj_ABC123/v1\"\napi_key_env = \"NOT_SET\"\n");
        var unset = await tool.RunAsync("maintenance", "list");
        Assert.Equal(3, unset.ExitCode);
        Assert.Contains($"{tool.ConfigPath}:4: the variable 'NOT_SET'", unset.Error);
    }

    [Fact]
    public async Task A_file_that_cannot_be_read_is_said_so()
    {
        using var tool = new Tool();
        Directory.CreateDirectory(tool.ConfigPath);
        var folder = await tool.RunAsync("config", "list");
        Assert.Equal(2, folder.ExitCode);
        Assert.Contains($"{tool.ConfigPath}:1: the configuration cannot be read", folder.Error);
        Directory.Delete(tool.ConfigPath);
        File.WriteAllBytes(tool.ConfigPath, [0xff, 0xfe]);
        Assert.Equal(2, (await tool.RunAsync("config", "list")).ExitCode);
    }

    [Fact]
    public async Task Contexts_are_added_used_and_listed_and_comments_stay()
    {
        using var tool = new Tool();
        var added = await tool.RunAsync("config", "add", "prod", "--base-url", "https://xerotier.ai/proj_ABC123/v1", "--api-key", Samples.Key);
        Assert.Equal((0, ""), (added.ExitCode, added.Out));
        Assert.Equal($"current = \"prod\"\n\n[deployment.prod]\nbase_url = \"https://xerotier.ai/proj_ABC123/v1\"\napi_key = \"{Samples.Key}\"\n", File.ReadAllText(tool.ConfigPath));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(tool.ConfigPath));

        File.WriteAllText(tool.ConfigPath, "# ours\n" + File.ReadAllText(tool.ConfigPath) + "# the end\n");
        File.SetUnixFileMode(tool.ConfigPath, (UnixFileMode)0b110_100_100);
        Assert.Equal(0, (await tool.RunAsync("config", "add", "staging", "--base-url", "https://staging.test/proj_XYZ789/v1", "--api-key-env", "STAGING_KEY", "-o", "json")).ExitCode);
        Assert.Equal(0, (await tool.RunAsync("config", "use", "staging")).ExitCode);
        string[] again = ["config", "add", "prod", "--base-url", "https://other.test/proj_ABC123/v1", "--api-key", OtherKey];
        Assert.Equal(1, (await tool.TerminalAsync([("Replace it? [y/N]", "n\n")], 80, again)).ExitCode);
        Assert.Equal("Context 'prod' is replaced; run 'xeroctl config use prod' to make it current.\n", (await tool.RunAsync(again)).Error);
        Assert.Equal(
            $"""
            # ours
            current = "staging"

            [deployment.prod]
            base_url = "https://other.test/proj_ABC123/v1"
            api_key = "{OtherKey}"
            # the end

            [deployment.staging]
            base_url = "https://staging.test/proj_XYZ789/v1"
            api_key_env = "STAGING_KEY"
            output = "json"

            """,
            File.ReadAllText(tool.ConfigPath));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(tool.ConfigPath));
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(tool.ConfigPath)!));

        Assert.Equal(
            "CURRENT\tNAME\tBASE URL\tAPI KEY\tOUTPUT\n\tprod\thttps://other.test/proj_ABC123/v1\txero_other_****\ttable\n*\tstaging\thttps://staging.test/proj_XYZ789/v1\t$STAGING_KEY\tjson\n",
            (await tool.RunAsync("config", "list", "-o", "table")).Out);
        var shown = (await tool.RunAsync("config", "show", "prod")).Out;
        Assert.Contains($"base_url\thttps://other.test/proj_ABC123/v1\t{tool.ConfigPath}:5\n", shown);
        Assert.Contains("api_key\txero_other_****\t", shown);
        Assert.Equal(2, (await tool.RunAsync("config", "use", "gone")).ExitCode);
    }

    [Fact]
    public async Task A_file_behind_a_link_is_written_where_it_is()
    {
        using var tool = new Tool();
        tool.WriteConfig("");
        var real = tool.ConfigPath + ".real";
        File.Move(tool.ConfigPath, real);
        File.CreateSymbolicLink(tool.ConfigPath, real);
        Assert.Equal(0, (await tool.RunAsync("config", "add", "p", "--base-url", "https://h.test/proj_ABC123/v1", "--api-key", "k")).ExitCode);
        Assert.Contains("[deployment.p]", File.ReadAllText(real));
        Assert.NotNull(File.ResolveLinkTarget(tool.ConfigPath, false));
    }

    [Fact]
    public async Task Init_writes_only_what_the_server_accepts()
    {
        await using var api = await TestApi.StartAsync((context, _) => context.Request.Headers.Authorization == $"Bearer {Samples.Key}"
            ? TestApi.WriteAsync(context, 200, """{"object":"health_dashboard"}""")
            : TestApi.WriteAsync(context, 401, Samples.Error("invalid_api_key", "The API key is not valid.")));
        using var tool = new Tool();
        var url = $"{api.Url}proj_ABC123/v1";
        var refused = await tool.RunAsync("config", "init", "--base-url", url, "--api-key", OtherKey);
        Assert.Equal(3, refused.ExitCode);
        Assert.Contains("401 invalid_api_key", refused.Error);
        Assert.False(File.Exists(tool.ConfigPath));

        Assert.Equal(0, (await tool.RunAsync("config", "init", "--base-url", url, "--api-key", Samples.Key)).ExitCode);
        Assert.Contains("current = \"default\"", File.ReadAllText(tool.ConfigPath));
        Assert.Equal("/proj_ABC123/v1/health/dashboard?limit=1", api.Seen.Last().Target);

        var again = await tool.RunAsync("config", "init", "--base-url", url, "--api-key", Samples.Key);
        Assert.Equal(5, again.ExitCode);
        Assert.Equal(0, (await tool.RunAsync("config", "init", "--base-url", url, "--api-key", Samples.Key, "--yes")).ExitCode);
        Assert.Equal(2, (await tool.RunAsync("config", "init", "new")).ExitCode);
    }

    [Fact]
    public async Task Init_asks_a_person_and_hides_the_key()
    {
        await using var api = await TestApi.StartAsync(200, """{"object":"health_dashboard"}""");
        using var tool = new Tool();
        var result = await tool.TerminalAsync(
            [("Base URL", "nonsense\n"), ("is not an http or https URL", $"{api.Url}proj_ABC123/v1\n"), ("API key", $"{Samples.Key}\n")], 80, "config", "init", "asked");
        Assert.Equal(0, result.ExitCode);
        Assert.DoesNotContain(Samples.Key[10..], result.Out);
        Assert.Contains("Context 'asked' is ready and current.", result.Out);
        Assert.Contains($"api_key = \"{Samples.Key}\"", File.ReadAllText(tool.ConfigPath));
    }

    [Fact]
    public async Task A_dry_run_writes_nothing_and_shows_no_key()
    {
        using var tool = new Tool();
        var result = await tool.RunAsync("config", "add", "p", "--base-url", "https://h.test/proj_ABC123/v1", "--api-key", "odd-key", "--dry-run");
        Assert.Equal((0, false), (result.ExitCode, File.Exists(tool.ConfigPath)));
        Assert.Contains("[deployment.p]", result.Out);
        Assert.DoesNotContain("odd-key", result.Out);
    }

    [Fact]
    public async Task A_dry_run_in_a_pipe_prints_the_file_as_it_would_be()
    {
        using var tool = new Tool();
        var comment = $"# {string.Join(' ', Enumerable.Repeat("words", 30))}\n";
        tool.WriteConfig(comment);
        var result = await tool.RunAsync("config", "add", "p", "--base-url", $"https://{new string('h', 60)}.test/a/long/prefix/proj_ABC123/v1", "--api-key-env", "K", "--dry-run");
        await tool.RunAsync("config", "add", "p", "--base-url", $"https://{new string('h', 60)}.test/a/long/prefix/proj_ABC123/v1", "--api-key-env", "K");
        Assert.Equal(File.ReadAllText(tool.ConfigPath), result.Out);
        Assert.Contains(comment, result.Out);
    }

    [Fact]
    public async Task The_current_context_says_how_to_print_where_the_environment_says_all_else()
    {
        const string Answer = """{"object":"list","data":[],"has_more":false}""";
        await using var api = await TestApi.StartAsync(200, Answer);
        using var tool = Tool.For(api.Url);
        tool.WriteConfig("current = \"j\"\n[deployment.j]\noutput = \"json\"\n[deployment.t]\noutput = \"table\"\n");
        Assert.Equal(Answer, (await tool.RunAsync("maintenance", "list")).Out);
        Assert.Contains($"\"output\":\"json\",\"output_source\":\"{tool.ConfigPath}:3\"", (await tool.RunAsync("config", "show")).Out);
        Assert.StartsWith("ID\t", (await tool.RunAsync("maintenance", "list", "-o", "table")).Out);
        Assert.Contains("output\ttable\t--output\n", (await tool.RunAsync("config", "show", "-o", "table")).Out);
        var platform = await tool.RunAsync("projects", "list");
        Assert.Equal(Answer, platform.Out);
    }

    [Fact]
    public async Task Contexts_are_JSON_where_that_is_asked_for_and_never_hold_a_key()
    {
        using var tool = new Tool();
        Assert.Equal("{\"object\":\"list\",\"data\":[]}\n", (await tool.RunAsync("config", "list", "-o", "json")).Out);
        Assert.Equal(
            $$"""{"object":"config","file":"{{tool.ConfigPath}}","file_exists":false,"context":null,"base_url":null,"base_url_source":null,"api_key_source":null,"output":"json","output_source":"--output"}""" + "\n",
            (await tool.RunAsync("config", "show", "-o", "json")).Out);

        tool.WriteConfig($"""
            current = "one"
            [deployment.one]
            base_url = "https://one.test/proj_ONE001/v1"
            api_key = "{OtherKey}"
            [deployment.two]
            base_url = "https://two.test/proj_TWO002/v1"
            api_key_env = "TWO_KEY"
            output = "json"
            """);
        tool.Environment["TWO_KEY"] = Samples.Key;
        Assert.Equal(
            "{\"object\":\"list\",\"data\":["
            + $$"""{"name":"one","current":true,"base_url":"https://one.test/proj_ONE001/v1","api_key_source":"{{tool.ConfigPath}}:4","output":"table"},"""
            + """{"name":"two","current":false,"base_url":"https://two.test/proj_TWO002/v1","api_key_source":"TWO_KEY","output":"json"}]}""" + "\n",
            (await tool.RunAsync("config", "list", "-o", "json")).Out);
        Assert.Equal(
            $$"""{"object":"config","file":"{{tool.ConfigPath}}","file_exists":true,"context":"two","base_url":"https://two.test/proj_TWO002/v1","base_url_source":"{{tool.ConfigPath}}:6","api_key_source":"TWO_KEY","output":"json","output_source":"{{tool.ConfigPath}}:8"}""" + "\n",
            (await tool.RunAsync("config", "show", "two")).Out);
        tool.Environment["XEROTIER_API_KEY"] = OtherKey;
        Assert.Contains("\"api_key_source\":\"XEROTIER_API_KEY\"", (await tool.RunAsync("config", "show", "-o", "json")).Out);
        Assert.Contains("\"api_key_source\":\"--api-key\"", (await tool.RunAsync("config", "show", "-o", "json", "--api-key", "a-given-key")).Out);
    }

    [Fact]
    public async Task A_scope_that_no_projects_key_may_have_is_refused_before_the_server_is_asked()
    {
        await using var api = await TestApi.StartAsync(201, "{}");
        using var tool = Tool.For(api.Url);
        var result = await tool.RunAsync("keys", "create", "--name", "n", "--scope", "platform");
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("heartbeat", result.Error);
        Assert.Empty(api.Seen);
    }

    [Fact]
    public async Task Platform_commands_use_the_platform_key_and_need_no_project()
    {
        await using var api = await TestApi.StartAsync(200, """{"object":"list","data":[{"id":"proj_NEW123","slug":"new","name":"New","platform":true,"created_at":"2026-05-22T02:00:00Z"}],"has_more":false}""");
        using var tool = new Tool();
        tool.Environment["XEROTIER_BASE_URL"] = api.Url.ToString();
        tool.Environment["XEROTIER_API_KEY"] = Samples.Key;
        tool.Environment["XEROTIER_PLATFORM_KEY"] = OtherKey;
        Assert.Equal("ID\tSLUG\tNAME\tPLATFORM\tCREATED\tSTATE\nproj_NEW123\tnew\tNew\ttrue\t2026-05-22T02:00:00Z\tactive\n", (await tool.RunAsync("projects", "list")).Out);
        await tool.RunAsync("projects", "create", "--name", "New", "--slug", "new", "--platform");
        await tool.RunAsync("keys", "create", "--project", "proj_NEW123", "--name", "first", "--scope", "management");
        Assert.Equal(["/v1/platform/projects", "/v1/platform/projects", "/v1/platform/projects/proj_NEW123/keys"], api.Seen.Select(request => request.Target));
        Assert.All(api.Seen, request => Assert.Equal($"Bearer {OtherKey}", request.Headers["Authorization"]));
        Assert.Equal("""{"name":"New","slug":"new","platform":true}""", api.Seen.ElementAt(1).Body);
        Assert.Equal(2, (await tool.RunAsync("maintenance", "list")).ExitCode);
    }

    [Fact]
    public async Task A_platform_key_has_a_context_without_a_project_and_no_projects_key_takes_its_place()
    {
        const string PlatformKey = "xero_platform_AAAAAAAAAABBBBBBBBBBCCCCCCCCCCDDDDDDDDDDEEE";
        await using var api = await TestApi.StartAsync(200, Samples.List(false));
        using var tool = new Tool();
        Assert.Equal(2, (await tool.RunAsync("config", "init", "ops", "--base-url", api.Url.ToString(), "--api-key", Samples.Key)).ExitCode);
        Assert.Equal(2, (await tool.RunAsync("config", "add", "ops", "--base-url", api.Url.ToString(), "--api-key-env", "OPS_KEY")).ExitCode);
        tool.Environment["OPS_KEY"] = PlatformKey;
        Assert.Equal(0, (await tool.RunAsync("config", "add", "variable", "--base-url", api.Url.ToString(), "--api-key-env", "OPS_KEY")).ExitCode);
        Assert.Equal(0, (await tool.RunAsync("config", "init", "ops", "--base-url", api.Url.ToString(), "--api-key", PlatformKey)).ExitCode);
        Assert.Equal("/v1/platform/projects?limit=1", api.Seen.Single().Target);
        Assert.Equal(0, (await tool.RunAsync("config", "add", "prod", "--base-url", $"{api.Url}proj_ABC123/v1", "--api-key", Samples.Key)).ExitCode);

        tool.Environment["XEROTIER_PLATFORM_KEY"] = OtherKey;
        const string Ours = "Bearer xero_platform_****";
        const string Environments = "Bearer xero_other_****";
        foreach (var (context, key) in new[] { ("ops", Ours), ("variable", Ours), ("prod", Environments) })
        {
            Assert.Contains(key, (await tool.RunAsync("projects", "list", "--dry-run", "-c", context)).Out);
        }

        Assert.Contains(Environments, (await tool.RunAsync("projects", "list", "--dry-run")).Out);
        tool.Environment.Remove("XEROTIER_PLATFORM_KEY");
        Assert.Contains(Ours, (await tool.RunAsync("projects", "list", "--dry-run")).Out);
        var windows = await tool.RunAsync("maintenance", "list");
        Assert.Equal(2, windows.ExitCode);
        Assert.Contains("names no project", windows.Error);
    }

    private static async Task<string> RequestAsync(Tool tool, params string[] flags)
    {
        var result = await tool.RunAsync(["maintenance", "list", "--dry-run", .. flags]);
        Assert.Equal("", result.Error);
        return string.Join('|', result.Out.Split('\n').Take(2));
    }
}
