using Xerotier.Gateway.Keys;

namespace Xerotier.Gateway.Tests.KeySimulation;

/// <summary>
/// The network between one Gateway and the database. Each message takes its own time, so that answers overtake each other; connections
/// break, notifications are lost, and now and then nothing goes through at all.
/// </summary>
internal sealed class KeyNetwork
{
    private const int LongestMilliseconds = 90;
    private readonly KeyDatabase database;
    private readonly TimeProvider time;
    private readonly Random random;
    private Connection? feed;

    public KeyNetwork(KeyDatabase database, TimeProvider time, Random random)
    {
        (this.database, this.time, this.random) = (database, time, random);
        database.Committed += () => _ = NotifyAsync();
    }

    /// <summary>Since when everything goes through; null while nothing does.</summary>
    public DateTimeOffset? UpSince { get; private set; } = DateTimeOffset.MinValue;

    /// <summary>Whether single messages are lost.</summary>
    public bool IsLossy { get; set; } = true;

    public void Cut()
    {
        UpSince = null;
        feed?.Break();
    }

    public void Mend() => UpSince ??= time.GetUtcNow();

    public async Task<KeyLink> OpenAsync(CancellationToken cancellation)
    {
        var connection = await AskAsync(() => new Connection(time));
        feed = connection;
        return new(
            mark => connection.WhileOpen(AskAsync(() => database.ChangesSince(mark))),
            () => connection.WhileOpen(AskAsync(database.ReadSuspended)),
            connection.WaitAsync,
            connection);
    }

    public Task<ApiKey?> FindAsync(byte[] hash) => AskAsync(() => database.Find(hash));

    /// <summary>A question travels to the database, which answers at one instant, and the answer travels back.</summary>
    private async Task<T> AskAsync<T>(Func<T> answer)
    {
        await TravelAsync();
        var value = answer();
        await TravelAsync();
        return value;
    }

    private async Task TravelAsync()
    {
        await Task.Delay(TimeSpan.FromMilliseconds(random.Next(LongestMilliseconds)), time);
        if (UpSince is not null && IsLossy && random.Next(60) == 0)
        {
            UpSince = time.GetUtcNow();
            feed?.Break();
            throw new IOException("The connection is reset.");
        }

        if (UpSince is null)
        {
            throw new IOException("The network is unreachable.");
        }
    }

    private async Task NotifyAsync()
    {
        var to = feed;
        await Task.Delay(TimeSpan.FromMilliseconds(random.Next(LongestMilliseconds)), time);
        if (UpSince is not null && random.Next(3) > 0)
        {
            to?.Notify();
        }
    }

    private sealed class Connection(TimeProvider time) : IAsyncDisposable
    {
        private TaskCompletionSource notified = new();
        private bool isBroken;

        public void Notify() => notified.TrySetResult();

        public void Break()
        {
            isBroken = true;
            notified.TrySetResult();
        }

        public async Task<T> WhileOpen<T>(Task<T> asked)
        {
            var answer = await asked;
            return isBroken ? throw new IOException("The connection is reset.") : answer;
        }

        public async Task WaitAsync(TimeSpan timeout, CancellationToken cancellation)
        {
            try
            {
                await notified.Task.WaitAsync(timeout, time, cancellation);
            }
            catch (TimeoutException)
            {
                // a poll
            }

            notified = new();
            if (isBroken)
            {
                throw new IOException("The connection is reset.");
            }
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
