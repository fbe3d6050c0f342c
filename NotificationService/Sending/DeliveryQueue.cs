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

    /// <summary>The timestamp at which all of this was so.</summary>
    public required long TakenAt { get; init; }
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

/// <summary>The messages that are to be tried, of all replicas.</summary>
/// <param name="Pending">How many there are, for the first time or again.</param>
/// <param name="OldestSeconds">How old the oldest of them is.</param>
/// <param name="OldestDueSeconds">How long the one that was to be tried first has been due; 0: none is.</param>
/// <param name="BehindSeconds">By log, how long ago all that it had was known here.</param>
internal sealed record Backlog(long Pending, double OldestSeconds, double OldestDueSeconds, IReadOnlyDictionary<string, double> BehindSeconds)
{
    /// <summary>Nothing is known yet.</summary>
    public static Backlog None { get; } = new(0, 0, 0, new Dictionary<string, double>());
}

/// <summary>
/// The messages in the database. Whoever takes one has a minute for it, after which another may take it: a sender that dies loses none.
/// What came of an attempt is written with the subscription's row locked, as new messages are (<see cref="EventStore"/>), so the next one
/// that waits is let go exactly when nothing before it is to be tried.
/// </summary>
internal sealed class DeliveryQueue(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>How long a message is with whoever takes it: longer than an attempt lasts.</summary>
    public static readonly TimeSpan Hold = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Whether nothing was tried for long, in SQL: longer than a message that fails waits for its next attempt. What failed before that says
    /// nothing of today.
    /// </summary>
    private const string WasQuiet = "s.last_at < clock_timestamp() - interval '2 days'";

    /// <summary>
    /// Whether a subscription is disabled for want of a success, in SQL: it was tried all the time, and nothing has arrived for five days. Not
    /// one of e-mail: what all of its addresses have in common is the operator's own mail server, whose outage is no fault of theirs.
    /// </summary>
    private const string NothingArrives = $"(s.channel <> 'email' and not any_delivered and s.failing_since < clock_timestamp() - interval '5 days' and not {WasQuiet})";

    /// <summary>
    /// The database's statistics of a queue are never those of the moment: after an event for ten thousand it would read and sort all of
    /// them for each few that are taken or written, where indexes lead to these alone. What is looked for by subscription is asked for each
    /// by itself and in an index's order: a join would read all that wait.
    /// </summary>
    private const string ByIndexSql = "set local enable_seqscan = off; set local enable_bitmapscan = off; set local enable_hashjoin = off; set local enable_mergejoin = off";

    private const string InOrderSql = $"{ByIndexSql}; set local enable_sort = off";

    private const string TakeSql = """
        with due as materialized (
            select id from deliveries
            where state = 'pending' and lane = @lane and next_attempt_at <= statement_timestamp()
            order by next_attempt_at limit @limit for update skip locked
        )
        update deliveries d set next_attempt_at = clock_timestamp() + @hold, first_attempt_at = coalesce(d.first_attempt_at, clock_timestamp())
        from due, subscriptions s, events e
        where d.id = due.id and s.id = d.subscription_id and e.id = d.event_id
        returning d.id, d.subscription_id, s.channel, s.target, s.secret, s.previous_secret, s.previous_secret_until,
            d.sequence, d.attempts, d.event_id, e.project_id <> s.project_id, s.state
        """;

    private const string AsOfNowSql = """
        select s.target, s.secret, s.previous_secret, s.previous_secret_until, s.state
        from deliveries d join subscriptions s on s.id = d.subscription_id where d.id = @id and d.state = 'pending'
        """;

    /// <summary>Messages that a replica of an earlier release, which knew no lanes, has given their time.</summary>
    private const string AdoptSql = $"""
        update deliveries d set lane = {Waiting.LaneOf}
        from subscriptions s
        where s.id = d.subscription_id and d.id in (
            select id from deliveries where state = 'pending' and lane is null and next_attempt_at is not null order by lane, next_attempt_at limit 1000 for update skip locked
        )
        """;

    private const string LockSql = "select s.id from unnest(@subscriptions) named (id) join subscriptions s on s.id = named.id order by s.id for update of s";

    /// <summary>
    /// By its id: <c>state = 'pending'</c> would let the database read all that are, if it believes that they are few. What came of an attempt
    /// is written once, also where nobody knows whether it was: each attempt follows one number of earlier ones.
    /// </summary>
    private const string RecordSql = """
        with attempts as (
            select * from unnest(@ids, @before, @delivered, @retry_after, @statuses, @errors) attempt (id, before, delivered, retry_after, status, error)
        )
        update deliveries d set
            attempts = d.attempts + 1, last_at = clock_timestamp(), last_status = attempt.status, last_error = attempt.error,
            state = case when attempt.delivered then 'delivered' when attempt.retry_after is null then 'failed' else 'pending' end,
            next_attempt_at = clock_timestamp() + attempt.retry_after,
            lane = case when attempt.delivered or d.lane = 'mail' then d.lane else 'slow' end
        from attempts attempt where d.id = attempt.id and d.attempts = attempt.before and d.state not in ('delivered', 'failed')
        returning d.id
        """;

    /// <summary>A target that wants no more disables the subscription only while it is still the one: whoever has given another since is told there.</summary>
    private const string CountSql = $"""
        with attempts as (
            select * from unnest(@subscriptions, @targets, @delivered, @retry_after, @statuses, @errors, @reasons, @slow) attempt (id, target, delivered, retry_after, status, error, reason, slow)
        ),
        sums as (
            select id, count(*) filter (where delivered) as delivered, count(*) filter (where not delivered and retry_after is null) as failed,
                bool_or(delivered) as any_delivered, bool_or(slow) as slow, max(status) as status, max(error) as error,
                max(reason) filter (where target = (select tried.target from subscriptions tried where tried.id = attempts.id)) as reason
            from attempts group by id
        )
        update subscriptions s set
            delivered_count = s.delivered_count + sums.delivered, failed_count = s.failed_count + sums.failed,
            last_at = clock_timestamp(), last_delivered = any_delivered, last_status = sums.status, last_error = case when any_delivered then null else sums.error end,
            failing_since = case when any_delivered then null when {WasQuiet} then clock_timestamp() else coalesce(s.failing_since, clock_timestamp()) end,
            slow = sums.slow,
            state = case when s.state = 'active' and (sums.reason is not null or {NothingArrives}) then 'disabled' else s.state end,
            disabled_reason = case
                when s.state <> 'active' then s.disabled_reason
                when sums.reason is not null then sums.reason
                when {NothingArrives} then 'Nothing arrived there for five days.'
            end
        from sums where s.id = sums.id returning s.id, s.state
        """;

    private const string GiveUpSql = """
        with given_up as (
            update deliveries d set state = 'failed', next_attempt_at = null, last_error = 'The subscription was disabled.'
            from unnest(@subscriptions) s (id)
            cross join lateral (select w.id from deliveries w where w.subscription_id = s.id and w.state = 'pending' order by w.sequence) waiting
            where d.id = waiting.id
            returning d.subscription_id
        )
        update subscriptions s set failed_count = s.failed_count + counted.count
        from (select subscription_id, count(*) from given_up group by subscription_id) counted where s.id = counted.subscription_id
        """;

    private const string LetGoSql = $"""
        update deliveries d set next_attempt_at = clock_timestamp(), lane = next.lane
        from unnest(@subscriptions) named (id)
        cross join lateral (
            select s.id as subscription, w.id, w.sequence, {Waiting.LaneOf} as lane
            from subscriptions s
            cross join lateral (
                select id, sequence from deliveries
                where subscription_id = s.id and state = 'pending' and next_attempt_at is null order by sequence limit 1
            ) w
            where s.id = named.id
        ) next
        where (
            select e.sequence from deliveries e
            where e.subscription_id = next.subscription and e.sequence < next.sequence and e.state = 'pending' and e.attempts < 3 order by e.sequence limit 1
        ) is null
        and d.id = next.id
        """;

    /// <summary>Takes messages that are due, in the order of their times.</summary>
    /// <param name="limit">The most.</param>
    /// <param name="lane">Which.</param>
    /// <param name="cancellation">Cancels the call.</param>
    public async Task<List<DueDelivery>> TakeAsync(int limit, Lane lane, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var prepare = connection.Command($"{InOrderSql}; {AdoptSql}");
        await prepare.ExecuteNonQueryAsync(cancellation);
        var takenAt = time.GetTimestamp();
        await using var command = connection.Command(TakeSql).Number("limit", limit).Text("lane", lane.ToString().ToLowerInvariant()).With("hold", NpgsqlDbType.Interval, Hold);
        var taken = await command.ReadAllAsync(
            row => new DueDelivery
            {
                Id = row.GetString(0),
                SubscriptionId = row.GetString(1),
                Channel = Enum.Parse<SubscriptionChannel>(row.GetString(2), ignoreCase: true),
                Target = row.GetString(3),
                Secrets = SecretsOf(row),
                Sequence = row.GetInt64(7),
                Attempts = row.GetInt32(8),
                EventId = row.GetInt64(9),
                OfOtherProject = row.GetBoolean(10),
                State = WireNames.SubscriptionStateOf(row.GetString(11))!.Value,
                TakenAt = takenAt,
            },
            cancellation);
        await transaction.CommitAsync(cancellation);
        return taken;
    }

    /// <summary>A message that was taken, as it is to be sent now; null: it is not any more, because its subscription was deleted or disabled.</summary>
    public async Task<DueDelivery?> AsOfNowAsync(DueDelivery taken, CancellationToken cancellation)
    {
        var now = time.GetTimestamp();
        await using var command = database.CreateCommand(AsOfNowSql).Text("id", taken.Id);
        var found = await command.ReadAllAsync(
            row => taken with { Target = row.GetString(0), Secrets = SecretsOf(row), State = WireNames.SubscriptionStateOf(row.GetString(4))!.Value, TakenAt = now }, cancellation);
        return found is [var current] ? current : null;
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
        await RunAsync(connection.Command(InOrderSql));
        await using var record = Arrays(connection.Command(RecordSql), attempts)
            .Texts("ids", attempts.Select(attempt => attempt.Delivery.Id))
            .With("before", NpgsqlDbType.Array | NpgsqlDbType.Integer, attempts.Select(attempt => attempt.Delivery.Attempts).ToArray());
        var written = (await record.ReadAllAsync(row => row.GetString(0), cancellation)).ToHashSet(StringComparer.Ordinal);
        var counted = attempts.Where(attempt => written.Contains(attempt.Delivery.Id)).ToList();
        await using var count = Arrays(connection.Command(CountSql), counted)
            .Texts("subscriptions", counted.Select(attempt => attempt.Delivery.SubscriptionId))
            .Texts("targets", counted.Select(attempt => attempt.Delivery.Target))
            .With("reasons", NpgsqlDbType.Array | NpgsqlDbType.Text, counted.Select(attempt => attempt.DisableReason).ToArray())
            .With("slow", NpgsqlDbType.Array | NpgsqlDbType.Boolean, counted.Select(attempt => attempt.Slow).ToArray());
        var states = await count.ReadAllAsync(row => (Id: row.GetString(0), State: row.GetString(1)), cancellation);
        if (states.Where(subscription => subscription.State == "disabled").Select(subscription => subscription.Id).ToList() is { Count: > 0 } disabled)
        {
            await RunAsync(connection.Command(GiveUpSql).Texts("subscriptions", disabled));
        }

        await RunAsync(connection.Command(LetGoSql).Texts("subscriptions", subscriptions));
        await transaction.CommitAsync(cancellation);

        static NpgsqlCommand Arrays(NpgsqlCommand command, IReadOnlyList<Attempt> attempts) => command
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
        await using var command = database.CreateCommand("""
            update deliveries set next_attempt_at = clock_timestamp()
            where id in (select id from deliveries where id = any(@ids) and state not in ('delivered', 'failed') order by id for update skip locked)
            """).Texts("ids", deliveries.Select(delivery => delivery.Id));
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>What waits now.</summary>
    public async Task<Backlog> BacklogAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand($"""
            select count(*),
                coalesce(extract(epoch from clock_timestamp() - min(d.created_at)), 0)::float8,
                greatest(coalesce(extract(epoch from clock_timestamp() - min({Waiting.DueAt})), 0), 0)::float8
            from deliveries d where d.state = 'pending'
            """);
        // What was read at a time that is yet to come was read before the database's clock was set back: nobody knows how long ago, and it must not look as if nothing were behind.
        await using var logs = database.CreateCommand("select name, abs(extract(epoch from clock_timestamp() - caught_up_at))::float8 from cursors");
        var behind = (await logs.ReadAllAsync(row => (Log: row.GetString(0), Seconds: row.GetDouble(1)), cancellation)).ToDictionary(log => log.Log, log => log.Seconds);
        return (await command.ReadAllAsync(row => new Backlog(row.GetInt64(0), row.GetDouble(1), row.GetDouble(2), behind), cancellation))[0];
    }

    private static WebhookSecrets SecretsOf(NpgsqlDataReader row)
    {
        var until = row.GetOrdinal("previous_secret_until");
        return new(row.TextOrNull("secret") ?? "", row.TextOrNull("previous_secret"), row.IsDBNull(until) ? null : row.GetFieldValue<DateTimeOffset>(until));
    }
}
