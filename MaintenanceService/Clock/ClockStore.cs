using Npgsql;
using NpgsqlTypes;
using Xerotier.MaintenanceService.Changes;
using Xerotier.MaintenanceService.Windows;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.MaintenanceService.Clock;

/// <summary>
/// What time alone changes in the database: windows whose time has come, and idempotency keys that have expired (<see cref="SeriesClock"/> makes the windows of series). None of it can be undone, so
/// the database's clock decides: the caller's may lag behind it, never lead.
/// </summary>
internal sealed class ClockStore(NpgsqlDataSource database)
{
    /// <summary>The most windows that one turn of the clock moves, so that its transaction stays short.</summary>
    public const int DueBatch = 500;

    /// <summary>
    /// Moves on the windows whose time has come, each with its row of the change log: scheduled ones become active, then active ones
    /// completed, in one transaction, so that a window whose both times have passed goes straight through. A window that another
    /// replica holds is left to it.
    /// </summary>
    /// <returns>How many became active, and how many completed; either at <see cref="DueBatch"/> means that more may be due.</returns>
    public async Task<(int Activated, int Completed)> MoveDueAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        await using var batch = MoveDueBatch(now);
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        var activated = await CountAsync();
        await reader.NextResultAsync(cancellation);
        return (activated, await CountAsync());

        async Task<int> CountAsync() => await reader.ReadAsync(cancellation) ? reader.GetInt32(0) : 0;
    }

    internal NpgsqlBatch MoveDueBatch(DateTimeOffset now)
    {
        var batch = database.CreateBatch();
        foreach (var (from, at, to, done) in Lifecycle.Automatic)
        {
            Add(from.Wire(), at, to.Wire(), Lifecycle.Action(from, to), done);
        }

        return batch;

        void Add(string from, string at, string to, string action, string done) => batch.BatchCommands.Add(new NpgsqlBatchCommand($"""
            with clock as (select least(@now, clock_timestamp()) as now),
            due as (
                select * from windows where auto_transition and status = '{from}' and {at} <= (select now from clock) order by {at} limit {DueBatch} for update skip locked
            ),
            moved as (
                update windows w set status = '{to}', version = w.version + 1, updated_at = greatest((select now from clock), w.updated_at), {done} = greatest((select now from clock), w.updated_at)
                from due d where w.project_id = d.project_id and w.id = d.id and w.status = '{from}'
                returning w.*
            ),
            event as (
                insert into window_events (project_id, window_id, version, occurred_at, actor, action, before, after)
                select m.project_id, m.id, m.version, (select now from clock), '{Actor.Clock}', '{action}', to_jsonb(d), to_jsonb(m)
                from moved m join due d on d.project_id = m.project_id and d.id = m.id
            )
            select count(*)::int from moved
            """)
        {
            Parameters = { new NpgsqlParameter("now", NpgsqlDbType.TimestampTz) { Value = now.UtcDateTime } },
        });
    }

    /// <summary>Removes up to 1,000 idempotency keys that have expired, and says how many it removed.</summary>
    public async Task<int> RemoveExpiredKeysAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand($"""
            with clock as (select least(@now, clock_timestamp()) as now)
            delete from idempotency_keys where ctid = any(array(
                select ctid from idempotency_keys where created_at <= (select now from clock) - {Idempotency.Kept} order by created_at limit 1000 for update skip locked))
            """).Time("now", now);
        return await command.ExecuteNonQueryAsync(cancellation);
    }
}
