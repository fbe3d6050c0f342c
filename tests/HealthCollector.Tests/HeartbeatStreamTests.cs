using System.Diagnostics;
using System.Net;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Xerotier.Health.V1;
using Xerotier.ServiceDefaults;
using Xerotier.TestKit;
using static Xerotier.HealthCollector.Tests.TestHeartbeats;

namespace Xerotier.HealthCollector.Tests;

public sealed class HeartbeatStreamTests(RedisFixture redis) : RedisTests(redis)
{
    [Fact]
    public async Task A_malformed_heartbeat_gets_its_own_error_and_the_stream_lives_on()
    {
        using var collector = new Collector(Redis.ConnectionString);
        using var call = collector.Open(collector.ProjectToken());
        var response = await call.SendAsync(Private("w1"), new(), Private(""), Private("w 2"), Private("w3", "chat"), Private("w4", "no/slug"));
        Assert.Equal(2, response.Accepted);
        Assert.Equal([1, 2, 3, 5], response.Errors.Select(error => error.Index));
        Assert.All(response.Errors, error => Assert.Equal("invalid_request", error.Code));
        Assert.Contains("worker_id", response.Errors[1].Message, StringComparison.Ordinal);

        Assert.Equal(1, (await call.SendAsync(Private("w5"))).Accepted);
        Assert.Equal(0, (await call.SendAsync()).Accepted);
        Assert.Equal(3, (await collector.GetFleetAsync()).WorkersTotal);
    }

    [Fact]
    public async Task Fields_are_validated_at_their_limits()
    {
        using var collector = new Collector(Redis.ConnectionString);
        Heartbeat With(Action<AgentHeartbeat> change)
        {
            var heartbeat = Private("w1");
            change(heartbeat.Agent);
            return heartbeat;
        }

        var good = await collector.ReportProjectAsync(
            Private(new string('x', 128)), Private("aZ0._:-"), Private("m", [.. Enumerable.Range(0, 256).Select(i => $"e{i}")]),
            With(agent => agent.Models.Add(Enumerable.Repeat("m", 255))), With(agent => agent.Name = ""), With(agent => agent.ActiveRequests = int.MaxValue));
        Assert.Equal((6, 0), (good.Accepted, good.Errors.Count));

        var bad = await collector.ReportProjectAsync(
            Private(new string('x', 129)), Private("é"), Private("m", [.. Enumerable.Range(0, 257).Select(i => $"e{i}")]),
            With(agent => agent.Models.Add(Enumerable.Repeat("m", 256))), With(agent => agent.Name = "a\u0007b"), With(agent => agent.ActiveRequests = -1),
            With(agent => agent.MaxConcurrentRequests = -1), With(agent => agent.State = AgentState.Unspecified), With(agent => agent.State = (AgentState)77),
            With(agent => agent.Kind = AgentKind.Unspecified), With(agent => agent.Version = new string('v', 201)), With(agent => agent.Models.Add("")));
        Assert.Equal((0, 12), (bad.Accepted, bad.Errors.Count));
        Assert.All(bad.Errors, error => Assert.Equal("invalid_request", error.Code));

        var routers = await collector.ReportPlatformAsync(Router("r", RouterState.Unspecified), Router("/"), Shared("a", "chat"), Shared("a", "proj_1/chat"), Shared("a", "proj_ABC123/"));
        Assert.Equal([0, 1, 2, 3, 4], routers.Errors.Select(error => error.Index));
    }

    [Fact]
    public async Task Routers_and_shared_agents_need_a_platform_key_and_private_agents_a_projects()
    {
        using var collector = new Collector(Redis.ConnectionString);
        var project = await collector.ReportProjectAsync(Router("r1"), Private("w1"), Shared("a1", "proj_ABC123/chat"));
        Assert.Equal(1, project.Accepted);
        Assert.Equal([(0, "scope_insufficient"), (2, "scope_insufficient")], project.Errors.Select(error => (error.Index, error.Code)));

        var platform = await collector.ReportPlatformAsync(Router("r1"), Private("w1"), Shared("a1"));
        Assert.Equal(2, platform.Accepted);
        Assert.Equal([(1, "scope_insufficient")], platform.Errors.Select(error => (error.Index, error.Code)));
    }

    [Fact]
    public async Task A_relay_reports_private_agents_of_many_projects_in_one_message()
    {
        using var collector = new Collector(Redis.ConnectionString, null, ("Fleet:MaxAgentsPerProject", "1"));
        using var relay = collector.Open(collector.PlatformToken);
        var batch = Enumerable.Range(0, 1000).Select(i => Of($"proj_relay{i:0000}", Private("w1", "chat"))).ToArray();
        Assert.Equal((1000, 0), ((await relay.SendAsync(batch)).Accepted, (await relay.SendAsync(batch)).Errors.Count));
        var mixed = await relay.SendAsync(
            Of("proj_relay0001", Private("w2")), Of("proj_relay1000", Private("w1")), Of("proj_", Private("w1")), Of("proj_relay}0001", Private("w1")), Shared("a1", "proj_relay0001/chat"), Private("w1"));
        Assert.Equal(
            [(0, "quota_exceeded"), (2, "invalid_request"), (3, "invalid_request"), (5, "scope_insufficient")],
            mixed.Errors.Select(error => (error.Index, error.Code)));
        Assert.Equal(2, mixed.Accepted);

        foreach (var (project, workers) in new[] { ("proj_relay0000", 1), ("proj_relay0001", 2), ("proj_relay0999", 1), ("proj_relay1000", 1), ("proj_relay1001", 0) })
        {
            Assert.Equal(workers, (await collector.GetFleetAsync(project)).WorkersTotal); // and the shared one
        }
    }

    [Fact]
    public async Task A_projects_own_key_speaks_for_it_whatever_project_an_agent_names()
    {
        using var collector = new Collector(Redis.ConnectionString);
        Assert.Equal(1, (await collector.ReportProjectAsync(Of("proj_other1", Private("w1")))).Accepted);
        Assert.Equal((1, 0), ((await collector.GetFleetAsync()).WorkersTotal, (await collector.GetFleetAsync("proj_other1")).WorkersTotal));
    }

    [Fact]
    public async Task A_platform_key_has_a_limit_of_its_own()
    {
        using var collector = new Collector(
            Redis.ConnectionString, Collector.Clock(), ("RateLimits:HeartbeatsPerMinute", "1"), ("RateLimits:ProjectHeartbeatsPerMinute", "1"), ("RateLimits:PlatformHeartbeatsPerMinute", "3"));
        var relayed = await collector.ReportPlatformAsync([.. Enumerable.Range(1, 4).Select(i => Of(Collector.ProjectId, Private($"w{i}")))]);
        Assert.Equal((3, 3, "rate_limit_exceeded"), (relayed.Accepted, Assert.Single(relayed.Errors).Index, relayed.Errors[0].Code));
        Assert.Equal(1, (await collector.ReportProjectAsync(Private("w1"), Private("w2"))).Accepted);
    }

    [Fact]
    public async Task A_batch_of_more_than_1000_is_refused_whole_and_the_stream_lives_on()
    {
        using var collector = new Collector(Redis.ConnectionString);
        using var call = collector.Open(collector.ProjectToken());
        var batch = Enumerable.Range(0, 1001).Select(i => Private($"w{i}")).ToArray();
        var refused = await call.SendAsync(batch);
        Assert.Equal((0, 1000), (refused.Accepted, Assert.Single(refused.Errors).Index));
        Assert.Equal(1000, (await call.SendAsync(batch[..1000])).Accepted);
        Assert.Equal(1000, (await collector.GetFleetAsync()).WorkersTotal);
    }

    [Fact]
    public async Task A_projects_quota_refuses_new_agents_only_and_a_sign_off_makes_room()
    {
        using var collector = new Collector(Redis.ConnectionString, null, ("Fleet:MaxAgentsPerProject", "2"));
        var response = await collector.ReportProjectAsync(Private("w1"), Private("w2"), Private("w3"));
        Assert.Equal((2, 2, "quota_exceeded"), (response.Accepted, Assert.Single(response.Errors).Index, response.Errors[0].Code));
        Assert.Equal(2, (await collector.ReportProjectAsync(Private("w2"), Private("w1"))).Accepted);
        Assert.Equal(1, (await collector.ReportAsync(collector.ProjectToken("proj_DEF456"), Private("w3"))).Accepted);

        await collector.ReportProjectAsync(Offline(Private("w1")));
        Assert.Equal(1, (await collector.ReportProjectAsync(Private("w3"))).Accepted);
        Assert.Equal(3, (await collector.ReportPlatformAsync(Shared("a1"), Shared("a2"), Shared("a3"))).Accepted);
    }

    [Fact]
    public async Task A_projects_agents_have_a_quota_of_bytes()
    {
        using var collector = new Collector(Redis.ConnectionString, null, ("Fleet:MaxBytesPerProject", "65536"));
        var small = Private("w0");
        var large = Enumerable.Range(1, 3).Select(n => Private($"w{n}", [.. Enumerable.Range(0, 250).Select(i => $"{i:000}{new string('e', 100)}")])).ToList(); // 26 KB each
        Assert.Equal(3, (await collector.ReportProjectAsync(small, large[0], large[1])).Accepted);
        Assert.Equal(["quota_exceeded"], (await collector.ReportProjectAsync(large[2])).Errors.Select(e => e.Code));
        Assert.Equal(2, (await collector.ReportProjectAsync(large[0], large[1])).Accepted); // the same again takes nothing more
        Assert.Equal(1, (await collector.ReportAsync(collector.ProjectToken("proj_DEF456"), large[2])).Accepted);

        var grown = large[2].Clone();
        grown.Agent.WorkerId = "w0";
        Assert.Equal(["quota_exceeded"], (await collector.ReportProjectAsync(grown)).Errors.Select(e => e.Code)); // one that is there cannot grow either
        await collector.ReportProjectAsync(Offline(large[0]));
        Assert.Equal(2, (await collector.ReportProjectAsync(grown, small)).Accepted); // the newest wins: small again
        Assert.Equal(1, (await collector.ReportProjectAsync(large[2])).Accepted);
        Assert.Equal(["quota_exceeded"], (await collector.ReportProjectAsync(large[0])).Errors.Select(e => e.Code));
    }

    [Fact]
    public async Task Heartbeats_beyond_a_keys_limit_are_refused_until_the_bucket_refills()
    {
        var time = Collector.Clock();
        using var collector = new Collector(Redis.ConnectionString, time, ("RateLimits:HeartbeatsPerMinute", "3"));
        using var call = collector.Open(collector.ProjectToken());
        var response = await call.SendAsync(Private("w1"), Private("w2"), Private("w3"), Private("w4"));
        Assert.Equal((3, 3, "rate_limit_exceeded"), (response.Accepted, Assert.Single(response.Errors).Index, response.Errors[0].Code));
        Assert.Equal(0, (await call.SendAsync(Private("w1"))).Accepted);
        Assert.Equal(1, (await collector.ReportAsync(collector.ProjectToken("proj_DEF456"), Private("w1"))).Accepted);

        time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(1, (await call.SendAsync(Private("w1"), Private("w2"))).Accepted);
    }

    [Fact]
    public async Task All_keys_of_a_project_share_its_limit()
    {
        using var collector = new Collector(
            Redis.ConnectionString, Collector.Clock(), ("RateLimits:HeartbeatsPerMinute", "3"), ("RateLimits:ProjectHeartbeatsPerMinute", "4"));
        using var first = collector.Open(collector.ProjectToken(keyId: "key_first"));
        using var second = collector.Open(collector.ProjectToken(keyId: "key_second"));
        Assert.Equal(3, (await first.SendAsync(Private("w1"), Private("w2"), Private("w3"), Private("w4"))).Accepted);
        var response = await second.SendAsync(Private("w5"), Private("w6"), Private("w7"));
        Assert.Equal(1, response.Accepted);
        Assert.Equal([(1, "rate_limit_exceeded"), (2, "rate_limit_exceeded")], response.Errors.Select(error => (error.Index, error.Code)));
        Assert.Equal(1, (await collector.ReportAsync(collector.ProjectToken("proj_DEF456"), Private("w1"))).Accepted);
    }

    [Fact]
    public async Task Several_batches_of_a_stream_are_acknowledged_in_order()
    {
        using var collector = new Collector(Redis.ConnectionString);
        using var call = collector.Open(collector.PlatformToken);
        for (var size = 1; size <= 60; size++)
        {
            await call.RequestStream.WriteAsync(new() { Heartbeats = { Enumerable.Range(0, size).Select(i => Shared($"a{i}")) } });
        }

        await call.RequestStream.CompleteAsync();
        for (var size = 1; size <= 60; size++)
        {
            Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
            Assert.Equal(size, call.ResponseStream.Current.Accepted);
        }

        Assert.False(await call.ResponseStream.MoveNext(CancellationToken.None));
    }

    [Fact]
    public async Task A_heartbeat_that_is_not_protobuf_gets_its_own_error_and_the_stream_lives_on()
    {
        using var collector = new Collector(Redis.ConnectionString);
        using var channel = GrpcChannel.ForAddress(collector.GrpcAddress);
        var bytes = new Method<byte[], ReportResponse>(
            MethodType.DuplexStreaming, "xerotier.health.v1.Heartbeats", "Report", new(bytes => bytes, bytes => bytes), new(_ => throw new NotSupportedException(), ReportResponse.Parser.ParseFrom));
        using var call = channel.CreateCallInvoker().AsyncDuplexStreamingCall(bytes, null, new(Collector.Bearer(collector.ProjectToken())));

        var good = Private("w1", "chat").ToByteArray();
        var notText = Private("w2", "chat").ToByteArray();
        notText.AsSpan(notText.AsSpan().IndexOf("name of"u8))[0] = 0xff;
        byte[][] heartbeats = [good, notText, good[..^1], [], Private("w3").ToByteArray()];
        var response = await SendAsync([.. heartbeats.SelectMany(heartbeat => new byte[] { 0x0a, (byte)heartbeat.Length }.Concat(heartbeat)), 0x10, 7]); // and a field that nobody knows
        Assert.Equal(2, response.Accepted);
        Assert.Equal([1, 2, 3], response.Errors.Select(error => error.Index));
        Assert.All(response.Errors, error => Assert.Equal("invalid_request", error.Code));
        Assert.Equal(1, (await SendAsync([0x0a, (byte)good.Length, .. good])).Accepted);
        Assert.Equal(StatusCode.InvalidArgument, (await Assert.ThrowsAsync<RpcException>(() => SendAsync([0x0a, 100, 1]))).StatusCode);

        async Task<ReportResponse> SendAsync(byte[] request)
        {
            await call.RequestStream.WriteAsync(request);
            Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
            return call.ResponseStream.Current;
        }
    }

    [Fact]
    public async Task A_call_without_the_right_token_is_refused()
    {
        using var collector = new Collector(Redis.ConnectionString);
        await Refused(StatusCode.Unauthenticated, "");
        await Refused(StatusCode.PermissionDenied, TestTokens.ForService());
        await Refused(StatusCode.PermissionDenied, TestTokens.ForCaller(Collector.ProjectId, false, Scopes.Management, Scopes.Inference));
        Assert.Equal(StatusCode.PermissionDenied, (await Assert.ThrowsAsync<RpcException>(async () => await collector.Fleet.GetProjectFleetAsync(
            new() { ProjectId = Collector.ProjectId, Limit = 1 }, Collector.Bearer(collector.ProjectToken())))).StatusCode);

        async Task Refused(StatusCode code, string token) =>
            Assert.Equal(code, (await Assert.ThrowsAsync<RpcException>(() => collector.ReportAsync(token, Private("w1")))).StatusCode);
    }

    [Fact]
    public async Task A_collector_that_stops_ends_its_streams_at_once_so_that_their_senders_go_elsewhere()
    {
        using var collector = new Collector(Redis.ConnectionString);
        using var call = collector.Open(collector.PlatformToken);
        await call.SendAsync(Router("r1"));
        using var watch = collector.Watch();
        await Collector.NextAsync(watch, _ => true);

        var stopping = Stopwatch.StartNew();
        collector.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(15));
        var ended = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(deadline.Token));
        AssertGone(ended);
        AssertGone(await Assert.ThrowsAsync<RpcException>(async () => await Collector.NextAsync(watch, _ => false)));
        Assert.True(stopping.Elapsed < TimeSpan.FromSeconds(5));

        // The client may see the end of the connection, or of the HTTP/2 stream, before the status of its call.
        static void AssertGone(RpcException ended) => Assert.True(ended.StatusCode is StatusCode.Unavailable or StatusCode.Internal or StatusCode.Cancelled, ended.ToString());
    }

    [Fact]
    public async Task A_silent_stream_ends_and_one_that_speaks_does_not()
    {
        using var collector = new Collector(Redis.ConnectionString, null, ("Streams:IdleSeconds", "1"));
        using var silent = collector.Open(collector.ProjectToken());
        using var speaking = collector.Open(collector.ProjectToken());
        await silent.SendAsync(Private("w1"));
        for (var i = 0; i < 15; i++)
        {
            await speaking.SendAsync();
            await Task.Delay(100);
        }

        var status = await EndAsync(silent);
        Assert.Equal((StatusCode.Unavailable, "The stream was silent for 1 s; open another one."), (status.StatusCode, status.Detail));
        Assert.Equal(1, (await speaking.SendAsync(Private("w2"))).Accepted);
    }

    [Fact]
    public async Task A_stream_ends_after_its_time_when_all_that_it_sent_is_acknowledged()
    {
        var time = Collector.Clock();
        using var collector = new Collector(Redis.ConnectionString, time, ("Streams:IdleSeconds", "3600"), ("Streams:LifetimeMinutes", "10"));
        using var call = collector.Open(collector.ProjectToken());
        await call.SendAsync(Private("w1"));
        time.Advance(TimeSpan.FromMinutes(8.9));
        Assert.Equal(1, (await call.SendAsync(Private("w1"))).Accepted);
        time.Advance(TimeSpan.FromMinutes(2.2));
        Assert.Equal(1, (await call.SendAsync(Private("w1"))).Accepted);
        var status = await EndAsync(call);
        Assert.Equal((StatusCode.Unavailable, "The stream has lasted long enough; open another one."), (status.StatusCode, status.Detail));
    }

    [Theory]
    [InlineData("identity", new byte[] { 0, 0xff, 0xff, 0xff, 0xff, 1 }, "invalid_request")]
    [InlineData("identity", new byte[] { 0, 0x7f, 0xff, 0xff, 0xff, 1 }, "payload_too_large")]
    [InlineData("identity", new byte[] { 0, 0, 0, 0, 9, 1 }, "invalid_request")]
    [InlineData("identity", new byte[] { 1, 0, 0, 0, 1, 1 }, "invalid_request")]
    [InlineData("identity", new byte[] { 7, 0, 0, 0, 1, 1 }, "invalid_request")]
    [InlineData("gzip", new byte[] { 1, 0, 0, 0, 4, 1, 2, 3, 4 }, "invalid_request")]
    public async Task What_is_no_gRPC_message_is_the_callers_fault_and_no_error_of_ours(string encoding, byte[] body, string code)
    {
        var log = new LogRecorder();
        using var collector = new Collector(Redis.ConnectionString, null, log);
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(collector.GrpcAddress, "/xerotier.health.v1.Heartbeats/Report"))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(body) { Headers = { ContentType = new("application/grpc") } },
            Headers = { Authorization = new("Bearer", collector.ProjectToken()), TE = { new("trailers") } },
        };
        request.Headers.Add("grpc-encoding", encoding);
        using var response = await http.SendAsync(request);
        await response.Content.ReadAsByteArrayAsync();
        var answered = response.TrailingHeaders.Concat(response.Headers).ToDictionary(header => header.Key, header => header.Value.Single());
        Assert.Equal((code, "3"), (answered.GetValueOrDefault("xerotier-error-code"), answered["grpc-status"]));
        Assert.DoesNotContain(log.Entries, entry => entry.Level >= LogLevel.Error);
    }

    private static async Task<Status> EndAsync(AsyncDuplexStreamingCall<ReportRequest, ReportResponse> call) =>
        (await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(20)))).Status;
}
