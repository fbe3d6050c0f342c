using System.Globalization;

namespace Xerotier.MaintenanceService.Changes;

/// <summary>How far a reader has read the change log. Its text form is opaque to readers.</summary>
/// <param name="Database">The database that the mark belongs to: the cluster's identifier and the database's object id.</param>
/// <param name="Suspensions">The version of the set of suspended projects, whose windows the reader does not see; null: it sees all projects.</param>
/// <param name="Seen">The transactions whose changes the reader has.</param>
/// <param name="Page">Where the reader is between <paramref name="Seen"/> and the end of the pages that it is reading, if it is.</param>
internal sealed record ChangeMark(string Database, long? Suspensions, TransactionSnapshot Seen, PagePosition? Page = null)
{
    private const char Separator = ';';

    /// <summary>Everything that this mark's pages lead to, once the reader has them all.</summary>
    public TransactionSnapshot Target => Page?.Target ?? Seen;

    /// <summary>Reads the text form; null when <paramref name="text"/> is not one.</summary>
    public static ChangeMark? Parse(string text)
    {
        var parts = text.Split(Separator);
        if (parts.Length is not (3 or 7) || parts[0].Length == 0 || TransactionSnapshot.Parse(parts[2]) is not { } seen)
        {
            return null;
        }

        var suspensions = Number(parts[1]);
        if (suspensions is null && parts[1].Length > 0)
        {
            return null;
        }

        if (parts.Length == 3)
        {
            return new(parts[0], suspensions, seen);
        }

        return TransactionSnapshot.Parse(parts[3]) is { } target && Number(parts[6]) is { } version
            ? new(parts[0], suspensions, seen, new(target, parts[4], parts[5], version))
            : null;

        static long? Number(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    /// <inheritdoc/>
    public override string ToString() => Page is { } page
        ? string.Create(CultureInfo.InvariantCulture, $"{Database}{Separator}{Suspensions}{Separator}{Seen}{Separator}{page.Target}{Separator}{page.ProjectId}{Separator}{page.ObjectId}{Separator}{page.Version}")
        : string.Create(CultureInfo.InvariantCulture, $"{Database}{Separator}{Suspensions}{Separator}{Seen}");
}

/// <summary>A place among the changes that lie between two snapshots, which come by project, object and version.</summary>
/// <param name="Target">The later snapshot.</param>
/// <param name="ProjectId">Project of the last change that was read.</param>
/// <param name="ObjectId">The window, component or incident that it changed.</param>
/// <param name="Version">Its version.</param>
internal sealed record PagePosition(TransactionSnapshot Target, string ProjectId, string ObjectId, long Version);
