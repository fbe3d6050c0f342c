using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using Xerotier.Gateway.Tests.Description;
using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests;

public sealed class OpenApiTests(PostgresFixture postgres)
{
    private static readonly string FilePath = Path.Combine(Solution.Folder, "Gateway", "openapi.json");

    [Fact]
    public async Task The_description_is_made_of_the_routes_and_the_contracts() =>
        Assert.True(await MakeAsync() == await File.ReadAllTextAsync(FilePath), "Gateway/openapi.json is not what the code says: run eng/openapi and commit.");

    [Fact(Explicit = true)]
    public async Task Make_the_description_again() => await File.WriteAllTextAsync(FilePath, await MakeAsync());

    [Fact]
    public async Task The_description_is_valid_and_served()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        var text = await gateway.Http.GetStringAsync("/openapi/v1.json");
        Assert.Equal(await File.ReadAllTextAsync(FilePath), text);
        var read = OpenApiDocument.Parse(text, OpenApiConstants.Json);
        Assert.Empty(read.Diagnostic!.Errors);
        Assert.Empty(read.Diagnostic.Warnings);
        Assert.Equal(OpenApiSpecVersion.OpenApi3_1, read.Diagnostic.SpecificationVersion);
    }

    [Fact]
    public async Task The_description_describes_every_route_and_nothing_else()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        var document = JsonNode.Parse(await gateway.Http.GetStringAsync("/openapi/v1.json"))!;
        var described = Operations(document).ToDictionary(o => $"{o.Method} {o.Path}", o => o.Operation);
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

    [Fact]
    public async Task Every_event_has_a_webhook_whose_example_fits_its_schema()
    {
        var check = new OpenApiCheck(new HttpClientHandler());
        var document = JsonNode.Parse(await File.ReadAllTextAsync(FilePath))!;
        var events = document["components"]!["schemas"]!["Subscription"]!["properties"]!["events"]!["items"]!["enum"]!.AsArray().Select(type => type!.GetValue<string>());
        var webhooks = document["webhooks"]!.AsObject();
        Assert.Equal([.. events, "subscription.test"], webhooks.Select(webhook => webhook.Key));
        foreach (var (type, webhook) in webhooks)
        {
            var body = webhook!["post"]!["requestBody"]!["content"]!["application/json"]!;
            Assert.Equal((type, null), (type, check.Error(body["schema"]!, body["example"])));
            Assert.Equal(type, body["example"]!["type"]!.GetValue<string>());
            Assert.Equal(type, body["schema"]!["properties"]!["type"]!["const"]!.GetValue<string>());
        }
    }

    [Fact]
    public async Task Everything_has_a_description_and_an_example()
    {
        var document = JsonNode.Parse(await File.ReadAllTextAsync(FilePath))!;
        var missing = new List<string>();
        foreach (var (method, path, operation) in Operations(document))
        {
            Need(operation, $"{method} {path}", "summary", "description");
            foreach (var parameter in operation["parameters"]?.AsArray().Where(p => p!["$ref"] is null) ?? [])
            {
                Need(parameter!, $"{method} {path} {parameter!["name"]}", "description", "example");
            }

            var bodies = new[] { operation["requestBody"] }.Concat(operation["responses"]!.AsObject().Select(r => r.Value)).Select(body => body?["content"]?["application/json"]);
            foreach (var body in bodies.OfType<JsonObject>())
            {
                Need(body, $"{method} {path}", "example");
            }
        }

        foreach (var (kind, needs) in new[] { ("parameters", new[] { "description", "example" }), ("headers", ["description", "example"]), ("responses", ["description"]), ("schemas", ["description"]) })
        {
            foreach (var (name, component) in document["components"]![kind]!.AsObject())
            {
                Need(component!, $"{kind} {name}", needs);
            }
        }

        foreach (var (name, schema) in document["components"]!["schemas"]!.AsObject())
        {
            foreach (var (property, value) in schema!["properties"]?.AsObject() ?? [])
            {
                // What is made of records has the examples of their properties.
                var isMadeOfRecords = value!["$ref"] is not null || value["items"]?["$ref"] is not null || value["anyOf"] is not null;
                Need(value, $"{name}.{property}", isMadeOfRecords ? ["description"] : ["description", "examples"]);
            }
        }

        Assert.Empty(missing);

        void Need(JsonNode node, string where, params string[] keys) => missing.AddRange(keys.Where(key => node[key] is null && !node.AsObject().ContainsKey(key)).Select(key => $"{where}: {key}"));
    }

    [Fact]
    public async Task Every_example_fits_its_schema()
    {
        var check = new OpenApiCheck(new HttpClientHandler());
        var document = JsonNode.Parse(await File.ReadAllTextAsync(FilePath))!;
        var wrong = new List<string>();
        foreach (var (method, path, operation) in Operations(document))
        {
            var bodies = new[] { operation["requestBody"] }.Concat(operation["responses"]!.AsObject().Select(r => r.Value)).Select(body => body?["content"]?["application/json"]);
            wrong.AddRange(bodies.OfType<JsonObject>().Select(body => check.Error(body["schema"]!, body["example"]) is { } error ? $"{method} {path}: {error}" : null).OfType<string>());
        }

        foreach (var (name, response) in document["components"]!["responses"]!.AsObject())
        {
            var body = response!["content"]!["application/json"]!;
            wrong.AddRange(check.Error(body["schema"]!, body["example"]) is { } error ? [$"{name}: {error}"] : []);
        }

        foreach (var (name, schema) in document["components"]!["schemas"]!.AsObject())
        {
            foreach (var (property, value) in schema!["properties"]?.AsObject() ?? [])
            {
                wrong.AddRange((value!["examples"]?.AsArray() ?? []).Select(example => check.Error(value, example)).OfType<string>().Select(error => $"{name}.{property}: {error}"));
            }
        }

        foreach (var (name, parameter) in document["components"]!["parameters"]!.AsObject())
        {
            wrong.AddRange(check.Error(parameter!["schema"]!, parameter["example"]) is { } error ? [$"{name}: {error}"] : []);
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    private static IEnumerable<(string Method, string Path, JsonNode Operation)> Operations(JsonNode document) =>
        from path in document["paths"]!.AsObject()
        from operation in path.Value!.AsObject()
        where operation.Key != "parameters"
        select (operation.Key.ToUpperInvariant(), path.Key, operation.Value!);

    private async Task<string> MakeAsync()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        return await OpenApiWriter.WriteAsync(gateway.Service.Services.GetRequiredService<Routes>().All);
    }
}
