namespace Xerotier.Faults.Tests;

/// <summary>One operation of a history: what a client asked for, when, and what it was told.</summary>
/// <param name="Invoked">When the request was sent, by a monotonic clock.</param>
/// <param name="Returned">When its response was there; null when the outcome is unknown: it may take effect at any later moment, or never.</param>
/// <param name="Step">The state after the operation; null when what the client was told is not possible in the given state.</param>
internal sealed record Operation<TState>(long Invoked, long? Returned, Func<TState, TState?> Step)
    where TState : class;

/// <summary>
/// Whether a history is linearizable: whether its operations have an order in which each takes effect between its invocation and its
/// response, as if there were one client alone. The search is Wing and Gong's, and remembers where it has been (Lowe's improvement).
/// </summary>
internal static class Linearizability
{
    /// <summary>The most operations of one history.</summary>
    public const int MaxOperations = 64;

    /// <summary>Whether <paramref name="history"/>, in any order, explains all responses when it begins in <paramref name="initial"/>.</summary>
    /// <exception cref="ArgumentException">The history is too long.</exception>
    public static bool Holds<TState>(TState initial, IReadOnlyList<Operation<TState>> history)
        where TState : class, IEquatable<TState>
    {
        if (history.Count > MaxOperations)
        {
            throw new ArgumentException($"There are {history.Count} operations, more than {MaxOperations}.", nameof(history));
        }

        // Those with a response come last, so that the search takes them first: most of the unknown ones never took effect.
        var operations = history.OrderBy(operation => operation.Returned is not null).ThenByDescending(operation => operation.Invoked).ToArray();
        var known = operations.Select((operation, i) => operation.Returned is null ? 0 : 1UL << i).Aggregate(0UL, (all, one) => all | one);
        var seen = new HashSet<(ulong Done, TState State)>();
        var next = new Stack<(ulong Done, TState State)>([(0, initial)]);
        while (next.TryPop(out var reached))
        {
            var (done, state) = reached;
            if ((done & known) == known)
            {
                return true;
            }

            // What was invoked after another one had returned comes after it.
            var firstReturn = operations.Where((operation, i) => (done & (1UL << i)) == 0 && operation.Returned is not null).Min(operation => operation.Returned);
            for (var i = 0; i < operations.Length; i++)
            {
                var operation = operations[i];
                if ((done & (1UL << i)) == 0
                    && operation.Invoked <= firstReturn
                    && operation.Step(state) is { } after
                    && (operation.Returned is not null || !after.Equals(state))
                    && seen.Add((done | (1UL << i), after)))
                {
                    next.Push((done | (1UL << i), after));
                }
            }
        }

        return false;
    }
}
