using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using Microsoft.Diagnostics.NETCore.Client;
using Microsoft.Diagnostics.Tracing;

namespace Xerotier.Faults.Tests;

/// <summary>
/// Watches the threads of a Gateway that poll its sockets. Requests run on them (<c>Hosting.CompleteSocketsInline</c>): one that blocks
/// there delays every connection that the thread polls. The runtime reports each wait through its diagnostic port. Short waits for a
/// lock of another thread are among them, and are allowed.
/// </summary>
internal sealed class SocketThreads : IAsyncDisposable
{
    private const long WaitHandleKeyword = 0x40000000000;

    /// <summary>Far longer than a lock is held, even on a busy machine; shorter than what the slowed stores take.</summary>
    private static readonly TimeSpan AllowedWait = TimeSpan.FromMilliseconds(200);

    private readonly int process;
    private readonly EventPipeSession session;
    private readonly Task reading;
    private readonly Dictionary<int, bool> polls = []; // by thread
    private readonly Dictionary<int, DateTime> waiting = []; // since when, by thread
    private readonly ConcurrentQueue<string> waits = new();
    private long seen;

    public SocketThreads(int process)
    {
        this.process = process;
        session = new DiagnosticsClient(process).StartEventPipeSession(
            [new EventPipeProvider("Microsoft-Windows-DotNETRuntime", EventLevel.Verbose, WaitHandleKeyword)], requestRundown: false);
        reading = Task.Run(Read);
    }

    /// <summary>Waits on those threads that no lock explains, with their instants.</summary>
    public IReadOnlyCollection<string> Waits => waits;

    /// <summary>Waits on any thread.</summary>
    public long Seen => Interlocked.Read(ref seen);

    /// <summary>How many threads poll sockets: as many as there are processors when requests run on them, else one.</summary>
    public int Count => Directory.GetDirectories($"/proc/{process}/task").Count(task => Polls(int.Parse(Path.GetFileName(task))));

    public async ValueTask DisposeAsync()
    {
        await session.StopAsync(CancellationToken.None);
        await reading;
        session.Dispose();
    }

    private void Read()
    {
        using var source = new EventPipeEventSource(session.EventStream);
        source.Clr.WaitHandleWaitStart += wait =>
        {
            Interlocked.Increment(ref seen);
            if (!polls.TryGetValue(wait.ThreadID, out var isOne))
            {
                polls[wait.ThreadID] = isOne = Polls(wait.ThreadID);
            }

            if (isOne)
            {
                waiting[wait.ThreadID] = wait.TimeStamp;
            }
        };
        source.Clr.WaitHandleWaitStop += end =>
        {
            if (waiting.Remove(end.ThreadID, out var since) && end.TimeStamp - since > AllowedWait)
            {
                waits.Enqueue($"{since.ToUniversalTime():HH:mm:ss.fff} for {(end.TimeStamp - since).TotalMilliseconds:0} ms on thread {end.ThreadID}");
            }
        };
        source.Process();
    }

    private bool Polls(int thread)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/task/{thread}/comm").Trim() == ".NET Sockets";
        }
        catch (IOException)
        {
            return false; // it has ended
        }
    }
}
