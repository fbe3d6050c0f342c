using System.Text.Json;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;
using Xerotier.NotificationService.Model;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;
using static Xerotier.NotificationService.Subscriptions.StoredDelivery;

namespace Xerotier.NotificationService.Subscriptions;

/// <summary>The messages to a subscription, of one project at a time: what people see of them and may do with them.</summary>
internal sealed class DeliveryStore(ProjectDatabase database, DeliverySignal signal, IOptions<NotificationsOptions> limits) : IDisposable
{
    /// <summary>One test at a time of a project.</summary>
    private readonly ProjectTurns testing = new(mostWaiting: 100);

    /// <summary>The tests of a project within the last minute. They are counted by their events, which stay where a subscription is deleted and made anew.</summary>
    private const string LatestTests = $"""
        from events where project_id = @project and type = '{EventTypes.Test}' and created_at > transaction_timestamp() - interval '1 minute'
        """;

    /// <summary>Whether there may be another one, in all statements of a transaction alike.</summary>
    private const string Room = $"(select count(*) < @most_of_project and count(*) filter (where object_id = @id) < @most {LatestTests})";

    /// <summary>One test of a project at a time, by whichever replica: each is counted.</summary>
    private static readonly string TestSql = $"""
        select pg_advisory_xact_lock(hashtextextended('tests of ' || @project, 0));
        update subscriptions set sequence = sequence + 1 where project_id = @project and id = @id and version = @version and state = 'active' and {Room};
        with s as (select * from subscriptions where project_id = @project and id = @id and version = @version and state = 'active' and {Room}),
        e as (
            insert into events (key, type, object_id, project_id, platform, components, occurred_at, data)
            select @key, '{EventTypes.Test}', s.id, s.project_id, false, array[]::text[], clock_timestamp(), @data from s
            returning *
        ),
        d as (
            insert into deliveries (id, project_id, subscription_id, event_id, sequence, next_attempt_at, lane)
            select @delivery, s.project_id, s.id, e.id, s.sequence, case when {Waiting.NothingBefore} then clock_timestamp() end, {Waiting.LaneOf} from s, e
            returning *
        )
        select {Columns} from d, e
        """;

    private const string TestWaitSql = $"""
        select coalesce(ceil(extract(epoch from greatest(
            case when count(*) >= @most_of_project then min(created_at) end, case when count(*) filter (where object_id = @id) >= @most then min(created_at) filter (where object_id = @id) end
        ) + interval '1 minute' - clock_timestamp())), 0)::int {LatestTests}
        """;

    /// <summary>The subscription's row is locked first, as whoever sends does. What is due within a minute is left alone: it may be on its way right now.</summary>
    private static readonly string RetrySql = $"""
        select id from subscriptions where project_id = @project and id = @subscription and state = 'active' for update;
        with retried as (
            update deliveries d set
                state = 'pending',
                attempts = case when d.state = 'failed' then 0 else d.attempts end,
                first_attempt_at = case when d.state = 'pending' then d.first_attempt_at end,
                next_attempt_at = case when {Waiting.HeldUp} then null when d.state = 'failed' or d.next_attempt_at > clock_timestamp() + interval '1 minute' then clock_timestamp() else d.next_attempt_at end,
                lane = {Waiting.LaneOf}
            from subscriptions s
            where d.project_id = @project and d.id = @id and d.subscription_id = @subscription and d.state <> 'delivered'
                and s.project_id = @project and s.id = d.subscription_id and s.state = 'active'
            returning d.*
        )
        select {Columns} from retried d join events e on e.id = d.event_id
        """;

    /// <summary>Takes the key unless another request holds it. A key that another transaction is taking is waited for.</summary>
    private const string ClaimSql = $"""
        insert into idempotency_keys as held (project_id, key, fingerprint, created_at) values (@project, @key, @fingerprint, clock_timestamp())
        on conflict (project_id, key) do update set fingerprint = excluded.fingerprint, created_at = excluded.created_at, body = null
            where held.project_id = @project and held.created_at <= clock_timestamp() - {Idempotency.Kept}
        """;

    private const string EarlierSql = $"select fingerprint, body from idempotency_keys where project_id = @project and key = @key and created_at > clock_timestamp() - {Idempotency.Kept}";

    private const string KeepSql = "update idempotency_keys set body = @body where project_id = @project and key = @key";

    private const string ListSql = $"""
        select {Columns} from deliveries d join events e on e.id = d.event_id
        where d.project_id = @project and d.subscription_id = @subscription and d.sequence < @before
        order by d.sequence desc limit @limit
        """;

    /// <summary>The response that the request's key has got before, as JSON; null when it has none.</summary>
    /// <exception cref="ApiException">409: the key was used with another request.</exception>
    public async Task<byte[]?> EarlierAsync(string projectId, Idempotency? idempotency, CancellationToken cancellation) =>
        idempotency is null ? null : await EarlierAsync(database.Command(projectId, EarlierSql), idempotency, cancellation);

    /// <summary>Adds a test to a subscription.</summary>
    /// <returns>The message as JSON; null: the subscription has changed since it was read.</returns>
    /// <exception cref="ApiException">409: the key was used with another request. 429: there were as many within the last minute as there may be. 503: more than a hundred others wait.</exception>
    public async Task<byte[]?> TestAsync(StoredSubscription current, Idempotency? idempotency, CancellationToken cancellation)
    {
        var (projectId, id) = (current.ProjectId, current.Id);
        using var turn = await testing.TakeAsync(projectId, cancellation);
        if (await EarlierAsync(projectId, idempotency, cancellation) is { } earlier)
        {
            return earlier; // it had its turn just now
        }

        if (await WaitAsync(projectId, id, cancellation) is > 0 and var wait)
        {
            throw TooMany(wait);
        }

        return await OnceAsync(
            projectId,
            idempotency,
            transaction => Limited(transaction.Command(TestSql), id).Number("version", current.Version).Text("key", Id.New("test.")).Text("delivery", Id.New(IdPrefix)).With("data", NpgsqlDbType.Bytea, Data(id)),
            cancellation)
            ?? (await WaitAsync(projectId, id, cancellation) is > 0 and var later ? throw TooMany(later) : null); // another replica was quicker
    }

    /// <summary>Lets a message that has not arrived be tried now.</summary>
    /// <returns>The message as JSON; null: it has arrived, or its subscription is not active.</returns>
    /// <exception cref="ApiException">409: the key was used with another request.</exception>
    public Task<byte[]?> RetryAsync(string projectId, string subscriptionId, string id, Idempotency? idempotency, CancellationToken cancellation) =>
        OnceAsync(projectId, idempotency, transaction => transaction.Command(RetrySql).Text("subscription", subscriptionId).Text("id", id), cancellation);

    /// <summary>One message.</summary>
    /// <exception cref="ApiException">404.</exception>
    public async Task<Delivery> RequireAsync(string projectId, string subscriptionId, string id, CancellationToken cancellation) =>
        await FindAsync(projectId, subscriptionId, id, cancellation) ?? throw new ApiException(ApiErrors.NotFound("There is no delivery of this id."));

    /// <summary>One message; null when the subscription has none of that id.</summary>
    public async Task<Delivery?> FindAsync(string projectId, string subscriptionId, string id, CancellationToken cancellation) => Id.IsWellFormed(IdPrefix, id)
        ? await database.Command(projectId, $"""
            select {Columns} from deliveries d join events e on e.id = d.event_id
            where d.project_id = @project and d.subscription_id = @subscription and d.id = @id
            """).Text("subscription", subscriptionId).Text("id", id).ReadOneAsync(Read, cancellation)
        : null;

    /// <summary>Up to <paramref name="limit"/> messages with a smaller sequence, the newest first.</summary>
    public async Task<List<Delivery>> ListAsync(string projectId, string subscriptionId, long before, int limit, CancellationToken cancellation)
    {
        await using var command = database.Command(projectId, ListSql).Text("subscription", subscriptionId).Number("before", before).Number("limit", limit);
        return await command.ReadAllAsync(Read, cancellation);
    }

    /// <inheritdoc/>
    public void Dispose() => testing.Dispose();

    /// <summary>Runs a statement once for each key: a request that comes again gets what came of the first, unless nothing did.</summary>
    private async Task<byte[]?> OnceAsync(string projectId, Idempotency? idempotency, Func<ProjectTransaction, NpgsqlCommand> write, CancellationToken cancellation)
    {
        try
        {
            await using var transaction = await database.BeginAsync(projectId, cancellation);
            if (idempotency is not null)
            {
                await using var claim = transaction.Command(ClaimSql).Text("key", idempotency.Key).With("fingerprint", NpgsqlDbType.Bytea, idempotency.Fingerprint);
                if (await claim.ExecuteNonQueryAsync(cancellation) == 0)
                {
                    return await EarlierAsync(transaction.Command(EarlierSql), idempotency, cancellation);
                }
            }

            if (await write(transaction).ReadOneAsync(Read, cancellation) is not { } written)
            {
                return null;
            }

            var body = JsonSerializer.SerializeToUtf8Bytes(written, ContractsJson.Wire.Delivery);
            if (idempotency is not null)
            {
                await using var keep = transaction.Command(KeepSql).Text("key", idempotency.Key).With("body", NpgsqlDbType.Bytea, body);
                await keep.ExecuteNonQueryAsync(cancellation);
            }

            await transaction.CommitAsync(cancellation);
            return body;
        }
        finally
        {
            signal.Wake(); // also when nobody knows whether it was written
        }
    }

    private static async Task<byte[]?> EarlierAsync(NpgsqlCommand command, Idempotency idempotency, CancellationToken cancellation)
    {
        await using var owned = command.Text("key", idempotency.Key);
        var found = await owned.ReadAllAsync(row => (Fingerprint: row.GetFieldValue<byte[]>(0), Body: row.GetFieldValue<byte[]>(1)), cancellation);
        return found is not [var earlier] ? null
            : earlier.Fingerprint.AsSpan().SequenceEqual(idempotency.Fingerprint) ? earlier.Body
            : throw new ApiException(ApiErrors.IdempotencyConflict);
    }

    /// <summary>Seconds until there may be another test; 0: there may be one now.</summary>
    private async Task<int> WaitAsync(string projectId, string id, CancellationToken cancellation)
    {
        await using var command = Limited(database.Command(projectId, TestWaitSql), id);
        return (int)(await command.ExecuteScalarAsync(cancellation))!;
    }

    private ApiException TooMany(int wait) =>
        new(ApiErrors.RateLimitExceeded(wait) with { Message = $"At most {limits.Value.TestsPerMinute} tests a minute are sent to a subscription, and {limits.Value.ProjectTestsPerMinute} to all of a project." });

    private NpgsqlCommand Limited(NpgsqlCommand command, string id) =>
        command.Text("id", id).Number("most", limits.Value.TestsPerMinute).Number("most_of_project", limits.Value.ProjectTestsPerMinute);

    /// <summary>What a test is about: the subscription itself.</summary>
    private static byte[] Data(string id)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("object", "subscription");
            json.WriteString("id", id);
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }
}
