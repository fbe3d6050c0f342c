using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Xerotier.NotificationService.Events;
using Xerotier.NotificationService.Model;
using Xerotier.ServiceDefaults;

namespace Xerotier.NotificationService.Sending;

/// <summary>Which messages are sent side by side.</summary>
internal enum Lane
{
    /// <summary>To webhooks and Slack that are well.</summary>
    Well,

    /// <summary>To webhooks and Slack that are slow or fail.</summary>
    Slow,

    /// <summary>By the mail server, whose outage delays nothing else.</summary>
    Mail,
}

/// <summary>A message that is to be tried now.</summary>
internal sealed record DueDelivery
{
    public required string Id { get; init; }

    public required string SubscriptionId { get; init; }

    public required SubscriptionChannel Channel { get; init; }

    public required string Target { get; init; }

    /// <summary>What signs it.</summary>
    public required WebhookSecrets Secrets { get; init; }

    public required long Sequence { get; init; }

    /// <summary>How often it was tried before.</summary>
    public required int Attempts { get; init; }

    public required long EventId { get; init; }

    /// <summary>Whether the event is of a project that is not the subscription's.</summary>
    public required bool OfOtherProject { get; init; }

    /// <summary>Whether the subscription is confirmed.</summary>
    public required SubscriptionState State { get; init; }
}

/// <summary>What messages tell of.</summary>
/// <param name="Id">Its ID.</param>
/// <param name="Type">Its type.</param>
/// <param name="ObjectId">What it is about.</param>
/// <param name="OccurredAt">When it happened.</param>
/// <param name="Data">The object as the API shows it.</param>
internal sealed record StoredEvent(long Id, string Type, string ObjectId, DateTimeOffset OccurredAt, JsonElement Data)
{
    private readonly Lazy<WebhookMessage> own = new(() => new(Type, OccurredAt, Data, ofOtherProject: false));
    private readonly Lazy<WebhookMessage> foreign = new(() => new(Type, OccurredAt, Data, ofOtherProject: true));

    /// <summary>Its messages to webhooks of its own project, or of others.</summary>
    public WebhookMessage ToWebhooks(bool ofOtherProject) => (ofOtherProject ? foreign : own).Value;
}

/// <summary>What came of an attempt.</summary>
/// <param name="Delivery">The message.</param>
/// <param name="Delivered">Whether it arrived.</param>
/// <param name="RetryAfter">When it is to be tried again; null: it was delivered, or is given up.</param>
/// <param name="StatusCode">The status of the answer.</param>
/// <param name="Error">What went wrong.</param>
/// <param name="DisableReason">Why the subscription is to be disabled; null: it is not.</param>
/// <param name="Slow">Whether the subscription must not delay others.</param>
internal sealed record Attempt(DueDelivery Delivery, bool Delivered, TimeSpan? RetryAfter, int? StatusCode, string? Error, string? DisableReason, bool Slow);

/// <summary>
/// The messages in the database. Whoever takes one has a minute for it, after which another may take it: a sender that dies loses none.
/// What came of an attempt is written with the subscription's row locked, as new messages are (<see cref="EventStore"/>), so the next one
/// that waits is let go exactly when nothing before it is to be tried.
/// </summary>
internal sealed class DeliveryQueue(NpgsqlDataSource database)
{
    /// <summary>How long a message is with whoever takes it: longer than an attempt lasts.</summary>
    public static readonly TimeSpan Hold = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Whether a subscription is disabled for want of a success, in SQL. Not one of e-mail: what all of its addresses have in common is the
    /// operator's own mail server, whose outage is no fault of theirs.
    /// </summary>
    private const string NothingArrives = "(s.channel <> 'email' and not any_delivered and s.failing_since < clock_timestamp() - interval '5 days')";

    /// <summary>
    /// The database's statistics of a queue are never those of the moment: after an event for ten thousand it would read and sort all of
    /// them for each few that are taken or written, where indexes lead to these alone.
    /// </summary>
    private const string ByIndexSql = "set local enable_seqscan = off; set local enable_bitmapscan = off; set local enable_hashjoin = off; set local enable_mergejoin = off";

    private const string InOrderSql = $"{ByIndexSql}; set local enable_sort = off";

    private const string TakeSql = """
        with due as materialized (
            select d.id from deliveries d join subscriptions s on s.id = d.subscription_id
            where d.state = 'pending' and d.next_attempt_at <= statement_timestamp() and (s.channel = 'email') = @mail and (@mail or s.slow = @slow)
            order by d.next_attempt_at limit @limit for update of d skip locked
        )
        update deliveries d set next_attempt_at = clock_timestamp() + @hold, first_attempt_at = coalesce(d.first_attempt_at, clock_timestamp())
        from due, subscriptions s, events e
        where d.id = due.id and s.id = d.subscription_id and e.id = d.event_id
        returning d.id, d.subscription_id, s.channel, s.target, s.secret, s.previous_secret, s.previous_secret_until,
            d.sequence, d.attempts, d.event_id, e.project_id <> s.project_id, s.state
        """;

    private const string LockSql = "select s.id from unnest(@subscriptions) named (id) join subscriptions s on s.id = named.id order by s.id for update of s";

    private const string RecordSql = """
        with attempts as (
            select * from unnest(@ids, @delivered, @retry_after, @statuses, @errors) attempt (id, delivered, retry_after, status, error)
        )
        update deliveries d set
            attempts = d.attempts + 1, last_at = clock_timestamp(), last_status = attempt.status, last_error = attempt.error,
            state = case when attempt.delivered then 'delivered' when attempt.retry_after is null then 'failed' else 'pending' end,
            next_attempt_at = clock_timestamp() + attempt.retry_after
        from attempts attempt where d.id = attempt.id and d.state = 'pending'
        """;

    private const string CountSql = $"""
        with attempts as (
            select * from unnest(@subscriptions, @delivered, @retry_after, @statuses, @errors, @reasons, @slow) attempt (id, delivered, retry_after, status, error, reason, slow)
        ),
        sums as (
            select id, count(*) filter (where delivered) as delivered, count(*) filter (where not delivered and retry_after is null) as failed,
                bool_or(delivered) as any_delivered, max(reason) as reason, bool_or(slow) as slow, max(status) as status, max(error) as error
            from attempts group by id
        )
        update subscriptions s set
            delivered_count = s.delivered_count + sums.delivered, failed_count = s.failed_count + sums.failed,
            last_at = clock_timestamp(), last_delivered = any_delivered, last_status = sums.status, last_error = case when any_delivered then null else sums.error end,
            failing_since = case when any_delivered then null else coalesce(s.failing_since, clock_timestamp()) end,
            slow = sums.slow,
            state = case when s.state = 'active' and (sums.reason is not null or {NothingArrives}) then 'disabled' else s.state end,
            disabled_reason = case
                when s.state <> 'active' then s.disabled_reason
                when sums.reason is not null then sums.reason
                when {NothingArrives} then 'Nothing arrived there for five days.'
            end
        from sums where s.id = sums.id
        """;

    private const string GiveUpSql = """
        with given_up as (
            update deliveries d set state = 'failed', next_attempt_at = null, last_error = 'The subscription was disabled.'
            from unnest(@subscriptions) named (id) join subscriptions s on s.id = named.id
            where s.state = 'disabled' and d.subscription_id = s.id and d.state = 'pending'
            returning d.subscription_id
        )
        update subscriptions s set failed_count = s.failed_count + counted.count
        from (select subscription_id, count(*) from given_up group by subscription_id) counted where s.id = counted.subscription_id
        """;

    private const string LetGoSql = """
        update deliveries d set next_attempt_at = clock_timestamp()
        from (
            select s.id, (select min(sequence) from deliveries w where w.subscription_id = s.id and w.state = 'pending' and w.next_attempt_at is null) as sequence
            from unnest(@subscriptions) s (id)
            where not exists (select from deliveries e where e.subscription_id = s.id and e.state = 'pending' and e.attempts < 3 and e.next_attempt_at is not null)
        ) next
        where d.subscription_id = next.id and d.sequence = next.sequence
        """;

    /// <summary>Takes messages that are due, those that have waited longest first.</summary>
    /// <param name="limit">The most.</param>
    /// <param name="lane">Which.</param>
    /// <param name="cancellation">Cancels the call.</param>
    public async Task<List<DueDelivery>> TakeAsync(int limit, Lane lane, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var inOrder = connection.Command(InOrderSql);
        await inOrder.ExecuteNonQueryAsync(cancellation);
        await using var command = connection.Command(TakeSql).Number("limit", limit).With("slow", NpgsqlDbType.Boolean, lane == Lane.Slow).With("mail", NpgsqlDbType.Boolean, lane == Lane.Mail).With("hold", NpgsqlDbType.Interval, Hold);
        var taken = await command.ReadAllAsync(
            row => new DueDelivery
            {
                Id = row.GetString(0),
                SubscriptionId = row.GetString(1),
                Channel = Enum.Parse<SubscriptionChannel>(row.GetString(2), ignoreCase: true),
                Target = row.GetString(3),
                Secrets = new(row.TextOrNull("secret") ?? "", row.TextOrNull("previous_secret"), row.IsDBNull(6) ? null : row.GetFieldValue<DateTimeOffset>(6)),
                Sequence = row.GetInt64(7),
                Attempts = row.GetInt32(8),
                EventId = row.GetInt64(9),
                OfOtherProject = row.GetBoolean(10),
                State = WireNames.SubscriptionStateOf(row.GetString(11))!.Value,
            },
            cancellation);
        await transaction.CommitAsync(cancellation);
        return taken;
    }

    /// <summary>What messages tell of.</summary>
    public async Task<Dictionary<long, StoredEvent>> EventsAsync(IEnumerable<long> ids, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select id, type, object_id, occurred_at, data from events where id = any(@ids)").With("ids", NpgsqlDbType.Array | NpgsqlDbType.Bigint, ids.Distinct().ToArray());
        var found = await command.ReadAllAsync(row => new StoredEvent(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetFieldValue<DateTimeOffset>(3), JsonElement.Parse(row.GetFieldValue<byte[]>(4))), cancellation);
        return found.ToDictionary(stored => stored.Id);
    }

    /// <summary>Writes what came of attempts, each of another message.</summary>
    public async Task RecordAsync(IReadOnlyList<Attempt> attempts, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var subscriptions = attempts.Select(attempt => attempt.Delivery.SubscriptionId).Distinct(StringComparer.Ordinal).ToList();
        await RunAsync(connection.Command(ByIndexSql));
        await RunAsync(connection.Command(LockSql).Texts("subscriptions", subscriptions));
        await RunAsync(Arrays(connection.Command(RecordSql)).Texts("ids", attempts.Select(attempt => attempt.Delivery.Id)));
        await RunAsync(Arrays(connection.Command(CountSql))
            .Texts("subscriptions", attempts.Select(attempt => attempt.Delivery.SubscriptionId))
            .With("reasons", NpgsqlDbType.Array | NpgsqlDbType.Text, attempts.Select(attempt => attempt.DisableReason).ToArray())
            .With("slow", NpgsqlDbType.Array | NpgsqlDbType.Boolean, attempts.Select(attempt => attempt.Slow).ToArray()));
        if (attempts.Any(attempt => !attempt.Delivered))
        {
            await RunAsync(connection.Command(GiveUpSql).Texts("subscriptions", subscriptions));
        }

        await RunAsync(connection.Command(LetGoSql).Texts("subscriptions", subscriptions));
        await transaction.CommitAsync(cancellation);

        NpgsqlCommand Arrays(NpgsqlCommand command) => command
            .With("delivered", NpgsqlDbType.Array | NpgsqlDbType.Boolean, attempts.Select(attempt => attempt.Delivered).ToArray())
            .With("retry_after", NpgsqlDbType.Array | NpgsqlDbType.Interval, attempts.Select(attempt => attempt.RetryAfter).ToArray())
            .With("statuses", NpgsqlDbType.Array | NpgsqlDbType.Integer, attempts.Select(attempt => attempt.StatusCode).ToArray())
            .With("errors", NpgsqlDbType.Array | NpgsqlDbType.Text, attempts.Select(attempt => attempt.Error).ToArray());

        async Task RunAsync(NpgsqlCommand statement)
        {
            await using var command = statement;
            await command.ExecuteNonQueryAsync(cancellation);
        }
    }

    /// <summary>Gives messages back that were taken and not tried, for another to take at once.</summary>
    public async Task GiveBackAsync(IEnumerable<DueDelivery> deliveries, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("update deliveries set next_attempt_at = clock_timestamp() where state = 'pending' and id = any(@ids)").Texts("ids", deliveries.Select(delivery => delivery.Id));
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>How many messages are to be tried, and since when the oldest of them is.</summary>
    public async Task<(long Pending, double OldestSeconds)> BacklogAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select count(*), coalesce(extract(epoch from clock_timestamp() - min(created_at)), 0)::float8 from deliveries where state = 'pending'");
        return (await command.ReadAllAsync(row => (row.GetInt64(0), row.GetDouble(1)), cancellation))[0];
    }
}
