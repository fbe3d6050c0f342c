namespace Xerotier.TestKit;

/// <summary>Runs everything that awaits on one thread, in one order: the same seed is the same run.</summary>
public sealed class SingleThread : SynchronizationContext
{
    private readonly Queue<Action> work = new();

    /// <inheritdoc/>
    public override void Post(SendOrPostCallback d, object? state) => work.Enqueue(() => d(state));

    /// <inheritdoc/>
    public override void Send(SendOrPostCallback d, object? state) => d(state);

    /// <summary>Runs <paramref name="body"/> with this as the thread's context.</summary>
    public static void Run(Action<SingleThread> body)
    {
        var before = Current;
        var thread = new SingleThread();
        SetSynchronizationContext(thread);
        try
        {
            body(thread);
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    /// <summary>Runs what is ready.</summary>
    public void Drain()
    {
        while (work.TryDequeue(out var next))
        {
            next();
        }
    }
}
