namespace Xerotier.Contracts;

/// <summary>What an update says of components, and of when.</summary>
public interface IDeclaringUpdate
{
    /// <summary>The instant that it speaks of.</summary>
    DateTimeOffset At { get; }

    /// <summary>The incident's state from it on.</summary>
    IncidentStatus Status { get; }

    /// <summary>The components that it names.</summary>
    IReadOnlyList<ComponentDeclaration> Components { get; }
}

/// <summary>
/// What the updates of an incident declare of components over time (incidents.md section 11): at an instant holds what the last update by
/// the instant that it speaks of, and then by posting, has said. A resolving update ends everything.
/// </summary>
public static class IncidentTimeline
{
    /// <summary>The declared states after each update, by the instants that the updates speak of.</summary>
    /// <typeparam name="TUpdate">An update.</typeparam>
    /// <param name="updates">The updates in the order of posting.</param>
    public static IEnumerable<(TUpdate Update, IReadOnlyDictionary<string, DeclaredStatus> States)> Over<TUpdate>(IEnumerable<TUpdate> updates)
        where TUpdate : IDeclaringUpdate
    {
        var states = new Dictionary<string, DeclaredStatus>(StringComparer.Ordinal);
        foreach (var update in updates.OrderBy(update => update.At)) // a stable order: those of one instant stay as they were posted
        {
            if (update.Status is IncidentStatus.Resolved)
            {
                foreach (var id in states.Keys)
                {
                    states[id] = DeclaredStatus.Operational;
                }
            }

            foreach (var declared in update.Components)
            {
                states[declared.Id] = declared.Status;
            }

            yield return (update, new Dictionary<string, DeclaredStatus>(states));
        }
    }
}
