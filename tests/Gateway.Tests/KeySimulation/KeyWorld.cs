using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Xerotier.Gateway.Configuration;
using Xerotier.Gateway.Keys;
using Xerotier.Gateway.Projects;
using Xerotier.ServiceDefaults;
using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests.KeySimulation;

/// <summary>Two Gateways' keys in memory and one database, while operators change keys and clients use them. One seed is one run.</summary>
internal sealed class KeyWorld
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(1);
    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 5, 22, 12, 0, 0, TimeSpan.Zero));
    private readonly Random random;
    private readonly KeyDatabase database;
    private readonly List<Edge> edges;
    private readonly List<string> differences = [];
    private readonly int seed;

    private KeyWorld(int seed)
    {
        this.seed = seed;
        random = new(seed);
        database = new(time);
        edges = [.. Enumerable.Range(0, 2).Select(_ => new Edge(new(database, time, random), time))];
    }

    /// <summary>Plays a run and returns what was wrong in it.</summary>
    public static List<string> Play(int seed)
    {
        var world = new KeyWorld(seed);
        SingleThread.Run(world.Run);
        return world.differences;
    }

    private void Run(SingleThread thread)
    {
        using var stop = new CancellationTokenSource();
        edges.ForEach(edge => _ = edge.Feed.RunAsync(stop.Token));
        for (var i = 0; i < 3; i++)
        {
            database.CreateProject();
            database.CreateKey($"proj_{i}");
        }

        database.BackUp();
        for (var step = 0; step < 1_000 && differences.Count == 0; step++)
        {
            Operate();
            edges.ForEach(Trouble);
            edges.ForEach(Use);
            Advance(thread, random.Next(1, 40));
            edges.ForEach(Check);
        }

        edges.ForEach(edge => edge.Network.IsLossy = false);
        edges.ForEach(edge => edge.Network.Mend());
        Advance(thread, 1_000);
        Advance(thread, 1_000);
        edges.ForEach(Check);
        foreach (var (edge, i) in edges.Select((edge, i) => (edge, i)))
        {
            CheckAgreement(thread, edge, i);
        }

        stop.Cancel();
        thread.Drain();
        edges.ForEach(edge => edge.Dispose());
    }

    private void Advance(SingleThread thread, int milliseconds)
    {
        const int grain = 5; // what is due within the time should see about the instant at which it is due
        for (var i = 0; i < milliseconds; i += grain)
        {
            time.Advance(TimeSpan.FromMilliseconds(grain));
            thread.Drain();
        }
    }

    private void Operate()
    {
        var keys = database.KeyIds.Order(StringComparer.Ordinal).ToList();
        var key = keys.Count == 0 ? "" : keys[random.Next(keys.Count)];
        var project = $"proj_{random.Next(database.ProjectIds.Count())}";
        switch (random.Next(100))
        {
            case 0 or 1 or 2:
                database.CreateKey(project);
                break;
            case 3 or 4 when key.Length > 0:
                database.Rotate(key, TimeSpan.FromMilliseconds(random.Next(3_000)));
                break;
            case 5 when key.Length > 0:
                database.Revoke(key);
                break;
            case 6 or 7 or 8:
                database.SetSuspended(project, suspended: random.Next(2) == 0);
                break;
            case 9 when random.Next(4) == 0:
                database.BackUp();
                break;
            case 10 when random.Next(6) == 0:
                database.Restore();
                break;
        }
    }

    private void Trouble(Edge edge)
    {
        switch (random.Next(150))
        {
            case 0:
                edge.Network.Cut();
                break;
            case 1 or 2 or 3:
                edge.Network.Mend();
                break;
        }
    }

    /// <summary>A client asks with a value that there is, was or will be.</summary>
    private void Use(Edge edge)
    {
        if (random.Next(3) == 0 && edge.LookUps < 6)
        {
            _ = UseAsync(edge, System.Security.Cryptography.SHA256.HashData(BitConverter.GetBytes(random.Next(database.Values.Count + 2))), random.Next(4) == 0);
        }

        if (edge.Open.Count > 0 && random.Next(20) == 0)
        {
            edge.Open[0].Dispose();
            edge.Open.RemoveAt(0);
        }
    }

    private async Task UseAsync(Edge edge, byte[] hash, bool opens)
    {
        edge.LookUps++;
        try
        {
            var key = edge.Keys.Find(hash) ?? await edge.Keys.LookUpAsync(hash, CancellationToken.None);
            if (key is not null && key.ErrorAt(time.GetUtcNow()) is null && opens)
            {
                edge.Open.Add(edge.Calls.TryOpen(key)!);
            }
        }
        catch (ApiException failure) when (failure.Error == ApiErrors.ServiceUnavailable)
        {
            // the database is away
        }
        finally
        {
            edge.LookUps--;
        }
    }

    /// <summary>What changed more than a second ago, and more than a second after the network's return, counts.</summary>
    private void Check(Edge edge)
    {
        var now = time.GetUtcNow();
        if (edge.Network.UpSince is not { } up || now - up < Bound)
        {
            return;
        }

        foreach (var (hash, changedAt) in database.Values.Values)
        {
            var (stored, known) = (database.Find(hash), edge.Keys.Find(hash));
            var expected = Word(stored, now);
            var since = expected == ApiErrors.ExpiredApiKey.Code && stored!.ValueExpiresAt > changedAt ? stored.ValueExpiresAt.Value : changedAt;
            if (since + Bound > now)
            {
                continue;
            }

            if (known is not null && Word(known.Key, now) != expected)
            {
                differences.Add($"seed {seed}, {now:mm:ss.fff}: a value is '{Word(known.Key, now)}', not '{expected}' since {since:mm:ss.fff} (the network is up since {up:mm:ss.fff})");
            }

            if (expected != "valid" && edge.Open.Exists(call => call.Error is null && call.Key.Key.Hash.AsSpan().SequenceEqual(hash)))
            {
                differences.Add($"seed {seed}, {now:mm:ss.fff}: a call goes on with a value that is '{expected}' since {since:mm:ss.fff} (the network is up since {up:mm:ss.fff})");
            }
        }
    }

    private void CheckAgreement(SingleThread thread, Edge edge, int number)
    {
        foreach (var (hash, _) in database.Values.Values)
        {
            var looked = edge.Keys.Find(hash) is { } known ? Task.FromResult<KnownKey?>(known) : edge.Keys.LookUpAsync(hash, CancellationToken.None);
            for (var i = 0; i < 1_000 && !looked.IsCompleted; i++)
            {
                Advance(thread, 1);
            }

            var (got, expected) = (Word(looked.Result?.Key, time.GetUtcNow()), Word(database.Find(hash), time.GetUtcNow()));
            if (got != expected)
            {
                differences.Add($"seed {seed}: in the end Gateway {number} says '{got}' of a value that is '{expected}'");
            }
        }

        var suspended = edge.Suspended.Current.State!.Projects.Select(project => project.Id).ToList();
        if (!suspended.SequenceEqual(database.Suspended))
        {
            differences.Add($"seed {seed}: in the end Gateway {number} names [{string.Join(", ", suspended)}] as suspended, not [{string.Join(", ", database.Suspended)}]");
        }
    }

    private static string Word(ApiKey? key, DateTimeOffset now) => key is null ? "unknown" : key.ErrorAt(now)?.Code ?? "valid";

    /// <summary>The keys of one Gateway.</summary>
    private sealed class Edge : IDisposable
    {
        public Edge(KeyNetwork network, TimeProvider time)
        {
            Network = network;
            Keys = new(network.FindAsync, Options.Create(new KeyOptions { CacheSize = 8, UnknownSeconds = 5 }), time);
            Calls = new(Keys, Options.Create(new GatewayOptions()), time);
            Feed = new(network.OpenAsync, Keys, Calls, Suspended, time, NullLogger<KeyFeed>.Instance);
        }

        public KeyNetwork Network { get; }

        public KnownKeys Keys { get; }

        public OpenCalls Calls { get; }

        public SuspendedProjects Suspended { get; } = new();

        public KeyFeed Feed { get; }

        public List<OpenCalls.OpenCall> Open { get; } = [];

        public int LookUps { get; set; }

        public void Dispose()
        {
            Open.ForEach(call => call.Dispose());
            Feed.Dispose();
            Calls.Dispose();
            Keys.Dispose();
        }
    }
}
