using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Xerotier.Projects.V1;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Projects;

/// <summary>The suspended projects for the other services, on the internal port.</summary>
internal sealed class ProjectFeedService(SuspendedProjects suspended, TimeProvider time, IHostApplicationLifetime lifetime) : ProjectFeed.ProjectFeedBase
{
    /// <summary>Longer than two reads of the database take.</summary>
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(2);

    public override async Task WatchProjects(WatchProjectsRequest request, IServerStreamWriter<WatchProjectsResponse> responseStream, ServerCallContext context)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        var sent = request.Mark;
        try
        {
            while (true)
            {
                var (state, changed) = suspended.Current;
                if (state is not null)
                {
                    var response = ToProto(state);
                    if (response.Mark == sent)
                    {
                        (response.Suspended, response.OldestOfPlatform) = (null, ""); // a keepalive
                    }

                    await responseStream.WriteAsync(response, end.Token);
                    sent = response.Mark;
                }

                await changed.WaitAsync(LongestSilence, time, end.Token);
            }
        }
        catch (Exception failure) when (failure is TimeoutException or OperationCanceledException && !context.CancellationToken.IsCancellationRequested)
        {
            throw GrpcErrors.ToRpc(ApiErrors.ServiceUnavailable); // no database, or stopping: the caller goes to another Gateway
        }
    }

    private static WatchProjectsResponse ToProto(SuspendedProjects.State state)
    {
        var response = new WatchProjectsResponse { Mark = $"{state.Mark.Database};{state.Mark.Number}", Suspended = new(), OldestOfPlatform = state.OldestOfPlatform ?? "" };
        response.Suspended.Projects.AddRange(state.Projects.Select(project => new SuspendedProject { Id = project.Id, SuspendedAt = project.SuspendedAt.ToTimestamp() }));
        return response;
    }
}
