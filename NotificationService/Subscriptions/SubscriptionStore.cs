using NpgsqlTypes;
using Xerotier.ServiceDefaults;
using static Xerotier.NotificationService.Subscriptions.StoredSubscription;

namespace Xerotier.NotificationService.Subscriptions;

/// <summary>The subscriptions of one project at a time; those of the page's subscribers are of the project ''. Times are the database's.</summary>
internal sealed class SubscriptionStore(ProjectDatabase database)
{
    /// <summary>The project of those who subscribe on the page.</summary>
    public const string OfPage = "";

    private const string Counted = "select count(*) from subscriptions where project_id = @project and channel <> 'email'";

    /// <summary>The lock is of its own statement, so that the next one sees every subscription that was created before it got the lock.</summary>
    private const string CreateSql = $"""
        select pg_advisory_xact_lock(hashtextextended(@project, 0));
        insert into subscriptions (project_id, id, channel, target, components, events, state, secret, created_by, created_at, updated_at)
        select @project, @id, @channel, @target, @components, @events, 'active', @secret, @by, now, now
        from (select clock_timestamp() now) clock
        where @most > ({Counted})
        returning {Columns}
        """;

    /// <summary>What is pending is read after the lock, so that nothing is missed that was added before.</summary>
    private const string ReplaceSql = $"""
        {LockSql};
        with target as (select * from subscriptions where project_id = @project and id = @id and version = @version),
        given_up as (
            update deliveries d set state = 'failed', next_attempt_at = null, last_at = clock_timestamp(), last_status = null, last_error = '{SubscriptionRules.GivenUp}'
            from target t
            where @state = 'disabled' and t.state <> 'disabled' and d.project_id = @project and d.subscription_id = t.id and d.state = 'pending'
            returning 1
        ),
        written as (
            update subscriptions s set
                target = coalesce(@target, s.target), components = coalesce(@components, s.components), events = coalesce(@events, s.events), state = coalesce(@state, s.state),
                disabled_reason = case when @state is null then s.disabled_reason end,
                failing_since = case when @state is null and coalesce(@target, s.target) = s.target then s.failing_since end,
                failed_count = s.failed_count + (select count(*) from given_up),
                updated_at = clock_timestamp(), version = s.version + 1
            from target t
            where s.project_id = @project and s.id = t.id
            returning s.*
        )
        select {Columns} from written
        """;

    private const string LockSql = "select id from subscriptions where project_id = @project and id = @id for update";

    private const string RotateSql = $"""
        update subscriptions set
            previous_secret = secret, previous_secret_until = clock_timestamp() + interval '24 hours', secret = @secret, updated_at = clock_timestamp(), version = version + 1
        where project_id = @project and id = @id and version = @version
        returning {Columns}
        """;

    private const string ListSql = $"""
        select {Columns} from subscriptions
        where project_id = @project and created_at <= @after and (created_at < @after or id > @after_id)
        order by created_at desc, id limit @limit
        """;

    /// <summary>404, the same for another project's subscription as for none.</summary>
    public static ApiException NotFound() => new(ApiErrors.NotFound("There is no subscription of this id."));

    /// <summary>Writes a new subscription; null when the project has as many webhooks and Slack targets as it may.</summary>
    /// <param name="caller">Who creates it.</param>
    /// <param name="fields">Checked fields.</param>
    /// <param name="secret">What signs its messages, if anything.</param>
    /// <param name="most">The most of a project.</param>
    /// <param name="cancellation">Ends it.</param>
    public Task<StoredSubscription?> CreateAsync(Caller caller, SubscriptionCreate fields, string? secret, int most, CancellationToken cancellation) => database
        .Command(caller.ProjectId, CreateSql)
        .Text("id", Id.New(IdPrefix))
        .Text("channel", fields.Channel.Wire())
        .Text("target", fields.Target)
        .Texts("components", fields.Components!)
        .Texts("events", fields.Events!)
        .Text("secret", secret)
        .Text("by", caller.KeyName)
        .Number("most", most)
        .ReadOneAsync(Read, cancellation);

    /// <summary>Changes what <paramref name="fields"/> name; null when the subscription has changed since it was read. Pending messages of one that is disabled are given up.</summary>
    public Task<StoredSubscription?> ReplaceAsync(StoredSubscription current, SubscriptionUpdate fields, CancellationToken cancellation) => database
        .Command(current.ProjectId, ReplaceSql)
        .Text("id", current.Id)
        .Number("version", current.Version)
        .Text("target", fields.Target)
        .TextsOrNull("components", fields.Components)
        .TextsOrNull("events", fields.Events)
        .Text("state", fields.State == current.State ? null : fields.State?.Wire())
        .ReadOneAsync(Read, cancellation);

    /// <summary>Gives a webhook a new secret, beside which the old one is valid for 24 hours; null when it has changed since it was read.</summary>
    public Task<StoredSubscription?> RotateAsync(StoredSubscription current, string secret, CancellationToken cancellation) =>
        database.Command(current.ProjectId, RotateSql).Text("id", current.Id).Number("version", current.Version).Text("secret", secret).ReadOneAsync(Read, cancellation);

    /// <summary>Deletes a subscription with its messages; false when it has changed since it was read.</summary>
    public async Task<bool> DeleteAsync(StoredSubscription current, CancellationToken cancellation)
    {
        await using var command = database.Command(current.ProjectId, "delete from subscriptions where project_id = @project and id = @id and version = @version")
            .Text("id", current.Id).Number("version", current.Version);
        return await command.ExecuteNonQueryAsync(cancellation) == 1;
    }

    /// <summary>One subscription.</summary>
    /// <exception cref="ApiException">404.</exception>
    public async Task<StoredSubscription> RequireAsync(string projectId, string id, CancellationToken cancellation) =>
        (Id.IsWellFormed(IdPrefix, id)
            ? await database.Command(projectId, $"select {Columns} from subscriptions where project_id = @project and id = @id").Text("id", id).ReadOneAsync(Read, cancellation)
            : null)
        ?? throw NotFound();

    /// <summary>Where a subscription stands in the list; null when the project has none of that id.</summary>
    public async Task<DateTimeOffset?> FindStartAsync(string projectId, string id, CancellationToken cancellation)
    {
        await using var command = database.Command(projectId, "select created_at from subscriptions where project_id = @project and id = @id").Text("id", id);
        return await command.ExecuteScalarAsync(cancellation) is DateTime start ? new DateTimeOffset(start, TimeSpan.Zero) : null;
    }

    /// <summary>Up to <paramref name="limit"/> subscriptions, newest first, then by id, after the given place.</summary>
    public async Task<List<StoredSubscription>> ListAsync(string projectId, DateTimeOffset? after, string? afterId, int limit, CancellationToken cancellation)
    {
        await using var command = database.Command(projectId, ListSql)
            .With("after", NpgsqlDbType.TimestampTz, after?.UtcDateTime ?? DateTime.SpecifyKind(DateTime.MaxValue, DateTimeKind.Utc)) // infinity
            .Text("after_id", afterId ?? "")
            .Number("limit", limit);
        return await command.ReadAllAsync(Read, cancellation);
    }
}
