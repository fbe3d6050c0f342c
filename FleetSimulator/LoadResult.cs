namespace Xerotier.FleetSimulator;

/// <summary>What a load found.</summary>
internal sealed class LoadResult
{
    private readonly double[] latencies;

    /// <summary>Of all streams together.</summary>
    /// <param name="streams">What each found.</param>
    /// <param name="seconds">How long it was measured.</param>
    public LoadResult(IReadOnlyCollection<LoadStreams.Counts> streams, double seconds)
    {
        latencies = [.. streams.SelectMany(stream => stream.Latencies).Order()];
        Accepted = streams.Sum(stream => stream.Accepted);
        PerSecond = Math.Round(Accepted / seconds, 1);
        Errors = streams.SelectMany(stream => stream.Errors).GroupBy(pair => pair.Key).ToDictionary(group => group.Key, group => group.Sum(pair => pair.Value));
    }

    /// <summary>Heartbeats that were acknowledged.</summary>
    public long Accepted { get; }

    /// <summary>The same for each second.</summary>
    public double PerSecond { get; }

    /// <summary>Messages that were acknowledged.</summary>
    public int Messages => latencies.Length;

    /// <summary>Milliseconds from a message to its acknowledgement, as JSON has it.</summary>
    public object Latency => new { p50 = At(0.5), p90 = At(0.9), p99 = At(0.99), max = At(1) };

    /// <summary>How often each error came.</summary>
    public IReadOnlyDictionary<string, long> Errors { get; }

    /// <summary>The milliseconds that <paramref name="share"/> of the messages took at most.</summary>
    public double At(double share) => latencies.Length == 0 ? 0 : Math.Round(latencies[(int)(share * (latencies.Length - 1))], 3);
}
