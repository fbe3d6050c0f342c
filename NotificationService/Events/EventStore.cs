using Npgsql;
using NpgsqlTypes;
using Xerotier.NotificationService.Model;
using Xerotier.ServiceDefaults;

namespace Xerotier.NotificationService.Events;

/// <summary>
/// Writes events, each once by its key, and then a message for everybody who is to be told: a thousand in a transaction, in the order of
/// their ids, so that the first are on their way while the last are written. Their rows are locked first, as whoever records what came of
/// messages does too: so the number of a message is its place, and whether an earlier one is still to be tried is known for sure. The id of
/// a message follows from its event, with its time, and its subscription: where this database was set back and tells again, receivers know
/// what they have had, and what happened otherwise is something else.
/// </summary>
internal static class EventStore
{
    private const int AtOnce = 1000;

    private const string InsertSql = """
        with happened as (
            insert into events (key, type, object_id, project_id, platform, components, occurred_at, data)
            values (@key, @type, @object, @project, @platform, @components, @occurred_at, @data) on conflict (key) do nothing returning id
        )
        insert into telling (event_id) select id from happened returning event_id
        """;

    private const string ToTellSql = "select event_id from telling order by event_id";

    private const string HoldSql = """
        select t.after, e.type, e.project_id, e.platform, e.components, e.created_at, e.key, e.occurred_at
        from telling t join events e on e.id = t.event_id where t.event_id = @event for update of t
        """;

    /// <summary>Who subscribed after the event is not told; a subscription of later than now is of before the database's clock was set back.</summary>
    private const string NumberSql = $"""
        with told as (
            select id from subscriptions where id > @after and (created_at <= @at or created_at > clock_timestamp()) and {Audience.Told} order by id limit @limit for update
        )
        update subscriptions s set sequence = sequence + 1 from told where s.id = told.id returning s.id
        """;

    /// <summary>A statement of its own, which sees what was committed before the locks were got; and not by reading a small table through for each, which grows beneath it.</summary>
    private static readonly string TellSql = $"""
        set local enable_seqscan = off;
        insert into deliveries (id, project_id, subscription_id, event_id, sequence, next_attempt_at, lane)
        select told.message, s.project_id, s.id, @event, s.sequence, case when {Waiting.NothingBefore} then clock_timestamp() end, {Waiting.LaneOf}
        from unnest(@messages, @subscriptions) told (message, subscription) join subscriptions s on s.id = told.subscription
        """;

    private const string DoneSql = "delete from telling where event_id = @event";

    private const string LaterSql = "update telling set after = @after where event_id = @event";

    /// <summary>Writes an event, within the caller's transaction; <see cref="TellAsync"/> has to follow.</summary>
    /// <returns>Whether it was not known already.</returns>
    public static async Task<bool> AddAsync(NpgsqlConnection connection, NewEvent added, CancellationToken cancellation)
    {
        await using var insert = connection.Command(InsertSql)
            .Text("key", added.Key).Text("type", added.Type).Text("object", added.ObjectId).Text("project", added.ProjectId)
            .With("platform", NpgsqlDbType.Boolean, added.Platform).Texts("components", added.Components).Time("occurred_at", added.OccurredAt)
            .With("data", NpgsqlDbType.Bytea, added.Data);
        return await insert.ExecuteScalarAsync(cancellation) is not null;
    }

    /// <summary>Tells everybody of the events that not all have been told of, one event after the other. Several may do so at once.</summary>
    /// <param name="connection">A connection without a transaction.</param>
    /// <param name="told">Is called whenever some have been told.</param>
    /// <param name="cancellation">Ends it; whoever calls this next goes on from there.</param>
    /// <returns>How many were told.</returns>
    public static async Task<int> TellAsync(NpgsqlConnection connection, Action told, CancellationToken cancellation)
    {
        var count = 0;
        await using var toTell = connection.Command(ToTellSql);
        foreach (var id in await toTell.ReadAllAsync(row => row.GetInt64(0), cancellation))
        {
            while (await TellSomeAsync(connection, id, cancellation) is { } some)
            {
                if (some > 0)
                {
                    told();
                }

                count += some;
            }
        }

        return count;
    }

    /// <returns>How many are told; null: everybody has been.</returns>
    private static async Task<int?> TellSomeAsync(NpgsqlConnection connection, long id, CancellationToken cancellation)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var hold = connection.Command(HoldSql).Number("event", id);
        var held = await hold.ReadAllAsync(
            row => (
                After: row.GetString(0), Type: row.GetString(1), ProjectId: row.GetString(2), Platform: row.GetBoolean(3), Components: row.GetFieldValue<string[]>(4),
                At: row.GetFieldValue<DateTimeOffset>(5), Name: $"{row.GetString(6)} {row.GetFieldValue<DateTimeOffset>(7).UtcTicks}"),
            cancellation);
        if (held is not [var happened])
        {
            return null;
        }

        await using var number = Audience.Place(
            connection.Command(NumberSql).Text("project", happened.ProjectId).Text("after", happened.After).Time("at", happened.At).Number("limit", AtOnce),
            happened.Type, happened.Platform, happened.Components);
        var told = await number.ReadAllAsync(row => row.GetString(0), cancellation);
        await using var tell = connection.Command($"{TellSql}; {(told.Count < AtOnce ? DoneSql : LaterSql)}")
            .Number("event", id).Texts("messages", told.Select(subscription => Id.Of("msg_", $"{happened.Name} {subscription}"))).Texts("subscriptions", told).Text("after", told.Max(StringComparer.Ordinal) ?? "");
        await tell.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return told.Count;
    }
}
