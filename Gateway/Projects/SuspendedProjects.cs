using Xerotier.Gateway.Storage;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Projects;

/// <summary>The suspended projects as this Gateway read them last, for those that watch them. Keys know by themselves whether their project is suspended.</summary>
internal sealed class SuspendedProjects
{
    private readonly Latest<State?> latest = new(null);

    /// <summary>The newest reading, and a task that completes at the next one; null before the first.</summary>
    public (State? State, Task Changed) Current => latest.Current;

    /// <summary>Takes a new reading, or the last one again because nothing has changed since.</summary>
    public void Set(State state) => latest.Set(state);

    /// <summary>The suspended projects at one instant.</summary>
    /// <param name="Mark">The last change of any project.</param>
    /// <param name="Projects">Their ids, and since when they are suspended.</param>
    /// <param name="OldestOfPlatform">The oldest project of the platform's own operators; null: none.</param>
    internal sealed record State(ChangeMark Mark, IReadOnlyList<(string Id, DateTimeOffset SuspendedAt)> Projects, string? OldestOfPlatform);
}
