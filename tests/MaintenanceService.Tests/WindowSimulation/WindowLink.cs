using Google.Protobuf;
using Grpc.Core;
using Xerotier.Maintenance.V1;
using Xerotier.MaintenanceService.Changes;

namespace Xerotier.MaintenanceService.Tests.WindowSimulation;

/// <summary>
/// The MaintenanceService's feed, and the network between it and one StatusService. Each message takes its own time, so that calls overtake
/// each other, those of one stream do not. Connections break, with or without a word; now and then nothing goes through at all, and what is
/// on its way then is lost, or comes later.
/// </summary>
internal sealed class WindowLink : CallInvoker
{
    private const int LongestMilliseconds = 90;
    private const int PollMilliseconds = 500;
    private readonly WindowDatabase database;
    private readonly TimeProvider time;
    private readonly Random random;
    private readonly HashSet<Stream> streams = [];
    private DateTimeOffset upSince;
    private bool isCut;
    private TaskCompletionSource? hanging;

    public WindowLink(WindowDatabase database, TimeProvider time, Random random)
    {
        (this.database, this.time, this.random, upSince) = (database, time, random, time.GetUtcNow());
        database.Committed += () => streams.Where(_ => random.Next(3) > 0).ToList().ForEach(stream => stream.Notify());
        database.Restarted += Reset;
    }

    /// <summary>Since when everything goes through; null while it does not.</summary>
    public DateTimeOffset? UpSince => isCut || hanging is not null || streams.Any(stream => stream.IsMute) ? null : upSince;

    /// <summary>Whether single messages are lost.</summary>
    public bool IsLossy { get; set; } = true;

    /// <summary>Whether the reader has a part of the pages that belong together.</summary>
    public bool IsBetweenPages { get; private set; }

    public void Cut()
    {
        isCut = true;
        Reset();
    }

    public void Hang() => hanging ??= new();

    /// <summary>What was sent no longer arrives, and nobody is told.</summary>
    public void Mute()
    {
        foreach (var stream in streams)
        {
            stream.IsMute = true;
        }
    }

    public void Mend()
    {
        if (isCut || hanging is not null)
        {
            (isCut, upSince) = (false, time.GetUtcNow());
            var waiting = hanging;
            hanging = null;
            waiting?.SetResult();
        }
    }

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) =>
        new((Task<TResponse>)(object)GetNoticesAsync(options.CancellationToken), Task.FromResult(new Metadata()), () => Status.DefaultSuccess, () => [], () => { });

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        var stream = new Stream(this);
        streams.Add(stream);
        _ = ServeAsync(stream, ((WatchChangesRequest)(object)request).Mark);
        return new((IAsyncStreamReader<TResponse>)(object)stream, Task.FromResult(new Metadata()), () => Status.DefaultSuccess, () => [], () => End(stream));
    }

    public override TResponse BlockingUnaryCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) => throw new NotSupportedException();

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options) => throw new NotSupportedException();

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options) => throw new NotSupportedException();

    private async Task<GetNoticesResponse> GetNoticesAsync(CancellationToken cancellation)
    {
        try
        {
            await TravelAsync(cancellation);
            var response = database.Notices().ToByteArray();
            await TravelAsync(cancellation);
            IsBetweenPages = false;
            return GetNoticesResponse.Parser.ParseFrom(response);
        }
        catch (OperationCanceledException)
        {
            throw new RpcException(Status.DefaultCancelled);
        }
    }

    /// <summary>Sends what a mark has not seen: at once, when the database notifies, and twice a second.</summary>
    private async Task ServeAsync(Stream stream, string text)
    {
        try
        {
            await TravelAsync(CancellationToken.None);
            var mark = ChangeMark.Parse(text)!;
            while (streams.Contains(stream))
            {
                var page = database.Read(mark);
                mark = page.Mark;
                stream.Send(new WatchChangesResponse { Changes = { page.Changes.Select(change => change.ToProto()) }, Mark = mark.ToString() }.ToByteArray());
                if (mark.Page is null)
                {
                    await stream.NotifiedAsync();
                }
            }
        }
        catch (InvalidMarkException failure)
        {
            stream.Send(new RpcException(new(StatusCode.OutOfRange, failure.Message)));
        }
        catch (RpcException failure)
        {
            stream.Fail(failure);
        }
    }

    private async Task TravelAsync(CancellationToken cancellation)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(random.Next(LongestMilliseconds)), time, cancellation);
        if (IsLossy && random.Next(200) == 0)
        {
            Reset();
            throw Unavailable();
        }

        if (hanging is { } until)
        {
            await until.Task.WaitAsync(cancellation);
        }

        if (isCut)
        {
            throw Unavailable();
        }
    }

    /// <summary>Every connection breaks, and both sides are told.</summary>
    private void Reset()
    {
        upSince = time.GetUtcNow();
        foreach (var stream in streams.ToList())
        {
            stream.Fail(Unavailable());
        }
    }

    private void End(Stream stream)
    {
        upSince = stream.IsMute ? time.GetUtcNow() : upSince;
        streams.Remove(stream);
        stream.Notify();
    }

    private static RpcException Unavailable() => new(new(StatusCode.Unavailable, "The connection is reset."));

    /// <summary>One stream of changes: the server sends, the StatusService reads.</summary>
    private sealed class Stream(WindowLink link) : IAsyncStreamReader<WatchChangesResponse>
    {
        private readonly Queue<WatchChangesResponse> arrived = [];
        private TaskCompletionSource notified = new();
        private TaskCompletionSource arrival = new();
        private Task last = Task.CompletedTask;
        private RpcException? failure;

        public WatchChangesResponse Current { get; private set; } = new();

        public bool IsMute { get; set; }

        public void Notify() => notified.TrySetResult();

        public async Task NotifiedAsync()
        {
            try
            {
                await notified.Task.WaitAsync(TimeSpan.FromMilliseconds(PollMilliseconds), link.time);
            }
            catch (TimeoutException)
            {
                // a poll
            }

            notified = new();
        }

        public void Send(byte[] response) => last = ArriveAsync(last, () => arrived.Enqueue(WatchChangesResponse.Parser.ParseFrom(response)));

        public void Send(RpcException end) => last = ArriveAsync(last, () => failure ??= end);

        public void Fail(RpcException reset)
        {
            if (!IsMute)
            {
                failure ??= reset;
                arrival.TrySetResult();
            }

            link.streams.RemoveWhere(stream => stream == this && !IsMute);
            Notify();
        }

        public async Task<bool> MoveNext(CancellationToken cancellationToken)
        {
            try
            {
                while (arrived.Count == 0)
                {
                    arrival = new();
                    await (failure is null ? arrival.Task.WaitAsync(cancellationToken) : throw failure);
                }
            }
            catch (OperationCanceledException)
            {
                throw new RpcException(Status.DefaultCancelled);
            }

            Current = arrived.Dequeue();
            link.IsBetweenPages = ChangeMark.Parse(Current.Mark)!.Page is not null;
            return true;
        }

        private async Task ArriveAsync(Task before, Action arrive)
        {
            try
            {
                await link.TravelAsync(CancellationToken.None);
                await before;
            }
            catch (RpcException reset)
            {
                Fail(reset);
            }

            if (failure is null && !IsMute)
            {
                arrive();
                arrival.TrySetResult();
            }
        }
    }
}
