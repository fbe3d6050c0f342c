using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests;

public sealed partial class RequestsFileTests(PostgresFixture postgres)
{
    [Fact]
    public async Task The_requests_file_has_every_route()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        var requests = from line in await File.ReadAllLinesAsync(Path.Combine(Solution.Folder, "requests.http"))
                       where RequestLine().IsMatch(line)
                       let path = line.Replace("{{gateway}}", "", StringComparison.Ordinal).Replace("{{base}}", "/{project_id}/v1", StringComparison.Ordinal).Split('?')[0]
                       select Variable().Replace(path, "{id}");
        var routes = from route in gateway.Service.Services.GetRequiredService<Routes>().All
                     where route is { IsGrpc: false, Pattern: not "/" }
                     select $"{route.Method} {route.Pattern.Replace("projects/{project_id}", "projects/{id}", StringComparison.Ordinal).Replace("{uid}", "{id}", StringComparison.Ordinal).Replace("{delivery_id}", "{id}", StringComparison.Ordinal).Replace("{token}", "{id}", StringComparison.Ordinal).Replace("{name}", "{id}", StringComparison.Ordinal).Replace("{path}", "{id}", StringComparison.Ordinal)}";
        Assert.Empty(routes.Except(requests));
    }

    [GeneratedRegex("^(GET|POST|PATCH|DELETE) ")]
    private static partial Regex RequestLine();

    [GeneratedRegex(@"\{\{[^}]+\}\}")]
    private static partial Regex Variable();
}
