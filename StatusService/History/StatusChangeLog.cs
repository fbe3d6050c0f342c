using System.Globalization;
using Npgsql;
using Xerotier.ServiceDefaults;

namespace Xerotier.StatusService.History;

/// <summary>A change of what a component is shown as.</summary>
/// <param name="Number">Its place in the log.</param>
/// <param name="ComponentKey">The component's key.</param>
/// <param name="At">Since when it is shown so, to the second; where that was not observed, since when it is known.</param>
/// <param name="Before">What it was shown as before; null: it was not shown.</param>
/// <param name="After">What it is shown as.</param>
public sealed record StatusChange(long Number, string ComponentKey, DateTimeOffset At, string? Before, string After);

/// <summary>How far a reader has read the log. Its text form is opaque to readers.</summary>
/// <param name="Database">The database that the number belongs to.</param>
/// <param name="Number">The last change that the reader has.</param>
public sealed record StatusMark(string Database, long Number)
{
    /// <summary>Reads the text form; null when <paramref name="text"/> is not one.</summary>
    public static StatusMark? Parse(string text) =>
        text.Split(';') is [{ Length: > 0 } database, var number] && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) ? new(database, parsed) : null;

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Database};{Number}");
}

/// <summary>The log of what components were shown as (notifications.md section 20), which the recorder writes with the history.</summary>
public sealed class StatusChangeLog(NpgsqlDataSource database)
{
    /// <summary>The most changes of one read.</summary>
    public const int PageSize = 200;

    /// <summary>How long a change is kept; the last one of each component stays.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    /// <summary>Which database this is, its last change, and how far changes are no longer kept.</summary>
    private const string HeadSql = $"""
        select concat_ws('.', {Postgres.IdentitySql}, pg_relation_filenode('status_changes')) as database,
            coalesce((select max(number) from status_changes), 0) as head, changes_purged_to
        from recorder
        """;

    /// <summary>The last change of each component, by component, and the mark after them.</summary>
    public async Task<(StatusMark Mark, IReadOnlyList<StatusChange> Statuses)> CurrentAsync(CancellationToken cancellation)
    {
        var (head, changes) = await ReadAsync($"""
            select * from ({HeadSql}) head
            left join (select distinct on (component) number, component, at, before, after from status_changes order by component, number desc) last on true
            """, null, cancellation);
        return (head.Mark, changes);
    }

    /// <summary>The next changes after <paramref name="mark"/>, and the mark after them; null: it does not belong to this database, or what came next is no longer kept.</summary>
    public async Task<(StatusMark Mark, IReadOnlyList<StatusChange> Changes)?> AfterAsync(StatusMark mark, CancellationToken cancellation)
    {
        var (head, changes) = await ReadAsync($"""
            select * from ({HeadSql}) head
            left join (select number, component, at, before, after from status_changes where number > @after order by number limit {PageSize}) next on true
            order by number
            """, mark.Number, cancellation);
        var isOfIt = mark.Database == head.Mark.Database || (Postgres.IsOfOtherTimeline(mark.Database, head.Mark.Database) && await IsLastSeenThereAsync(mark.Number, head.PurgedTo, cancellation));
        return !isOfIt || mark.Number > head.Mark.Number || mark.Number < head.PurgedTo ? null
            : (head.Mark with { Number = changes.Count > 0 ? changes[^1].Number : mark.Number }, changes);
    }

    /// <summary>Whether a failover has kept all that a mark has seen.</summary>
    private async Task<bool> IsLastSeenThereAsync(long number, long purgedTo, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select exists (select from status_changes where number = @number)").Number("number", number);
        return number == purgedTo || await command.ExecuteScalarAsync(cancellation) is true;
    }

    private async Task<((StatusMark Mark, long PurgedTo) Head, List<StatusChange> Changes)> ReadAsync(string sql, long? after, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(sql);
        if (after is { } number)
        {
            command.Parameters.AddWithValue("after", number);
        }

        await using var row = await command.ExecuteReaderAsync(cancellation);
        var changes = new List<StatusChange>();
        (StatusMark, long) head = default;
        while (await row.ReadAsync(cancellation))
        {
            head = (new(row.GetString(0), row.GetInt64(1)), row.GetInt64(2));
            if (!row.IsDBNull(3))
            {
                changes.Add(new(row.GetInt64(3), row.GetString(4), row.GetFieldValue<DateTimeOffset>(5), row.IsDBNull(6) ? null : row.GetString(6), row.GetString(7)));
            }
        }

        return (head, changes);
    }
}
