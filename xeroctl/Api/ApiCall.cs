namespace Xerotier.Xeroctl.Api;

/// <summary>A request to the API.</summary>
/// <param name="Method">The method.</param>
/// <param name="Address">The URL.</param>
/// <param name="Key">The API key; null for public pages.</param>
internal sealed record ApiCall(HttpMethod Method, Uri Address, string? Key)
{
    /// <summary>The body, JSON.</summary>
    public byte[]? Body { get; init; }

    /// <summary><c>Idempotency-Key</c>: makes a POST repeatable.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary><c>If-None-Match</c>: the response is 304 while nothing has changed.</summary>
    public string? IfNoneMatch { get; init; }

    /// <summary><c>If-Match</c>: the object must be the one that was read, else 412.</summary>
    public string? IfMatch { get; init; }

    /// <summary>Fields of the body that the command takes as arguments; error messages name all others by their options.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Whether sending it twice has the effect of sending it once.</summary>
    public bool IsRepeatable => IdempotencyKey is not null || Method == HttpMethod.Get || Method == HttpMethod.Delete;

    /// <summary>The headers that xeroctl sets, by name.</summary>
    public IEnumerable<(string Name, string Value)> Headers()
    {
        if (Key is not null)
        {
            yield return ("Authorization", $"Bearer {Key}");
        }

        yield return ("Accept", "application/json");
        if (IdempotencyKey is not null)
        {
            yield return ("Idempotency-Key", IdempotencyKey);
        }

        if (IfNoneMatch is not null)
        {
            yield return ("If-None-Match", IfNoneMatch);
        }

        if (IfMatch is not null)
        {
            yield return ("If-Match", IfMatch);
        }
    }
}
