using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Xerotier.NotificationService.Model;
using Xerotier.ServiceDefaults;
using static Xerotier.NotificationService.Subscriptions.StoredSubscription;

namespace Xerotier.NotificationService.Subscriptions;

/// <summary>Somebody's request that an address be told.</summary>
/// <param name="ProjectId">For which project; empty: the page.</param>
/// <param name="Address">A normalised address.</param>
/// <param name="Components">Of what; empty: all.</param>
/// <param name="Events">Of which types of events.</param>
/// <param name="By">Who asks, as the subscription says it.</param>
/// <param name="CountedFor">For whom its mail is counted beside the address.</param>
/// <param name="MostCounted">How many mails an hour there are for those.</param>
internal sealed record AddressRequest(
    string ProjectId, string Address, IReadOnlyList<string> Components, IReadOnlyList<string> Events, string By, string CountedFor, int MostCounted);

/// <summary>What came of a request: the subscription, or why there is none.</summary>
/// <param name="Subscription">The subscription, to whose address a mail goes.</param>
/// <param name="Refusal">What the API says otherwise.</param>
internal sealed record AddressAnswer(StoredSubscription? Subscription, ApiError? Refusal);

/// <summary>
/// Subscriptions by e-mail. Each begins unconfirmed, with a mail that asks the owner of the address. One request at a time, in the whole
/// installation: so that addresses are counted, and no two requests make one address twice.
/// </summary>
internal sealed class AddressStore(NpgsqlDataSource database, DeliverySignal signal)
{
    /// <summary>The addresses of an installation.</summary>
    public const int Most = 100_000;

    /// <summary>Mails an hour that anybody can cause to an address.</summary>
    public const int MostOfAddress = 3;

    /// <summary>In SQL: lets one request, or the cleaner, work at a time.</summary>
    internal const string LockSql = "select pg_advisory_xact_lock(6077214803251)";

    private const string JudgeSql = """
        select (select subscription_id from mail_addresses where project_id = @project and address = @key), (select count(*) from mail_addresses),
            a.count, a.wait, o.count, o.wait
        from (select count(*), coalesce(ceil(extract(epoch from min(at) + interval '1 hour' - clock_timestamp())), 0)::int as wait
                from mail_requests where counted_for = @of_address and at > clock_timestamp() - interval '1 hour') a,
            (select count(*), coalesce(ceil(extract(epoch from min(at) + interval '1 hour' - clock_timestamp())), 0)::int as wait
                from mail_requests where counted_for = @of_other and at > clock_timestamp() - interval '1 hour') o
        """;

    private const string CountSql = "insert into mail_requests (counted_for) values (@of_address), (@of_other)";

    private const string AddSql = $"""
        with s as (
            insert into subscriptions (project_id, id, channel, target, components, events, state, sequence, created_by, created_at, updated_at)
            select @project, @id, 'email', @target, @components, @events, 'unconfirmed', 1, @by, now, now from (select clock_timestamp() now) clock
            returning *
        ),
        a as (insert into mail_addresses (subscription_id, project_id, address) select id, project_id, @key from s)
        select {Columns} from s
        """;

    /// <summary>What is active stays as its owner wants it: whoever asks may be a stranger. What was disabled is asked anew.</summary>
    private const string AskAgainSql = $"""
        with s as (
            update subscriptions set
                sequence = sequence + 1,
                target = case when state = 'active' then target else @target end,
                components = case when state = 'active' then components else @components end,
                state = case when state = 'active' then state else 'unconfirmed' end,
                disabled_reason = null, failing_since = case when state = 'active' then failing_since end,
                updated_at = case when state = 'active' then updated_at else clock_timestamp() end,
                version = version + case when state = 'active' then 0 else 1 end
            where project_id = @project and id = @id
            returning *
        ),
        a as (update mail_addresses set requested_at = clock_timestamp() from s where subscription_id = s.id)
        select {Columns} from s
        """;

    private static readonly string TellSql = $"""
        with s as (select * from subscriptions where project_id = @project and id = @id),
        e as (
            insert into events (key, type, object_id, project_id, platform, components, occurred_at, data)
            select @event, '{EventTypes.Confirm}', s.id, s.project_id, false, array[]::text[], clock_timestamp(), @data from s
            returning id
        )
        insert into deliveries (id, project_id, subscription_id, event_id, sequence, next_attempt_at, lane)
        select @delivery, s.project_id, s.id, e.id, s.sequence, case when {Waiting.NothingBefore} then {Waiting.BeforeOthers} end, {Waiting.LaneOf} from s, e
        """;

    /// <summary>Takes a request: subscribes the address, unconfirmed, and has it asked. An address of the page that is subscribed already gets a mail that says so.</summary>
    public async Task<AddressAnswer> AskAsync(AddressRequest request, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using (var hold = connection.Command(LockSql))
        {
            await hold.ExecuteNonQueryAsync(cancellation);
        }

        await using var judge = Counted(Own(connection.Command(JudgeSql)));
        var (existing, addresses, ofAddress, wait, ofOther, waitOfOther) = (await judge.ReadAllAsync(
            row => (row.IsDBNull(0) ? null : row.GetString(0), row.GetInt64(1), row.GetInt64(2), row.GetInt32(3), row.GetInt64(4), row.GetInt32(5)), cancellation))[0];
        var refusal = existing is not null && request.ProjectId.Length > 0 ? ApiErrors.AlreadyExists("The project has a subscription of this address.", "target")
            : existing is null && addresses >= Most ? ApiErrors.QuotaExceeded($"There are {Most:N0} e-mail addresses, as many as there may be.")
            : ofAddress >= MostOfAddress ? TooMany($"At most {MostOfAddress} mails an hour are sent to an address.", wait)
            : ofOther >= request.MostCounted ? TooMany($"At most {request.MostCounted} addresses an hour are asked to confirm.", waitOfOther)
            : null;
        if (refusal is not null)
        {
            return new(null, refusal);
        }

        await using var count = Counted(connection.Command(CountSql));
        await count.ExecuteNonQueryAsync(cancellation);
        var write = Own(connection.Command(existing is null ? AddSql : AskAgainSql))
            .Text("id", existing ?? Id.New(IdPrefix)).Text("target", request.Address).Texts("components", request.Components);
        var subscription = (await (existing is null ? write.Texts("events", request.Events).Text("by", request.By) : write).ReadOneAsync(Read, cancellation))!;
        await using var tell = Own(connection.Command(TellSql))
            .Text("id", subscription.Id).Text("event", Id.New("confirm.")).Text("delivery", Id.New(StoredDelivery.IdPrefix))
            .With("data", NpgsqlDbType.Bytea, JsonSerializer.SerializeToUtf8Bytes(new System.Text.Json.Nodes.JsonObject { ["object"] = "subscription", ["id"] = subscription.Id }));
        await tell.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        signal.Wake();
        return new(subscription, null);

        NpgsqlCommand Own(NpgsqlCommand command) => command.Text("project", request.ProjectId).Text("key", MailAddress.KeyOf(request.Address));

        NpgsqlCommand Counted(NpgsqlCommand command) =>
            command.Text("of_address", $"address {MailAddress.CountedFor(request.Address)}").Text("of_other", request.CountedFor);
    }

    private static ApiError TooMany(string message, int wait) => ApiErrors.RateLimitExceeded(Math.Max(1, wait)) with { Message = message };
}
