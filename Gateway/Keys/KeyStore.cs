using System.Globalization;
using Npgsql;
using Xerotier.Gateway.Storage;

namespace Xerotier.Gateway.Keys;

/// <summary>
/// The keys of projects and of the platform in the Gateway's database, by hashes of their values. A project id of null means the platform.
/// Every change writes its event in the same transaction.
/// </summary>
internal sealed class KeyStore(GatewayDatabase database)
{
    /// <summary>The most keys of a project that are neither revoked nor expired.</summary>
    public const int MaxKeys = 100;

    private const long LastMicrosecond = 250_000_000_000_000_000; // in the year 9892: what a time can hold

    private const string View =
        "select k.id, k.name, k.scopes, k.expires_at, k.allowed_ips, k.created_at, k.created_by, greatest(u.last_used_at, k.last_used_at), k.revoked_at from api_keys k left join api_key_uses u on u.key_id = k.id";

    private const string OfOwner = "($1::text is null and k.project_id is null or k.project_id = $1)";

    private const string FindView = $"{View} where {OfOwner} and k.id = $2";

    /// <summary>Of the platform every key, so that of two that are left not both are revoked at once.</summary>
    private const string Lock = $"select from api_keys k where {OfOwner} and ($1::text is null or k.id = $2) order by k.id for update";

    /// <summary>Creates a key with its first value.</summary>
    /// <returns>False: the project has as many keys as it may have.</returns>
    public async Task<bool> CreateAsync(Contracts.ApiKey key, string? projectId, byte[] hash, Actor actor)
    {
        var (created, _) = await database.ChangeAsync(
            "select from projects where id = $1 for no key update",
            """
            with k as (
                insert into api_keys (id, project_id, name, scopes, expires_at, allowed_ips, created_at, created_by)
                select $2, $1, $3, $4, $5::timestamptz, $6, $7, $9
                where $1::text is null
                    or (select count(*) from api_keys where project_id = $1 and revoked_at is null and (expires_at is null or expires_at > $7)) < $11
                returning id, created_at, change),
            v as (
                insert into api_key_values (hash, key_id, created_at) select $8, id, created_at from k)
            insert into key_events (change, key_id, project_id, action, actor, actor_key_id, occurred_at) select change, id, coalesce($1::text, ''), 'created', $9, $10, $7 from k
            returning change
            """,
            FindView,
            Read,
            projectId, key.Id, key.Name, key.Scopes.ToArray(), key.ExpiresAt, key.AllowedIps.ToArray(), key.CreatedAt, hash, actor.Name, actor.KeyId, MaxKeys);
        return created;
    }

    /// <summary>A key.</summary>
    public async Task<Contracts.ApiKey?> FindAsync(string? projectId, string id)
    {
        await using var command = database.Command(FindView, projectId, id);
        return (await command.ReadAllAsync(Read)).SingleOrDefault();
    }

    /// <summary>Up to <paramref name="limit"/> keys, newest first, after the one with id <paramref name="after"/>.</summary>
    public async Task<List<Contracts.ApiKey>> ListAsync(string? projectId, int limit, string? after)
    {
        await using var command = database.Command(
            $"""
            {View}
            where {OfOwner} and ($3::text is null or (k.created_at, k.id) < (select created_at, id from api_keys k where {OfOwner} and k.id = $3))
            order by k.created_at desc, k.id desc limit $2
            """,
            projectId, limit, after);
        return await command.ReadAllAsync(Read);
    }

    /// <summary>Up to <paramref name="limit"/> changes of keys, newest first, before the one that is said to be <paramref name="after"/>.</summary>
    public async Task<List<Contracts.ApiKeyEvent>> ListEventsAsync(string? projectId, int limit, (string KeyId, DateTimeOffset At)? after)
    {
        object?[] values = after is var (key, at) ? [projectId, limit, key, at] : [projectId, limit];
        await using var command = database.Command(
            $"""
            select e.key_id, k.name, e.action, e.actor, e.actor_key_id, e.occurred_at
            from key_events e join api_keys k on k.id = e.key_id
            where e.project_id = coalesce($1::text, ''){(after is null ? "" : " and (e.occurred_at, e.key_id) < ($4::timestamptz, $3::text)")}
            order by e.occurred_at desc, e.key_id desc limit $2
            """,
            values);
        return await command.ReadAllAsync(row => new Contracts.ApiKeyEvent
        {
            Id = EventId(row.GetString(0), row.GetFieldValue<DateTimeOffset>(5)),
            KeyId = row.GetString(0),
            Name = row.GetString(1),
            Action = row.GetString(2),
            Actor = row.GetString(3),
            ActorKeyId = row.Text(4),
            OccurredAt = row.GetFieldValue<DateTimeOffset>(5),
        });
    }

    /// <summary>The id of a change: of its key and its microsecond. The number that it has in the database would tell each project how much the others do.</summary>
    public static string EventId(string keyId, DateTimeOffset at) => string.Create(CultureInfo.InvariantCulture, $"{keyId}.{(at - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond}");

    /// <summary>What <see cref="EventId"/> says; null: <paramref name="id"/> is none.</summary>
    public static (string KeyId, DateTimeOffset At)? OfEventId(string id) =>
        id.Split('.') is [{ Length: > 0 } key, var text] && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds) && microseconds <= LastMicrosecond
            ? (key, DateTimeOffset.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond)) : null;

    /// <summary>Gives a key that is neither revoked nor expired a new value; its current values end at <paramref name="oldEndsAt"/> at the latest.</summary>
    /// <returns>Whether it did, and the key; null: there is no such key.</returns>
    public Task<(bool Changed, Contracts.ApiKey? Key)> RotateAsync(string? projectId, string id, byte[] hash, DateTimeOffset now, DateTimeOffset oldEndsAt, Actor actor) =>
        database.ChangeAsync(
            Lock,
            $"""
            with k as (
                update api_keys k set rotated_at = $4
                where {OfOwner} and id = $2 and revoked_at is null and (expires_at is null or expires_at > $4)
                returning id, change),
            old as (
                update api_key_values set expires_at = least(expires_at, $5) where key_id in (select id from k)),
            new as (
                insert into api_key_values (hash, key_id, created_at) select $3, id, $4 from k)
            insert into key_events (change, key_id, project_id, action, actor, actor_key_id, occurred_at) select change, id, coalesce($1::text, ''), 'rotated', $6, $7, $4 from k
            returning change
            """,
            FindView,
            Read,
            projectId, id, hash, now, oldEndsAt, actor.Name, actor.KeyId);

    /// <summary>Revokes a key. One that is revoked already stays as it is, and so does the last platform key that can be used.</summary>
    /// <returns>Whether it did, and the key; null: there is no such key.</returns>
    public Task<(bool Changed, Contracts.ApiKey? Key)> RevokeAsync(string? projectId, string id, DateTimeOffset now, Actor actor) =>
        database.ChangeAsync(
            Lock,
            $"""
            with k as (
                update api_keys k set revoked_at = $3
                where {OfOwner} and id = $2 and revoked_at is null
                    and (project_id is not null or exists (
                        select from api_keys other join api_key_values v on v.key_id = other.id
                        where other.project_id is null and other.id <> $2 and other.revoked_at is null
                            and (other.expires_at is null or other.expires_at > $3) and (v.expires_at is null or v.expires_at > $3)))
                returning id, change)
            insert into key_events (change, key_id, project_id, action, actor, actor_key_id, occurred_at) select change, id, coalesce($1::text, ''), 'revoked', $4, $5, $3 from k
            returning change
            """,
            FindView,
            Read,
            projectId, id, now, actor.Name, actor.KeyId);

    /// <summary>Writes when keys were last used. It writes them in the order of their ids, so that two Gateways cannot deadlock.</summary>
    public async Task WriteUsesAsync(IReadOnlyCollection<KeyValuePair<string, DateTimeOffset>> uses)
    {
        await using var command = database.Command(
            """
            insert into api_key_uses as u (key_id, last_used_at) select id, at from unnest($1::text[], $2::timestamptz[]) uses(id, at) order by id
            on conflict (key_id) do update set last_used_at = excluded.last_used_at where u.last_used_at < excluded.last_used_at
            """,
            uses.Select(use => use.Key).ToArray(), uses.Select(use => use.Value.UtcDateTime).ToArray());
        await command.ExecuteNonQueryAsync();
    }

    private static Contracts.ApiKey Read(NpgsqlDataReader row) => new()
    {
        Id = row.GetString(0),
        Name = row.GetString(1),
        Scopes = row.GetFieldValue<string[]>(2),
        ExpiresAt = row.Time(3),
        AllowedIps = row.GetFieldValue<string[]>(4),
        CreatedAt = row.GetFieldValue<DateTimeOffset>(5),
        CreatedBy = row.Text(6),
        LastUsedAt = row.Time(7),
        RevokedAt = row.Time(8),
    };
}
