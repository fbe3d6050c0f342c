using Npgsql;
using NpgsqlTypes;
using Xerotier.NotificationService.Model;
using Xerotier.ServiceDefaults;

namespace Xerotier.NotificationService.Events;

/// <summary>
/// Writes events, each once by its key, with a message for everybody who is to be told. Everybody's row is locked first, in the order of
/// their ids, as whoever records what came of messages does too: so the number of a message is its place, and whether an earlier one is
/// still to be tried is known for sure.
/// </summary>
internal static class EventStore
{
    private const string InsertSql = """
        insert into events (key, type, object_id, project_id, platform, components, occurred_at, data)
        values (@key, @type, @object, @project, @platform, @components, @occurred_at, @data) on conflict (key) do nothing returning id
        """;

    private const string NumberSql = $"""
        with told as (
            select id from subscriptions where {Audience.Told} order by id for update
        )
        update subscriptions s set sequence = sequence + 1 from told where s.id = told.id returning s.id
        """;

    private static readonly string TellSql = $"""
        insert into deliveries (id, project_id, subscription_id, event_id, sequence, next_attempt_at)
        select told.message, s.project_id, s.id, @event, s.sequence, case when {Waiting.NothingBefore} then clock_timestamp() end
        from unnest(@messages, @subscriptions) told (message, subscription) join subscriptions s on s.id = told.subscription
        """;

    /// <summary>Writes an event, within the caller's transaction.</summary>
    /// <returns>How many are told; 0 also when the event is known already.</returns>
    public static async Task<int> AddAsync(NpgsqlConnection connection, NewEvent added, CancellationToken cancellation)
    {
        await using var insert = connection.Command(InsertSql)
            .Text("key", added.Key).Text("type", added.Type).Text("object", added.ObjectId).Text("project", added.ProjectId)
            .With("platform", NpgsqlDbType.Boolean, added.Platform).Texts("components", added.Components).Time("occurred_at", added.OccurredAt)
            .With("data", NpgsqlDbType.Bytea, added.Data);
        if (await insert.ExecuteScalarAsync(cancellation) is not long id)
        {
            return 0;
        }

        await using var number = Audience.Place(connection.Command(NumberSql).Text("project", added.ProjectId), added.Type, added.Platform, added.Components);
        var told = await number.ReadAllAsync(row => row.GetString(0), cancellation);
        if (told.Count > 0)
        {
            // In a statement of its own, which sees what was committed before it got the locks.
            await using var tell = connection.Command(TellSql)
                .Number("event", id).Texts("messages", told.Select(_ => Id.New("msg_"))).Texts("subscriptions", told);
            await tell.ExecuteNonQueryAsync(cancellation);
        }

        return told.Count;
    }
}
