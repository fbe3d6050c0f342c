namespace Xerotier.Gateway.Metrics;

/// <summary>How a request ended, as the metrics count it.</summary>
/// <param name="Status">The HTTP status; one of the constants here if no status tells.</param>
/// <param name="ServedBy">Who responded: <see cref="Gateway"/> or the name of a service.</param>
internal readonly record struct Outcome(int Status, string ServedBy)
{
    /// <summary><see cref="ServedBy"/> of the Gateway's own responses.</summary>
    public const string Gateway = "gateway";

    /// <summary>The client closed its connection before the response was complete.</summary>
    public const int ClientClosedRequest = 499;

    /// <summary>The Gateway failed; a response that had started was aborted.</summary>
    public static readonly Outcome Failed = new(StatusCodes.Status500InternalServerError, Gateway);

    /// <summary>The client closed its connection before the response was complete.</summary>
    public static readonly Outcome ClientClosed = new(ClientClosedRequest, Gateway);
}
