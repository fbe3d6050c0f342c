namespace Xerotier.ServiceDefaults;

/// <summary>The newest value of something that many read and wait for, and one writes. Readers never block the writer; a slow reader skips values.</summary>
public sealed class Latest<T>
{
    private volatile State state;

    /// <summary>Starts with <paramref name="initial"/>.</summary>
    public Latest(T initial) => state = new(initial);

    /// <summary>The newest value.</summary>
    public T Value => state.Value;

    /// <summary>The newest value, and a task that completes when there is a newer one.</summary>
    public (T Value, Task Changed) Current => state is var now ? (now.Value, now.Replaced.Task) : default;

    /// <summary>Replaces the value and wakes everyone who waits. Called by one thread at a time.</summary>
    public void Set(T value)
    {
        var before = state;
        state = new(value);
        before.Replaced.SetResult();
    }

    private sealed class State(T value)
    {
        public T Value => value;

        public TaskCompletionSource Replaced { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
