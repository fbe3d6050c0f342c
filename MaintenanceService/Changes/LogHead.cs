namespace Xerotier.MaintenanceService.Changes;

/// <summary>What the database says of itself with every read of the change log.</summary>
/// <param name="Database">Which database it is.</param>
/// <param name="Suspensions">The version of the set of suspended projects; null for a reader of all projects, to whom it is the same.</param>
/// <param name="Now">The transactions that are visible.</param>
/// <param name="Last">The last of them that changed a window, a component or an incident; 0 when none did.</param>
internal sealed record LogHead(string Database, long? Suspensions, TransactionSnapshot Now, ulong Last)
{
    /// <summary>The mark of everything that is visible.</summary>
    public ChangeMark Mark => new(Database, Suspensions, Durable);

    /// <summary>
    /// The snapshot up to the last change. Numbers of later transactions, which left nothing on disk, may be given again after a crash;
    /// a number before a committed change may not.
    /// </summary>
    private TransactionSnapshot Durable => Now.Before(Last + 1);

    /// <summary>The page of <paramref name="changes"/> and <paramref name="notices"/>.</summary>
    /// <param name="mark">The mark after which they were read.</param>
    /// <param name="target">Up to where; null: up to now.</param>
    /// <param name="changes">The changes of windows between the two.</param>
    /// <param name="notices">The ids of components and incidents that changed.</param>
    /// <param name="last">The place of the last change that was read, if more may follow before the target.</param>
    /// <exception cref="InvalidMarkException">As for <see cref="MarkAfter"/>.</exception>
    public ChangePage PageAfter(
        ChangeMark mark, TransactionSnapshot? target, IReadOnlyList<WindowEvent> changes, IReadOnlyList<string> notices, (string ProjectId, string ObjectId, long Version)? last) =>
        new(changes, notices, MarkAfter(mark, target, last));

    /// <summary>The mark after a page.</summary>
    /// <param name="mark">The mark after which it was read.</param>
    /// <param name="target">Up to where; null: up to now.</param>
    /// <param name="last">The place of the last change that was read, if more may follow before the target.</param>
    /// <exception cref="InvalidMarkException">The mark is ahead of this database, of another one, or from when other projects were suspended.</exception>
    public ChangeMark MarkAfter(ChangeMark mark, TransactionSnapshot? target, (string ProjectId, string ObjectId, long Version)? last)
    {
        if (Database != mark.Database || Suspensions != mark.Suspensions || mark.Seen.Max > Now.Max || mark.Target.Max > Now.Max)
        {
            throw new InvalidMarkException();
        }

        target ??= Durable;
        return last is var (projectId, objectId, version)
            ? mark with { Page = new(target, projectId, objectId, version) }
            : new(Database, Suspensions, target);
    }
}
