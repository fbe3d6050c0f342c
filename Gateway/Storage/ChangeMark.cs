using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Storage;

/// <summary>How far the changes of keys and projects have been read.</summary>
/// <param name="Database">The database whose numbers they are. It changes when the database is restored from a backup or fails over.</param>
/// <param name="Number">The number of the last change that was read.</param>
internal sealed record ChangeMark(string Database, long Number)
{
    /// <summary>The columns <c>database</c> and <c>number</c> of the newest mark.</summary>
    public const string Sql = $"select concat_ws('.', {Postgres.IdentitySql}, pg_relation_filenode('change_head')) as database, number from change_head";

    /// <summary>Whether a reader with this mark can go on from <paramref name="newer"/>: it is of the same database, and not behind.</summary>
    public bool LeadsTo(ChangeMark newer) => newer.Database == Database && newer.Number >= Number;
}
