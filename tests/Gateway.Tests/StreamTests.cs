using System.Net;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.DependencyInjection;
using Xerotier.Gateway.Keys;
using Xerotier.Health.V1;
using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests;

public sealed class StreamTests(PostgresFixture postgres)
{
    private const string Report = "/xerotier.health.v1.Heartbeats/Report";

    [Fact]
    public async Task A_key_has_so_many_streams_and_a_project_has_too()
    {
        await using var gateway = await TestGateway.StartAsync(
            await postgres.Server.CreateDatabaseAsync<Program>(), settings: new() { ["Gateway:MaxStreamsPerKey"] = "2", ["Gateway:MaxStreamsPerProject"] = "3", ["Gateway:MaxStreamsPerPlatformKey"] = "4" });
        var (project, other) = (await gateway.CreateProjectAsync(), await gateway.CreateProjectAsync());
        var (_, first) = await gateway.CreateKeyAsync(project, "heartbeat");
        var (_, second) = await gateway.CreateKeyAsync(project, "heartbeat");
        var (_, others) = await gateway.CreateKeyAsync(other, "heartbeat");
        using var channel = GrpcChannel.ForAddress(gateway.Service.GrpcAddress);
        var calls = new List<AsyncDuplexStreamingCall<ReportRequest, ReportResponse>>();
        Assert.Null(await RefusalAsync(first));
        Assert.Null(await RefusalAsync(first));
        Assert.Equal((StatusCode.ResourceExhausted, "rate_limit_exceeded"), await RefusalAsync(first));
        Assert.Null(await RefusalAsync(second));
        Assert.Equal((StatusCode.ResourceExhausted, "rate_limit_exceeded"), await RefusalAsync(second)); // the project's
        Assert.Null(await RefusalAsync(others));
        for (var i = 0; i < 4; i++)
        {
            Assert.Null(await RefusalAsync(gateway.PlatformKey)); // more than other keys have
        }

        Assert.Equal((StatusCode.ResourceExhausted, "rate_limit_exceeded"), await RefusalAsync(gateway.PlatformKey));

        calls[0].Dispose();
        await Eventually.TrueAsync(async () => await RefusalAsync(first) is null, "a stream that ended makes room");
        Assert.NotNull(await RefusalAsync(second));
        calls[^2].Dispose(); // the last one of the platform's
        await Eventually.TrueAsync(async () => await RefusalAsync(gateway.PlatformKey) is null, "a relay's stream that ended makes room");
        calls.ForEach(call => call.Dispose());

        async Task<(StatusCode, string?)?> RefusalAsync(string key)
        {
            var call = new Heartbeats.HeartbeatsClient(channel).Report(new Metadata { { "authorization", $"Bearer {key}" } });
            try
            {
                await call.RequestStream.WriteAsync(new ReportRequest());
                Assert.True(await call.ResponseStream.MoveNext());
                calls.Add(call);
                return null;
            }
            catch (RpcException refused)
            {
                call.Dispose();
                return (refused.StatusCode, refused.Trailers.GetValue("xerotier-error-code"));
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_stream_that_the_service_ended_is_over_although_its_sender_never_ends_it(bool goesOn)
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        gateway.Services.EndsStreams = true;
        var (_, key) = await gateway.CreateKeyAsync(await gateway.CreateProjectAsync(), "heartbeat");
        var open = gateway.Service.Services.GetRequiredService<OpenCalls>();
        using var deaf = await RawHttp2.ConnectAsync(gateway.Service.GrpcAddress);
        await deaf.PostAsync(1, Report, ends: false, ("content-type", "application/grpc"), ("te", "trailers"), ("authorization", $"Bearer {key}"));
        await deaf.DataAsync(1, 0, 0, 0, 0, 0);
        await deaf.ReadUntilAsync("That was all.");
        await Eventually.TrueAsync(
            async () =>
            {
                if (goesOn)
                {
                    await deaf.DataAsync(1, 0);
                }

                return open.Count == 0;
            },
            "it is over",
            seconds: 10);
    }

    [Fact]
    public async Task A_call_that_ends_with_its_headers_gets_an_answer_of_gRPC()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        var (_, key) = await gateway.CreateKeyAsync(await gateway.CreateProjectAsync(), "heartbeat");
        using var caller = await RawHttp2.ConnectAsync(gateway.Service.GrpcAddress);
        await caller.PostAsync(1, Report, ends: true, ("content-type", "application/grpc"), ("te", "trailers"), ("authorization", $"Bearer {key}"));
        await caller.ReadUntilAsync("grpc-status\u00010"); // the service's answer: its stream of nothing ended well
        Assert.Single(gateway.Services.Requests, received => received.Method == "GRPC");
    }

    [Theory]
    [InlineData("application/grpc-web")]
    [InlineData("application/grpc-web+proto")]
    [InlineData("application/grpcfoo")]
    [InlineData("application/json")]
    public async Task Another_protocol_than_gRPC_is_refused_as_such(string type)
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        var (_, key) = await gateway.CreateKeyAsync(await gateway.CreateProjectAsync(), "heartbeat");
        using var http = TestGateway.Client(gateway.Service.GrpcAddress, HttpVersion.Version20);
        using var request = new HttpRequestMessage(HttpMethod.Post, Report)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent([0, 0, 0, 0, 0]) { Headers = { ContentType = new(type) } },
            Headers = { Authorization = new("Bearer", key) },
        };
        using var response = await http.SendAsync(request);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
        Assert.Contains("call it over HTTP/2 with application/grpc", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain(gateway.Services.Requests, received => received.Path == Report);
    }
}
