using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace Xerotier.Gateway.Tests;

public sealed class OpenApiTests(PostgresFixture postgres)
{
    [Fact]
    public async Task The_description_is_valid_and_describes_every_route_and_nothing_else()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync());
        var text = await gateway.Http.GetStringAsync("/openapi/v1.json");
        var read = OpenApiDocument.Parse(text, OpenApiConstants.Json);
        Assert.Empty(read.Diagnostic!.Errors);
        Assert.Empty(read.Diagnostic.Warnings);
        Assert.Equal(OpenApiSpecVersion.OpenApi3_1, read.Diagnostic.SpecificationVersion);

        var document = JsonNode.Parse(text)!;
        var described = (
            from path in document["paths"]!.AsObject()
            from operation in path.Value!.AsObject()
            where operation.Key != "parameters"
            select (Line: $"{operation.Key.ToUpperInvariant()} {path.Key}", Operation: operation.Value!)).ToDictionary(o => o.Line, o => o.Operation);
        var routes = gateway.Service.Services.GetRequiredService<Routes>().All;
        Assert.Equal(routes.Select(r => $"{r.Method} {r.Pattern}").Order(), described.Keys.Order());
        foreach (var route in routes)
        {
            var operation = described[$"{route.Method} {route.Pattern}"];
            var scopes = operation["security"]!.AsArray().SelectMany(s => s!["apiKey"]!.AsArray().Select(scope => scope!.GetValue<string>()));
            Assert.Equal(
                route.Access switch
                {
                    Access.Management => ["management"],
                    Access.Heartbeat => ["heartbeat"],
                    Access.Platform => ["platform"],
                    Access.AnyHeartbeat => ["heartbeat", "platform"],
                    _ => Array.Empty<string>(),
                },
                scopes);
            Assert.Equal(route.Access == Access.Public, operation["security"]!.AsArray().Count == 0);
            foreach (var status in route.Access == Access.Public ? ["405", "413", "500"] : new[] { "401", "403", "404", "405", "413", "429", "500", "503", "504" })
            {
                Assert.True(operation["responses"]!.AsObject().ContainsKey(status), $"{route.Method} {route.Pattern} lacks {status}");
            }
        }
    }
}
