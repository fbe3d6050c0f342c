using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Xerotier.Gateway.Keys;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Sessions;

/// <summary>
/// The sessions that this Gateway has looked up, in memory and bounded. <see cref="SessionFeed"/> reads them again twice a second, so that one that
/// has ended elsewhere ends here. While the database is away they go on for <see cref="KeyOptions.GraceMinutes"/>, as keys do.
/// </summary>
internal sealed class KnownSessions(SessionStore store, KnownKeys keys, IOptions<ConsoleOptions> options, IOptions<KeyOptions> keyOptions, TimeProvider time) : IDisposable
{
    private readonly BoundedTable<UInt128, KnownSession> known = new(options.Value.KnownSessions, _ => true, _ => { });
    private readonly SemaphoreSlim lookups = new(8);
    private readonly TimeSpan idle = TimeSpan.FromMinutes(options.Value.IdleMinutes);
    private readonly TimeSpan grace = TimeSpan.FromMinutes(keyOptions.Value.GraceMinutes);
    private long uncertain; // how often something may have ended

    /// <summary>How many sessions are known.</summary>
    public int Count => known.Count;

    /// <summary>The session whose secret has <paramref name="hash"/>, if it is known and goes on. Makes no call to another process.</summary>
    public KnownSession? Find(byte[] hash) =>
        known.TryGet(Prefix(hash), out var session) && CryptographicOperations.FixedTimeEquals(session.Reading.Hash, hash) && session.IsOpen(time, idle, grace) ? session : null;

    /// <summary>Looks <paramref name="hash"/> up in the database; null: there is no such session, or it has ended.</summary>
    /// <exception cref="ApiException">503: the database does not respond, or too many look-ups wait.</exception>
    public async Task<KnownSession?> LookUpAsync(byte[] hash, CancellationToken cancellation)
    {
        if (!keys.IsLive || !await lookups.WaitAsync(TimeSpan.FromSeconds(2), cancellation))
        {
            throw new ApiException(ApiErrors.ServiceUnavailable);
        }

        return await ReadAsync().WaitAsync(cancellation);

        async Task<KnownSession?> ReadAsync()
        {
            try
            {
                var seen = Volatile.Read(ref uncertain);
                if ((await store.ReadAsync(hash)) is not [{ } read])
                {
                    return null;
                }

                if (seen != Volatile.Read(ref uncertain))
                {
                    return new(read); // a sign-out meanwhile may be of this one: it is not kept
                }

                var session = known.GetOrAdd(Prefix(hash), new(read));
                session.Update(read);
                return session;
            }
            catch (Exception failure) when (failure is not ApiException && Postgres.ToApiError(failure) is { } error)
            {
                throw new ApiException(error);
            }
            finally
            {
                lookups.Release();
            }
        }
    }

    /// <summary>Removes a session that has ended or changed.</summary>
    public void Forget(byte[] hash)
    {
        Interlocked.Increment(ref uncertain);
        known.Remove(Prefix(hash), out _);
    }

    /// <summary>Reads all of them again, and removes those that have ended.</summary>
    public async Task RefreshAsync()
    {
        var before = known.Values.ToList();
        if (before.Count == 0)
        {
            return;
        }

        var read = (await store.ReadAsync([.. before.Select(session => session.Reading.Hash)])).ToDictionary(reading => Prefix(reading.Hash));
        foreach (var session in before)
        {
            var prefix = Prefix(session.Reading.Hash);
            if (read.TryGetValue(prefix, out var reading))
            {
                session.Update(reading);
            }
            else
            {
                known.Remove(prefix, out _);
            }
        }
    }

    /// <summary>Writes which of them were used; of each once a minute.</summary>
    public async Task WriteUsesAsync()
    {
        byte[][] used = [.. known.Values.Where(session => session.HasUnwrittenUse(time)).Select(session => session.Reading.Hash)];
        if (used.Length > 0)
        {
            await store.WriteUsesAsync(used);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => lookups.Dispose();

    private static UInt128 Prefix(byte[] hash) => MemoryMarshal.Read<UInt128>(hash);
}
