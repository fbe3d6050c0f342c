using System.Globalization;
using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using Grpc.Core;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Options;
using Xerotier.Health.V1;
using Xerotier.HealthCollector.Fleet;
using Xerotier.ServiceDefaults;

namespace Xerotier.HealthCollector.Ingest;

/// <summary>
/// The stream of heartbeats. Each batch is acknowledged in order, once Redis has it; a few may be in progress at once. A stream ends when
/// it is silent for long, and in any case after a while; what it sent until then is acknowledged.
/// </summary>
[Authorize(Policies.Heartbeats)]
internal sealed class HeartbeatsService(
    HeartbeatIntake intake, CollectorMetrics metrics, IOptions<StreamOptions> options, TimeProvider time, IHostApplicationLifetime lifetime) : HeartbeatsServiceBase
{
    // Beyond this the stream is not read until Redis has caught up.
    private const int MaxBatchesInProgress = 16;

    /// <inheritdoc/>
    public override async Task Report(IAsyncStreamReader<IReadOnlyList<ParsedHeartbeat>> requestStream, IServerStreamWriter<ReportResponse> responseStream, ServerCallContext context)
    {
        var caller = Caller.From(context.GetHttpContext().User);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        using var open = metrics.OpenStream("report");
        var idle = TimeSpan.FromSeconds(options.Value.IdleSeconds);
        var longest = TimeSpan.FromMinutes(options.Value.LifetimeMinutes) * (0.9 + (0.2 * Random.Shared.NextDouble()));
        var opened = time.GetTimestamp();
        string? over = null;
        var inProgress = Channel.CreateBounded<Task<ReportResponse>>(new BoundedChannelOptions(MaxBatchesInProgress) { SingleReader = true, SingleWriter = true });
        ExceptionDispatchInfo? failure = null;
        await Task.WhenAll(RunAsync(ReadAsync), RunAsync(AcknowledgeAsync));
        if (failure is { SourceException: not RpcException } && lifetime.ApplicationStopping.IsCancellationRequested)
        {
            throw GrpcErrors.ToRpc(ApiErrors.ServiceUnavailable); // the sender continues with another replica
        }

        failure?.Throw();
        if (over is not null)
        {
            throw GrpcErrors.ToRpc(ApiErrors.ServiceUnavailable with { Message = over });
        }

        async Task ReadAsync()
        {
            while (over is null && await NextAsync())
            {
                await inProgress.Writer.WriteAsync(await intake.TakeAsync(caller, requestStream.Current, ended.Token), ended.Token);
                if (time.GetElapsedTime(opened) >= longest)
                {
                    over = "The stream has lasted long enough; open another one.";
                }
            }

            inProgress.Writer.Complete();
        }

        async Task<bool> NextAsync()
        {
            using var silent = new CancellationTokenSource(idle, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(ended.Token, silent.Token);
            try
            {
                return await requestStream.MoveNext(either.Token);
            }
            catch (Exception) when (silent.IsCancellationRequested && !ended.IsCancellationRequested)
            {
                over = string.Create(CultureInfo.InvariantCulture, $"The stream was silent for {idle.TotalSeconds} s; open another one.");
                return false;
            }
            catch (Exception failure) when (!ended.IsCancellationRequested && MalformedError(failure) is { } error)
            {
                metrics.Refused(error.Code, 1);
                throw GrpcErrors.ToRpc(error);
            }
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

    /// <summary>The error of a message that cannot be read: a false length (an IOException of gRPC's own), false compression, no ReportRequest. Null: another failure, such as a caller that is gone.</summary>
    private static ApiError? MalformedError(Exception failure) => failure switch
    {
        RpcException { StatusCode: StatusCode.ResourceExhausted } => ApiErrors.PayloadTooLarge,
        RpcException { StatusCode: StatusCode.Internal or StatusCode.InvalidArgument } or InvalidDataException or IOException { Source: "Grpc.AspNetCore.Server" } => ApiErrors.Invalid("What was sent is not a gRPC message with a ReportRequest."),
        _ => null,
    };
}
