namespace Xerotier.Gateway.Page;

/// <summary>The status page. Section <c>Page</c>.</summary>
public sealed class PageOptions
{
    /// <summary>The file that keeps the last page across the Gateway's own restarts. Default: none.</summary>
    public string? SnapshotFile { get; set; }
}
