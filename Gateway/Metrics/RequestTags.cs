using System.Diagnostics.Metrics;

namespace Xerotier.Gateway.Metrics;

/// <summary>The series of one route's requests, each made once with its tags, so that recording a request allocates nothing.</summary>
/// <param name="route">The route's pattern.</param>
/// <param name="timedOneIn">One in so many successful requests is timed (a power of two); all are counted.</param>
internal sealed class RequestTags(string route, int timedOneIn = 1)
{
    private readonly Lock adding = new();
    private volatile Series[] all = [];

    /// <summary>How many requests of each series have ended.</summary>
    public IEnumerable<Measurement<long>> Counts => all.Select(series => new Measurement<long>(series.Count, series.Tags));

    /// <summary>The series of a request that ended with <paramref name="outcome"/>.</summary>
    public Series Of(string method, Outcome outcome)
    {
        // A client can send any method. The tag has few values.
        method = method is "GET" or "HEAD" or "POST" or "PUT" or "PATCH" or "DELETE" or "OPTIONS" or "TRACE" or "CONNECT" ? method : "_OTHER";
        return Find(method, outcome) ?? Add(method, outcome);
    }

    private Series? Find(string method, Outcome outcome)
    {
        foreach (var series in all)
        {
            if (series.Outcome.Status == outcome.Status && series.Method == method && series.Outcome.ServedBy == outcome.ServedBy)
            {
                return series;
            }
        }

        return null;
    }

    private Series Add(string method, Outcome outcome)
    {
        lock (adding)
        {
            if (Find(method, outcome) is { } added)
            {
                return added;
            }

            var series = new Series(route, method, outcome, outcome.Status is 200 or 304 ? timedOneIn : 1);
            all = [.. all, series];
            return series;
        }
    }

    /// <summary>The requests of one method that ended alike.</summary>
    internal sealed class Series(string route, string method, Outcome outcome, int timedOneIn)
    {
        private long count;

        /// <summary>Their method.</summary>
        public string Method { get; } = method;

        /// <summary>How they ended.</summary>
        public Outcome Outcome { get; } = outcome;

        /// <summary>Their tags.</summary>
        public KeyValuePair<string, object?>[] Tags { get; } =
        [
            new("http.route", route),
            new("http.request.method", method),
            new("http.response.status_code", outcome.Status),
            new("served_by", outcome.ServedBy),
        ];

        /// <summary>How many there were.</summary>
        public long Count => Volatile.Read(ref count);

        /// <summary>Counts a request.</summary>
        /// <returns>Whether its duration is to be recorded.</returns>
        public bool Add() => ((Interlocked.Increment(ref count) - 1) & (timedOneIn - 1)) == 0;
    }
}
