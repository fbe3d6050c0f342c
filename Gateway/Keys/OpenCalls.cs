using System.Collections.Concurrent;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Keys;

/// <summary>Long-lived calls, each opened with a key. They end when the key does (revocation: at once, expiry: within a quarter of a second), and when the Gateway no longer knows the key.</summary>
internal sealed class OpenCalls(TimeProvider time) : BackgroundService
{
    private readonly ConcurrentDictionary<OpenCall, bool> open = new();

    /// <summary>How many calls are open.</summary>
    public int Count => open.Count;

    /// <summary>Registers a call; disposing the result removes it.</summary>
    public OpenCall Open(KnownKey key)
    {
        var call = new OpenCall(this, key);
        key.StreamOpened();
        open[call] = true;
        return call;
    }

    /// <summary>Ends the calls whose key is no longer valid.</summary>
    public void EndInvalid()
    {
        var now = time.GetUtcNow();
        foreach (var (call, _) in open)
        {
            if (call.Key.ErrorAt(now) is { } error)
            {
                call.End(error);
            }
        }
    }

    /// <summary>Ends all calls: the Gateway stops, and their senders find another.</summary>
    public void EndAll()
    {
        foreach (var (call, _) in open)
        {
            call.End(ApiErrors.ServiceUnavailable);
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(250), time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                EndInvalid();
            }
        }
        catch (OperationCanceledException)
        {
            // the service stops
        }
    }

    /// <summary>One open call.</summary>
    internal sealed class OpenCall(OpenCalls owner, KnownKey key) : IDisposable
    {
        private readonly CancellationTokenSource ended = new();
        private volatile ApiError? error;

        /// <summary>The key that opened it.</summary>
        public KnownKey Key { get; } = key;

        /// <summary>Why it was ended, if it was ended.</summary>
        public ApiError? Error => error;

        /// <summary>Cancelled when the call must end.</summary>
        public CancellationToken Ended => ended.Token;

        /// <summary>Ends it because of <paramref name="reason"/>; only the first reason counts.</summary>
        public void End(ApiError reason)
        {
            if (Interlocked.CompareExchange(ref error, reason, null) is null)
            {
                try
                {
                    ended.Cancel();
                }
                catch (ObjectDisposedException)
                {
                    // it ended by itself at the same time
                }
            }
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            if (owner.open.TryRemove(this, out _))
            {
                Key.StreamClosed();
                ended.Dispose();
            }
        }
    }
}
