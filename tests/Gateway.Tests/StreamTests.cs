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
            await postgres.Server.CreateDatabaseAsync(), settings: new() { ["Gateway:MaxStreamsPerKey"] = "2", ["Gateway:MaxStreamsPerProject"] = "3" });
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
        Assert.Null(await RefusalAsync(gateway.PlatformKey));

        calls[0].Dispose();
        await Eventually.TrueAsync(async () => await RefusalAsync(first) is null, "a stream that ended makes room");
        Assert.NotNull(await RefusalAsync(second));
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
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync());
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
}
