namespace Xerotier.StatusService.Documents.Content;

/// <summary>How large public documents may be (surfaces.md). What does not fit is cut at a whole update, the newest kept, with a link to the rest.</summary>
internal static class Bounds
{
    /// <summary>The most bytes of a document.</summary>
    public const int Document = 1024 * 1024;

    /// <summary>The most bytes of a document of one component.</summary>
    public const int OfComponent = 64 * 1024;

    /// <summary>The most bytes of an entry: an incident, a window, an update.</summary>
    public const int Entry = 64 * 1024;

    /// <summary>The most entries of a document.</summary>
    public const int Entries = 50;
}
