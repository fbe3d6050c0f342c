namespace Xerotier.Gateway.Metrics;

/// <summary>The metric tags of one route's requests. Each combination is made once, so that recording a request allocates nothing.</summary>
/// <param name="route">The route's pattern.</param>
internal sealed class RequestTags(string route)
{
    private readonly Lock adding = new();
    private volatile Entry[] entries = [];

    /// <summary>The tags of a request that ended with <paramref name="outcome"/>.</summary>
    public ReadOnlySpan<KeyValuePair<string, object?>> Of(string method, Outcome outcome)
    {
        // A client can send any method. The tag has few values.
        method = method is "GET" or "HEAD" or "POST" or "PUT" or "PATCH" or "DELETE" or "OPTIONS" or "TRACE" or "CONNECT" ? method : "_OTHER";
        return Find(method, outcome) ?? Add(method, outcome);
    }

    private KeyValuePair<string, object?>[]? Find(string method, Outcome outcome)
    {
        foreach (var entry in entries)
        {
            if (entry.Outcome.Status == outcome.Status && entry.Method == method && entry.Outcome.ServedBy == outcome.ServedBy)
            {
                return entry.Tags;
            }
        }

        return null;
    }

    private KeyValuePair<string, object?>[] Add(string method, Outcome outcome)
    {
        lock (adding)
        {
            if (Find(method, outcome) is { } added)
            {
                return added;
            }

            KeyValuePair<string, object?>[] tags =
            [
                new("http.route", route),
                new("http.request.method", method),
                new("http.response.status_code", outcome.Status),
                new("served_by", outcome.ServedBy),
            ];
            entries = [.. entries, new(method, outcome, tags)];
            return tags;
        }
    }

    private sealed record Entry(string Method, Outcome Outcome, KeyValuePair<string, object?>[] Tags);
}
