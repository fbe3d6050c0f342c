using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Xerotier.Gateway.Configuration;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Keys;

/// <summary>Long-lived calls, each opened with a key. They end when the key does (revocation: at once, expiry: within a quarter of a second), when the Gateway no longer knows the key, and when the grace period without the database is over.</summary>
internal sealed class OpenCalls(KnownKeys keys, IOptions<GatewayOptions> options, [FromKeyedServices(DatabaseTime.Key)] TimeProvider time) : BackgroundService
{
    private readonly ConcurrentDictionary<OpenCall, bool> open = new();
    private readonly OpenCounts<string> ofKeys = new(options.Value.MaxStreamsPerKey);
    private readonly OpenCounts<string> ofPlatformKeys = new(options.Value.MaxStreamsPerPlatformKey);
    private readonly OpenCounts<string> ofProjects = new(options.Value.MaxStreamsPerProject);

    /// <summary>How many calls are open.</summary>
    public int Count => open.Count;

    /// <summary>Registers a call; disposing the result removes it. Null: its key or its project has as many as it may.</summary>
    public OpenCall? TryOpen(KnownKey key)
    {
        var opener = key.Key;
        if (!TryCount(opener))
        {
            return null;
        }

        var call = new OpenCall(this, key, opener);
        key.StreamOpened();
        open[call] = true;
        return call;
    }

    /// <summary>Ends the calls whose key is no longer valid, and all of them once nothing has been heard of any key for longer than the grace period.</summary>
    public void EndInvalid()
    {
        var now = time.GetUtcNow();
        var silent = keys.MayGoOn ? null : ApiErrors.ServiceUnavailable;
        foreach (var (call, _) in open)
        {
            if ((call.Key.ErrorAt(now) ?? silent) is { } error)
            {
                call.End(error);
            }
        }
    }

    /// <summary>Ends all calls, evenly over <paramref name="within"/>, and at the end those that came meanwhile: the Gateway stops, and their senders find another.</summary>
    public async Task EndAllAsync(TimeSpan within, CancellationToken cancellation)
    {
        var started = time.GetTimestamp();
        OpenCall[] first = [.. open.Keys];
        for (var i = 0; i < first.Length; i++)
        {
            await WaitAsync(within * (i + 1) / (first.Length + 1));
            first[i].End(ApiErrors.ServiceUnavailable);
        }

        await WaitAsync(within);
        foreach (var (call, _) in open)
        {
            call.End(ApiErrors.ServiceUnavailable);
        }

        async Task WaitAsync(TimeSpan until)
        {
            if (until - time.GetElapsedTime(started) is { Ticks: > 0 } pause)
            {
                await Task.Delay(pause, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private bool TryCount(ApiKey opener)
    {
        if (opener.IsPlatform)
        {
            return ofPlatformKeys.TryAdd(opener.Id);
        }

        if (!ofKeys.TryAdd(opener.Id))
        {
            return false;
        }

        if (ofProjects.TryAdd(opener.ProjectId))
        {
            return true;
        }

        ofKeys.Remove(opener.Id);
        return false;
    }

    private void Uncount(ApiKey opener)
    {
        if (opener.IsPlatform)
        {
            ofPlatformKeys.Remove(opener.Id);
            return;
        }

        ofKeys.Remove(opener.Id);
        ofProjects.Remove(opener.ProjectId);
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
    internal sealed class OpenCall(OpenCalls owner, KnownKey key, ApiKey opener) : IDisposable
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
                owner.Uncount(opener);
                ended.Dispose();
            }
        }
    }
}
