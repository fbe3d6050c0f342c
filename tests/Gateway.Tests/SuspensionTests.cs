using Grpc.Core;
using Grpc.Net.Client;
using Xerotier.Health.V1;
using Xerotier.Projects.V1;
using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests;

public sealed class SuspensionTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Suspending_ends_a_projects_keys_and_streams_on_every_Gateway_and_resuming_undoes_it()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        await using var first = await TestGateway.StartAsync(database);
        await using var second = await TestGateway.StartAsync(database, platformKey: first.PlatformKey);
        var (project, other) = (await first.CreateProjectAsync(), await first.CreateProjectAsync());
        var (_, key) = await first.CreateKeyAsync(project, "management", "heartbeat");
        var (_, otherKey) = await first.CreateKeyAsync(other, "management", "heartbeat");
        var heartbeats = new { heartbeats = Array.Empty<object>() };
        Assert.Equal(200, (await second.SendAsync("POST", $"/{project}/v1/heartbeats", key, heartbeats)).Status);
        using var channel = GrpcChannel.ForAddress(second.Service.GrpcAddress);
        var client = new Heartbeats.HeartbeatsClient(channel);
        using var call = client.Report(new Metadata { { "authorization", $"Bearer {key}" } });
        await call.RequestStream.WriteAsync(new ReportRequest { Heartbeats = { new Heartbeat() } });
        Assert.True(await call.ResponseStream.MoveNext());

        var (status, answer) = await first.SendAsync("POST", $"/v1/platform/projects/{project}/suspend", first.PlatformKey);
        Assert.Equal(200, status);
        var at = answer!["suspended_at"]!.GetValue<string>();
        var ended = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext().WaitAsync(TimeSpan.FromSeconds(3)));
        Assert.Equal((StatusCode.PermissionDenied, "project_suspended"), (ended.StatusCode, ended.Trailers.GetValue("xerotier-error-code")));
        foreach (var (method, path, body) in new (string, string, object?)[] { ("POST", "heartbeats", heartbeats), ("GET", "management/maintenance", null), ("GET", "health/dashboard", null) })
        {
            await Eventually.TrueAsync(async () => (await second.SendAsync(method, $"/{project}/v1/{path}", key, body)).Status == 403, path, seconds: 3);
            (_, answer) = await second.SendAsync(method, $"/{project}/v1/{path}", key, body);
            Assert.Equal("project_suspended", answer!["error"]!["code"]!.GetValue<string>());
        }

        using var again = client.Report(new Metadata { { "authorization", $"Bearer {key}" } });
        Assert.Equal(StatusCode.PermissionDenied, (await Assert.ThrowsAsync<RpcException>(() => again.ResponseStream.MoveNext())).StatusCode);
        var (_, unseen) = await first.CreateKeyAsync(project, "management");
        Assert.Equal(403, (await second.SendAsync("GET", $"/{project}/v1/management/keys", unseen)).Status);
        Assert.Equal(200, (await second.SendAsync("POST", $"/{other}/v1/heartbeats", otherKey, heartbeats)).Status);

        (status, answer) = await second.SendAsync("POST", $"/v1/platform/projects/{project}/suspend", first.PlatformKey);
        Assert.Equal((200, at), (status, answer!["suspended_at"]!.GetValue<string>()));
        (_, answer) = await second.SendAsync("GET", "/v1/platform/projects", first.PlatformKey);
        Assert.Equal([null, at], answer!["data"]!.AsArray().Select(p => p!["suspended_at"]?.GetValue<string>()));

        for (var i = 0; i < 2; i++)
        {
            (status, answer) = await first.SendAsync("POST", $"/v1/platform/projects/{project}/resume", first.PlatformKey);
            Assert.Equal((200, true), (status, answer!["suspended_at"] is null));
        }

        await Eventually.TrueAsync(async () => (await second.SendAsync("POST", $"/{project}/v1/heartbeats", key, heartbeats)).Status == 200, "resumed", seconds: 3);
        Assert.Equal(["created", "suspended", "resumed"], await PostgresFixture.ColumnAsync(database, $"select action from project_events where project_id = '{project}' order by change"));
    }

    [Fact]
    public async Task A_project_of_the_platform_cannot_be_suspended()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        var project = await gateway.CreateProjectAsync(platform: true);
        var (status, answer) = await gateway.SendAsync("POST", $"/v1/platform/projects/{project}/suspend", gateway.PlatformKey);
        Assert.Equal((409, "invalid_state_transition"), (status, answer!["error"]!["code"]!.GetValue<string>()));
        Assert.Equal(200, (await gateway.SendAsync("POST", $"/v1/platform/projects/{project}/resume", gateway.PlatformKey)).Status);
    }

    [Fact]
    public async Task Other_services_watch_the_suspended_projects_on_the_internal_port_alone()
    {
        await using var own = await TestPostgres.StartAsync();
        var port = TestPorts.Free();
        await using var gateway = await TestGateway.StartAsync(await own.CreateDatabaseAsync<Program>(), settings: new() { ["INTERNAL_PORT"] = $"{port}" });
        var (first, second) = (await gateway.CreateProjectAsync(), await gateway.CreateProjectAsync());
        await SuspendAsync(first);
        using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{port}");
        var feed = new ProjectFeed.ProjectFeedClient(channel);
        using var watch = feed.WatchProjects(new(), Token(TestTokens.ForService()));
        var seen = await NextAsync(watch, response => response.Suspended?.Projects.Select(p => p.Id).Contains(first) == true);
        Assert.Equal([first], seen.Suspended.Projects.Select(p => p.Id));
        Assert.NotNull(seen.Suspended.Projects[0].SuspendedAt);
        Assert.Equal("", seen.OldestOfPlatform);
        var keepalive = await NextAsync(watch, _ => true);
        Assert.Equal((seen.Mark, true), (keepalive.Mark, keepalive.Suspended is null));

        await SuspendAsync(second);
        seen = await NextAsync(watch, response => response.Suspended is not null);
        Assert.Equal(new[] { first, second }.Order(StringComparer.Ordinal), seen.Suspended.Projects.Select(p => p.Id));
        using (var later = feed.WatchProjects(new() { Mark = seen.Mark }, Token(TestTokens.ForService())))
        {
            Assert.Null((await NextAsync(later, _ => true)).Suspended); // nothing has changed since
        }

        var oldest = await gateway.CreateProjectAsync(platform: true);
        await gateway.CreateProjectAsync(platform: true);
        Assert.Equal(oldest, (await NextAsync(watch, response => response.OldestOfPlatform.Length > 0)).OldestOfPlatform);

        foreach (var (target, token, status) in new[]
        {
            (channel, null, StatusCode.Unauthenticated),
            (channel, TestTokens.ForCaller("platform", false, "platform"), StatusCode.Unauthenticated),
            (GrpcChannel.ForAddress(gateway.Service.GrpcAddress), TestTokens.ForService(), StatusCode.Unimplemented),
        })
        {
            using var refused = new ProjectFeed.ProjectFeedClient(target).WatchProjects(new(), Token(token));
            Assert.Equal(status, (await Assert.ThrowsAsync<RpcException>(() => refused.ResponseStream.MoveNext())).StatusCode);
        }

        await own.KillAsync();
        var lost = await Assert.ThrowsAsync<RpcException>(() => NextAsync(watch, _ => false).WaitAsync(TimeSpan.FromSeconds(15)));
        Assert.Equal(StatusCode.Unavailable, lost.StatusCode);

        async Task SuspendAsync(string project) => Assert.Equal(200, (await gateway.SendAsync("POST", $"/v1/platform/projects/{project}/suspend", gateway.PlatformKey)).Status);

        static Metadata Token(string? token) => token is null ? [] : new() { { "authorization", $"Bearer {token}" } };
    }

    private static async Task<WatchProjectsResponse> NextAsync(AsyncServerStreamingCall<WatchProjectsResponse> watch, Func<WatchProjectsResponse, bool> isWanted)
    {
        while (await watch.ResponseStream.MoveNext())
        {
            if (isWanted(watch.ResponseStream.Current))
            {
                return watch.ResponseStream.Current;
            }
        }

        throw new InvalidOperationException("The stream has ended.");
    }
}
