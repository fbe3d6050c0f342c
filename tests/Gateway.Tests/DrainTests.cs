using System.Diagnostics;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Xerotier.Health.V1;
using Xerotier.ServiceDefaults;
using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests;

public sealed class DrainTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Responses_say_that_the_connection_ends_errors_too()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>(), settings: new() { ["Gateway:DrainMilliseconds"] = "5000" });
        gateway.Service.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        foreach (var (path, status) in new[] { ("/healthz", 200), ("/nothing", 404) })
        {
            await Eventually.TrueAsync(async () =>
            {
                using var response = await gateway.Http.GetAsync(gateway.AsWritten(path), TestContext.Current.CancellationToken);
                Assert.Equal(status, (int)response.StatusCode);
                return response.Headers.ConnectionClose is true;
            }, $"{path} says so");
        }
    }

    [Fact]
    public async Task Streams_end_one_after_the_other_over_a_long_drain_too()
    {
        const int drain = 5000, streams = 9;
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>(), settings: new() { ["Gateway:DrainMilliseconds"] = $"{drain}" });
        var (_, key) = await gateway.CreateKeyAsync(await gateway.CreateProjectAsync(), "heartbeat");
        using var channel = GrpcChannel.ForAddress(gateway.Service.GrpcAddress);
        var calls = Enumerable.Range(0, streams).Select(_ => new Heartbeats.HeartbeatsClient(channel).Report(new Metadata { { "authorization", $"Bearer {key}" } })).ToList();
        foreach (var call in calls)
        {
            await call.RequestStream.WriteAsync(new ReportRequest());
            Assert.True(await call.ResponseStream.MoveNext());
        }

        var started = Stopwatch.GetTimestamp();
        gateway.Service.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        var ended = await Task.WhenAll(calls.Select(async call =>
        {
            var status = (await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext().WaitAsync(TimeSpan.FromSeconds(20)))).Status;
            Assert.Equal((StatusCode.Unavailable, ApiErrors.ServiceUnavailable.Message), (status.StatusCode, status.Detail)); // by the Gateway's word, and not by the end of the connection
            return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        }));
        Array.Sort(ended);
        // A busy machine is late with each of them, so only the last has its time.
        Assert.InRange(ended[^1], drain * 0.8, drain * 3);
        Assert.InRange(ended[streams / 2], ended[0] + (drain * 0.1), ended[^1] - (drain * 0.1));
        Assert.InRange(ended[^1] - ended[0], drain * 0.5, drain * 3);
        calls.ForEach(call => call.Dispose());
    }
}
