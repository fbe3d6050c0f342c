using System.Data;
using Npgsql;
using NpgsqlTypes;
using Xerotier.ServiceDefaults;
using Xerotier.StatusService.Board;
using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.History;

/// <summary>The history's SQL. The database's clock decides who holds the lease, what lies in the future, and what is past the retention.</summary>
public sealed partial class HistoryStore(NpgsqlDataSource database)
{
    /// <summary>How long a recorder that does not write keeps its lease.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(2);

    /// <summary>A stored state as a number of <see cref="RecordedState"/>: what was measured beneath a window has a column of its own, which the previous release need not know.</summary>
    private const string State = "case when beneath is null then state else (10 + beneath)::smallint end as state";

    /// <summary>How far into the database's future a record may reach: as far as the clock of a service that is right.</summary>
    private static readonly TimeSpan Ahead = StoreClock.OffAbove;

    /// <summary>
    /// Takes the lease if it is free, if its holder has not written for <see cref="Lease"/>, or if it is held by <paramref name="me"/>; returns
    /// the row either way. A record that ends in the future when it is taken is set back to now: somebody's clock was off.
    /// </summary>
    public async Task<RecorderRow> TryTakeAsync(Guid me, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            with taken as (
                update recorder set holder = @me, generation = generation + 1, expires_at = clock_timestamp() + @lease
                where expires_at not between clock_timestamp() and clock_timestamp() + @lease or holder = @me
                returning generation, recorded_until, first_recorded, revision, stamp::text, true as taken, recorded_until > clock_timestamp() + @ahead)
            select * from taken
            union all
            select generation, recorded_until, first_recorded, revision, stamp::text, false, false from recorder
            where not exists (select from taken)
            """);
        command.Parameters.AddWithValue("me", me);
        command.Parameters.AddWithValue("lease", Lease);
        command.Parameters.AddWithValue("ahead", Ahead);
        RecorderRow row;
        await using (var reader = await command.ExecuteReaderAsync(cancellation))
        {
            await reader.ReadAsync(cancellation);
            row = Row(reader, reader.GetBoolean(5));
            if (!reader.GetBoolean(6))
            {
                return row;
            }
        }

        return await SetBackAsync(row.Generation, cancellation) ?? row;
    }

    /// <summary>Gives the lease up at once, if it is still held.</summary>
    public async Task ReleaseAsync(long generation, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("update recorder set expires_at = '-infinity', holder = null where generation = @generation");
        command.Parameters.AddWithValue("generation", generation);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>The notices that a recorder knew last; null when none ever did.</summary>
    public async Task<HeardNotices?> NoticesAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select windows::text, announced::text, windows_heard_at from recorder where windows is not null");
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        return await reader.ReadAsync(cancellation)
            ? new(BoardWindows.FromJson(reader.GetString(0)), Announcements.FromJson(reader.IsDBNull(1) ? null : reader.GetString(1)) ?? Announcements.None, reader.GetFieldValue<DateTimeOffset>(2))
            : null;
    }

    /// <summary>The intervals that go on, by component key.</summary>
    public async Task<Dictionary<string, OpenInterval>> OpenAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand($"select key, starts_at, {State} from intervals join components on id = component where ends_at is null");
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var open = new Dictionary<string, OpenInterval>();
        while (await reader.ReadAsync(cancellation))
        {
            open[reader.GetString(0)] = new(Second(reader, 1)!.Value, (RecordedState)reader.GetInt16(2));
        }

        return open;
    }

    /// <summary>
    /// Writes <paramref name="change"/> and extends the lease: one batch, so one transaction in which the database waits for nobody.
    /// Its first command takes the row's lock and checks the generation; the others do nothing unless it did.
    /// </summary>
    /// <returns>The row afterwards; null when the caller's generation or end of the record is not the database's, or when it would reach into the future: nothing was written.</returns>
    public async Task<RecorderRow?> WriteAsync(long generation, long revision, RecordedChange change, CancellationToken cancellation)
    {
        var start = change.From ?? change.Begun.Select(b => b.From).DefaultIfEmpty(change.Until).Min();
        var newDay = Day(start) < Day(change.Until);
        var revised = change.Ended.Count > 0 || change.Begun.Count > 0 || newDay || change.Stamp is not null;
        var next = revised ? revision + 1 : revision;

        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(new(
            """
            update recorder set recorded_until = @until, revision = @next, expires_at = clock_timestamp() + @lease,
                stamp = coalesce(@stamp, stamp), first_recorded = coalesce(first_recorded, @first),
                windows = coalesce(@windows, windows), announced = coalesce(@announced, announced), windows_heard_at = coalesce(@heard, windows_heard_at),
                demo = demo or @demo
            where generation = @generation and recorded_until = @from and @until <= clock_timestamp() + @ahead
            returning generation, recorded_until, first_recorded, revision, stamp::text
            """)
        {
            Parameters =
            {
                new("generation", generation),
                new("from", change.From is { } from ? Instant(from) : Never),
                new("until", Instant(change.Until)),
                new("next", next),
                new("lease", Lease),
                new("ahead", Ahead),
                new("stamp", NpgsqlDbType.Jsonb) { Value = (object?)change.Stamp ?? DBNull.Value },
                new("first", NpgsqlDbType.TimestampTz) { Value = change.Begun.Count > 0 ? Instant(change.Begun.Min(b => b.From)) : DBNull.Value },
                new("windows", NpgsqlDbType.Jsonb) { Value = (object?)change.Windows ?? DBNull.Value },
                new("announced", NpgsqlDbType.Jsonb) { Value = (object?)change.Announced ?? DBNull.Value },
                new("heard", NpgsqlDbType.TimestampTz) { Value = change.NoticesHeardAt is { } heard ? heard : DBNull.Value },
                new("demo", change.IsDemo),
            },
        });
        if (change.Ended.Count > 0)
        {
            batch.BatchCommands.Add(new(
                """
                update intervals set ends_at = ended.at from unnest(@components, @ends) as ended (key, at) join components using (key)
                where component = id and ends_at is null
                    and exists (select from recorder where generation = @generation and revision = @next)
                """)
            {
                Parameters =
                {
                    new("generation", generation),
                    new("next", next),
                    new("components", change.Ended.Select(e => e.Component).ToArray()),
                    new("ends", change.Ended.Select(e => Instant(e.To)).ToArray()),
                },
            });
        }

        if (change.Begun.Count > 0)
        {
            batch.BatchCommands.Add(new(
                """
                insert into components (key) select distinct key from unnest(@components) as begun (key)
                where not exists (select from components as known where known.key = begun.key)
                    and exists (select from recorder where generation = @generation and revision = @next)
                """)
            {
                Parameters =
                {
                    new("generation", generation),
                    new("next", next),
                    new("components", change.Begun.Select(b => b.Component).ToArray()),
                },
            });
            batch.BatchCommands.Add(new(
                """
                insert into intervals (component, starts_at, ends_at, state, beneath)
                select id, starts_at, ends_at, case when state >= 10 then 3 else state end, case when state >= 10 then state - 10 end from unnest(@components, @starts, @ends, @states) as begun (key, starts_at, ends_at, state) join components using (key)
                where exists (select from recorder where generation = @generation and revision = @next)
                """)
            {
                Parameters =
                {
                    new("generation", generation),
                    new("next", next),
                    new("components", change.Begun.Select(b => b.Component).ToArray()),
                    new("starts", change.Begun.Select(b => Instant(b.From)).ToArray()),
                    new("ends", NpgsqlDbType.Array | NpgsqlDbType.TimestampTz) { Value = change.Begun.Select(b => b.To is { } to ? Instant(to) : (DateTime?)null).ToArray() },
                    new("states", change.Begun.Select(b => (short)b.State).ToArray()),
                },
            });
        }

        if (change.Shown is { } shown)
        {
            batch.BatchCommands.Add(new(
                """
                insert into status_changes (component, at, before, after)
                select shown.component, coalesce(shown.at, @until), last.after, shown.status
                from unnest(@components, @ats, @statuses) as shown (component, at, status)
                left join lateral (select after from status_changes known where known.component = shown.component order by number desc limit 1) last on true
                where last.after is distinct from shown.status and exists (select from recorder where generation = @generation and revision = @next)
                order by 2, 1
                """)
            {
                Parameters =
                {
                    new("generation", generation),
                    new("next", next),
                    new("until", Instant(change.Until)),
                    new("components", shown.Keys.ToArray()),
                    new("ats", NpgsqlDbType.Array | NpgsqlDbType.TimestampTz) { Value = shown.Values.Select(s => s.At is { } at ? Instant(at) : (DateTime?)null).ToArray() },
                    new("statuses", shown.Values.Select(s => s.Status.ToWord()).ToArray()),
                },
            });
        }

        if (newDay)
        {
            batch.BatchCommands.Add(new(
                """
                insert into days (day, component, operational, degraded, maintenance, outage)
                select (starts_at at time zone 'UTC')::date, component,
                    coalesce(sum(seconds) filter (where state = 0), 0), coalesce(sum(seconds) filter (where state = 1), 0),
                    coalesce(sum(seconds) filter (where state = 3), 0), coalesce(sum(seconds) filter (where state = 4), 0)
                from (select *, extract(epoch from ends_at - starts_at)::int as seconds from intervals
                    where starts_at >= @begin and starts_at < @end) as closed
                where exists (select from recorder where generation = @generation and revision = @next)
                group by 1, 2
                """)
            {
                Parameters =
                {
                    new("generation", generation),
                    new("next", next),
                    new("begin", Midnight(start)),
                    new("end", Midnight(change.Until)),
                },
            });
        }

        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        var row = await reader.ReadAsync(cancellation) ? Row(reader, taken: true) : null;
        while (await reader.NextResultAsync(cancellation))
        {
            // Nothing to read: a command that failed throws here.
        }

        return row;
    }

    /// <summary>Deletes the days that are more than <paramref name="days"/> before the database's day.</summary>
    /// <returns>How many rows went.</returns>
    public async Task<int> PurgeAsync(int days, CancellationToken cancellation)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(new("delete from intervals where starts_at < (select date_trunc('day', clock_timestamp(), 'UTC') - @days * interval '24 hours') and ends_at is not null") { Parameters = { new("days", days) } });
        batch.BatchCommands.Add(new("delete from days where day < (select (clock_timestamp() at time zone 'UTC')::date - @days)") { Parameters = { new("days", days) } });
        batch.BatchCommands.Add(new(
            """
            with gone as (
                delete from status_changes old where at < clock_timestamp() - @kept
                    and exists (select from status_changes newer where newer.component = old.component and newer.number > old.number)
                returning number)
            update recorder set changes_purged_to = greatest(changes_purged_to, (select max(number) from gone)) where exists (select from gone)
            """)
        { Parameters = { new("kept", StatusChangeLog.Kept) } });
        return await batch.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Ends a record that reaches into the future now, in one transaction: what starts later is dropped, what ends later ends now.</summary>
    /// <returns>The row afterwards; null when the caller has lost the lease.</returns>
    private async Task<RecorderRow?> SetBackAsync(long generation, CancellationToken cancellation)
    {
        const string Now = "(select recorded_until from recorder where generation = @generation)";
        await using var batch = database.CreateBatch();
        foreach (var sql in (string[])[
            """
            update recorder set recorded_until = date_trunc('second', clock_timestamp()), revision = revision + 1,
                first_recorded = case when first_recorded < clock_timestamp() then first_recorded end
            where generation = @generation
            returning generation, recorded_until, first_recorded, revision, stamp::text
            """,
            $"delete from intervals where starts_at >= {Now}",
            $"update intervals set ends_at = {Now} where ends_at > {Now}",
            $"delete from days where day >= ({Now} at time zone 'UTC')::date"])
        {
            batch.BatchCommands.Add(new(sql) { Parameters = { new("generation", generation) } });
        }

        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        var row = await reader.ReadAsync(cancellation) ? Row(reader, taken: true) : null;
        while (await reader.NextResultAsync(cancellation))
        {
            // Nothing to read: a command that failed throws here.
        }

        return row;
    }

    private static RecorderRow Row(NpgsqlDataReader reader, bool taken) =>
        new(reader.GetInt64(0), Second(reader, 1), Second(reader, 2), reader.GetInt64(3), reader.IsDBNull(4) ? null : reader.GetString(4), taken);

    /// <summary>Null for null and for -infinity, which Npgsql reads as the smallest date.</summary>
    private static long? Second(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) || reader.GetDateTime(column) is var at && at == DateTime.MinValue ? null : new DateTimeOffset(at).ToUnixTimeSeconds();

    private static DateTime Instant(long second) => DateTimeOffset.FromUnixTimeSeconds(second).UtcDateTime;

    /// <summary>-infinity.</summary>
    private static DateTime Never => DateTime.SpecifyKind(DateTime.MinValue, DateTimeKind.Utc);

    private static long Day(long second) => second / 86_400;

    private static DateTime Midnight(long second) => Instant(Day(second) * 86_400);
}
