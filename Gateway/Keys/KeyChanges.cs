using Xerotier.Gateway.Storage;

namespace Xerotier.Gateway.Keys;

/// <summary>What changed since a mark, and the next mark.</summary>
/// <param name="Mark">The mark after the changes.</param>
/// <param name="LastOfProjects">The number of the last change of any project.</param>
/// <param name="Changed">Every value of every key that changed, or whose project did. Of another database than the mark's: meaningless.</param>
internal sealed record KeyChanges(ChangeMark Mark, long LastOfProjects, IReadOnlyList<ApiKey> Changed);
