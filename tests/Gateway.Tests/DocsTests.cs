using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests;

public sealed partial class DocsTests(PostgresFixture postgres)
{
    [Fact]
    public async Task The_reference_has_every_operation_error_and_object_and_no_dead_link()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        var html = await gateway.Http.GetStringAsync("/docs");
        var document = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Solution.Folder, "Gateway", "openapi.json")))!;
        var ids = Ids().Matches(html).Select(match => match.Groups["id"].Value).ToList();
        Assert.Equal(ids.Count, ids.Distinct().Count());
        var operations = document["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject()).Where(o => o.Key != "parameters").Select(o => o.Value!["operationId"]!.GetValue<string>());
        Assert.Empty(operations.Concat(document["components"]!["schemas"]!.AsObject().Select(schema => schema.Key)).Except(ids));
        Assert.Empty(Links().Matches(html).Select(match => match.Groups["id"].Value).Except(ids));
    }

    [Fact]
    public async Task The_reference_needs_nothing_from_elsewhere_and_is_cached()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        using var response = await gateway.Http.GetAsync("/docs");
        var html = await response.Content.ReadAsStringAsync();
        Assert.Equal("text/html", response.Content.Headers.ContentType!.MediaType);
        var policy = Assert.Single(response.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("default-src 'none'", policy);
        Assert.Contains("script-src 'none'", policy);
        Assert.Contains("style-src 'sha256-", policy);
        Assert.DoesNotContain("unsafe", policy);
        Assert.DoesNotContain("<script", html);
        Assert.DoesNotContain(" style=", html);
        Assert.DoesNotContain("src=", html);
        Assert.True(html.Length < 450_000, $"{html.Length} characters");

        using var again = new HttpRequestMessage(HttpMethod.Get, "/docs") { Headers = { IfNoneMatch = { response.Headers.ETag! } } };
        using var unmodified = await gateway.Http.SendAsync(again);
        Assert.Equal(304, (int)unmodified.StatusCode);
    }

    [Fact]
    public async Task Commands_use_the_variables_of_the_demo_project()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        var text = System.Net.WebUtility.HtmlDecode(await gateway.Http.GetStringAsync("/docs"));
        Assert.Contains("curl \"$XEROTIER_URL/status.json\"", text);
        Assert.Contains("curl -X PATCH \"$XEROTIER_BASE_URL/management/maintenance/mw_7k3q0c1v2b3n4m5x6z7a\" \\\n  -H \"Authorization: Bearer $XEROTIER_API_KEY\" \\\n  -H \"Content-Type: application/json\" \\\n  -d '{", text);
        Assert.Contains("curl -X POST \"$XEROTIER_URL/v1/platform/projects\" \\\n  -H \"Authorization: Bearer $XEROTIER_PLATFORM_KEY\"", text);
        Assert.DoesNotContain("{project_id}\"", text);
    }

    [GeneratedRegex("\\sid=\"(?<id>[^\"]+)\"")]
    private static partial Regex Ids();

    [GeneratedRegex("href=\"#(?<id>[^\"]+)\"")]
    private static partial Regex Links();
}
