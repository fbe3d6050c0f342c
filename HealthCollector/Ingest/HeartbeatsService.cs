using System.Threading.Channels;
using Grpc.Core;
using Microsoft.AspNetCore.Authorization;
using Xerotier.Health.V1;
using Xerotier.HealthCollector.Fleet;
using Xerotier.ServiceDefaults;

namespace Xerotier.HealthCollector.Ingest;

/// <summary>The stream of heartbeats. Each batch is acknowledged once Redis has it, in order; a few may be under way at once.</summary>
[Authorize(Policies.Heartbeats)]
internal sealed class HeartbeatsService(HeartbeatIntake intake, CollectorMetrics metrics, IHostApplicationLifetime lifetime) : HeartbeatsServiceBase
{
    // Beyond this the stream is not read until Redis has caught up.
    private const int BatchesUnderWay = 16;

    /// <inheritdoc/>
    public override async Task Report(IAsyncStreamReader<IReadOnlyList<ParsedHeartbeat>> requestStream, IServerStreamWriter<ReportResponse> responseStream, ServerCallContext context)
    {
        var caller = Caller.From(context.GetHttpContext().User);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        using var open = metrics.OpenStream("report");
        var underWay = Channel.CreateBounded<Task<ReportResponse>>(new BoundedChannelOptions(BatchesUnderWay) { SingleReader = true, SingleWriter = true });
        var acknowledging = AcknowledgeAsync();
        try
        {
            while (await requestStream.MoveNext(ended.Token))
            {
                await underWay.Writer.WriteAsync(await intake.TakeAsync(caller, requestStream.Current, ended.Token), ended.Token);
            }

            underWay.Writer.Complete();
            await acknowledging;
        }
        catch (Exception failure) when (failure is not RpcException && lifetime.ApplicationStopping.IsCancellationRequested)
        {
            throw GrpcErrors.ToRpc(ApiErrors.ServiceUnavailable); // another replica goes on
        }
        finally
        {
            underWay.Writer.TryComplete();
            await ended.CancelAsync();
            await acknowledging.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        async Task AcknowledgeAsync()
        {
            try
            {
                await foreach (var batch in underWay.Reader.ReadAllAsync(ended.Token))
                {
                    await responseStream.WriteAsync(await batch, ended.Token);
                }
            }
            catch
            {
                await ended.CancelAsync(); // nobody reads the acknowledgements: stop reading as well
                throw;
            }
        }
    }
}
