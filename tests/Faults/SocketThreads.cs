using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using Microsoft.Diagnostics.NETCore.Client;
using Microsoft.Diagnostics.Tracing;

namespace Xerotier.Faults.Tests;

/// <summary>
/// Watches the threads of a Gateway that poll its sockets. Requests run on them (<c>Hosting.CompleteSocketsInline</c>): one that waited
/// there would hold up every connection that it polls. The runtime tells of each wait by its diagnostic port.
/// </summary>
internal sealed class SocketThreads : IAsyncDisposable
{
    private const long WaitHandleKeyword = 0x40000000000;

    private readonly int process;
    private readonly EventPipeSession session;
    private readonly Task reading;
    private readonly ConcurrentDictionary<int, bool> polls = new(); // by thread
    private readonly ConcurrentQueue<string> waits = new();
    private long seen;

    public SocketThreads(int process)
    {
        this.process = process;
        session = new DiagnosticsClient(process).StartEventPipeSession(
            [new EventPipeProvider("Microsoft-Windows-DotNETRuntime", EventLevel.Verbose, WaitHandleKeyword)], requestRundown: false);
        reading = Task.Run(Read);
    }

    /// <summary>Waits on those threads, with their instants.</summary>
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
            if (polls.GetOrAdd(wait.ThreadID, Polls))
            {
                waits.Enqueue($"{wait.TimeStamp.ToUniversalTime():HH:mm:ss.fff} on thread {wait.ThreadID}");
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
