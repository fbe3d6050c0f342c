namespace Xerotier.StatusService.Documents.Content;

/// <summary>What a Gateway replaces in the documents of a source that it has lost (page.proto).</summary>
public static class StaleMarks
{
    /// <summary>Stands for the time of loss, RFC 3339.</summary>
    public const string Since = "@@stale_since@@";

    /// <summary>Stands for the time of loss, RFC 3339 with milliseconds.</summary>
    public const string SinceMilliseconds = "@@stale_since_ms@@";

    /// <summary>Stands for the time of loss, <c>HH:mm:ss UTC</c> or with its date.</summary>
    public const string SinceText = "@@stale_since_text@@";
}
