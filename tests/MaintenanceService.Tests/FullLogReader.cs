using System.Text.Json;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Xerotier.Changes.V1;
using Xerotier.TestKit;

namespace Xerotier.MaintenanceService.Tests;

/// <summary>An open stream of what is told to people.</summary>
internal sealed class FullLogReader : IDisposable
{
    private readonly GrpcChannel channel;
    private readonly CancellationTokenSource deadline = new(TimeSpan.FromSeconds(60));
    private readonly AsyncServerStreamingCall<WatchChangesResponse> call;

    public FullLogReader(InProcessService<Program> service, string mark)
    {
        channel = GrpcChannel.ForAddress(service.GrpcAddress, new GrpcChannelOptions { MaxReceiveMessageSize = null });
        call = new ChangeLog.ChangeLogClient(channel).WatchChanges(new() { Mark = mark }, FeedStream.Token, cancellationToken: deadline.Token);
        Mark = mark;
    }

    public string Mark { get; private set; }

    public List<Change> Seen { get; } = [];

    /// <summary>The mark and the windows of a snapshot.</summary>
    public static async Task<(string Mark, List<MaintenanceWindow> Windows)> SnapshotAsync(InProcessService<Program> service, Func<Task>? between = null, string refused = "")
    {
        using var channel = GrpcChannel.ForAddress(service.GrpcAddress);
        using var snapshot = new ChangeLog.ChangeLogClient(channel).GetSnapshot(new() { Mark = refused }, FeedStream.Token, DateTime.UtcNow.AddSeconds(60));
        Assert.True(await snapshot.ResponseStream.MoveNext(CancellationToken.None));
        var mark = snapshot.ResponseStream.Current.Mark;
        Assert.Empty(snapshot.ResponseStream.Current.Windows);
        await (between?.Invoke() ?? Task.CompletedTask);
        var windows = new List<MaintenanceWindow>();
        await foreach (var page in snapshot.ResponseStream.ReadAllAsync())
        {
            Assert.Empty(page.Mark);
            windows.AddRange(page.Windows.Select(window => Window(window.Json)!));
        }

        return (mark, windows);
    }

    public static MaintenanceWindow? Window(ByteString json) => json.IsEmpty ? null : JsonSerializer.Deserialize(json.Span, ContractsJson.Wire.MaintenanceWindow);

    public static MaintenanceSeries? Series(ByteString json) => json.IsEmpty ? null : JsonSerializer.Deserialize(json.Span, ContractsJson.Wire.MaintenanceSeries);

    public static Incident? Incident(ByteString json) => json.IsEmpty ? null : JsonSerializer.Deserialize(json.Span, ContractsJson.Wire.Incident);

    public async Task<WatchChangesResponse> NextAsync()
    {
        Assert.True(await call.ResponseStream.MoveNext(deadline.Token));
        var response = call.ResponseStream.Current;
        Mark = response.Mark;
        Seen.AddRange(response.Changes);
        return response;
    }

    /// <summary>Until a version of an object has come.</summary>
    public async Task<Change> UntilAsync(string id, long version)
    {
        while (true)
        {
            if (Seen.Find(change => change.ObjectId == id && change.Version == version) is { } found)
            {
                return found;
            }

            await NextAsync();
        }
    }

    public void Dispose()
    {
        call.Dispose();
        channel.Dispose();
        deadline.Dispose();
    }
}
