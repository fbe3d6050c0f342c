using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using Grpc.Core;
using Microsoft.AspNetCore.Authorization;
using Xerotier.Health.V1;
using Xerotier.HealthCollector.Fleet;
using Xerotier.ServiceDefaults;

namespace Xerotier.HealthCollector.Ingest;

/// <summary>The stream of heartbeats. Each batch is acknowledged in order, once Redis has it; a few may be in progress at once.</summary>
[Authorize(Policies.Heartbeats)]
internal sealed class HeartbeatsService(HeartbeatIntake intake, CollectorMetrics metrics, IHostApplicationLifetime lifetime) : HeartbeatsServiceBase
{
    // Beyond this the stream is not read until Redis has caught up.
    private const int MaxBatchesInProgress = 16;

    /// <inheritdoc/>
    public override async Task Report(IAsyncStreamReader<IReadOnlyList<ParsedHeartbeat>> requestStream, IServerStreamWriter<ReportResponse> responseStream, ServerCallContext context)
    {
        var caller = Caller.From(context.GetHttpContext().User);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        using var open = metrics.OpenStream("report");
        var inProgress = Channel.CreateBounded<Task<ReportResponse>>(new BoundedChannelOptions(MaxBatchesInProgress) { SingleReader = true, SingleWriter = true });
        ExceptionDispatchInfo? failure = null;
        await Task.WhenAll(RunAsync(ReadAsync), RunAsync(AcknowledgeAsync));
        if (failure is { SourceException: not RpcException } && lifetime.ApplicationStopping.IsCancellationRequested)
        {
            throw GrpcErrors.ToRpc(ApiErrors.ServiceUnavailable); // the sender continues with another replica
        }

        failure?.Throw();

        async Task ReadAsync()
        {
            while (await requestStream.MoveNext(ended.Token))
            {
                await inProgress.Writer.WriteAsync(await intake.TakeAsync(caller, requestStream.Current, ended.Token), ended.Token);
            }

            inProgress.Writer.Complete();
        }

        async Task AcknowledgeAsync()
        {
            await foreach (var batch in inProgress.Reader.ReadAllAsync(ended.Token))
            {
                await responseStream.WriteAsync(await batch, ended.Token);
            }
        }

        // Each half ends the other when it fails. The first failure is the cause; that of the other half is its consequence.
        async Task RunAsync(Func<Task> half)
        {
            try
            {
                await half();
            }
            catch (Exception cause)
            {
                Interlocked.CompareExchange(ref failure, ExceptionDispatchInfo.Capture(cause), null);
                await ended.CancelAsync();
            }
        }
    }
}
