using Microsoft.Extensions.Options;
using Npgsql;
using Xerotier.Gateway.Storage;

namespace Xerotier.Gateway.Sessions;

/// <summary>The sessions of the console in the Gateway's database, by hashes of their secrets. Its clock decides when they end.</summary>
internal sealed class SessionStore(GatewayDatabase database, IOptions<ConsoleOptions> options, TimeProvider time)
{
    /// <summary>The most sessions of one key; the least used ones go.</summary>
    public const int MaxOfKey = 100;

    /// <summary>The most expired sessions that one statement removes.</summary>
    private const int Batch = 1_000;

    private readonly double most = TimeSpan.FromHours(options.Value.MaxHours).TotalSeconds;
    private readonly double idle = TimeSpan.FromMinutes(options.Value.IdleMinutes).TotalSeconds;

    /// <summary>Those of the sessions with <paramref name="hashes"/> that have not ended.</summary>
    public async Task<List<SessionReading>> ReadAsync(params byte[][] hashes)
    {
        var at = time.GetTimestamp();
        await using var command = database.Command(
            """
            select s.hash, s.project_value, s.platform_value, p.name, s.created_at + make_interval(secs => $2),
                extract(epoch from s.created_at + make_interval(secs => $2) - now())::float8, extract(epoch from now() - s.last_used_at)::float8
            from console_sessions s
                left join api_key_values v on v.hash = s.project_value left join api_keys k on k.id = v.key_id left join projects p on p.id = k.project_id
            where s.hash = any($1) and s.created_at > now() - make_interval(secs => $2) and s.last_used_at > now() - make_interval(secs => $3)
            """,
            hashes, most, idle);
        return await command.ReadAllAsync(row => new SessionReading(
            row.GetFieldValue<byte[]>(0),
            Bytes(row, 1),
            Bytes(row, 2),
            row.Text(3),
            row.GetFieldValue<DateTimeOffset>(4),
            TimeSpan.FromSeconds(row.GetDouble(5)),
            TimeSpan.FromSeconds(Math.Max(0, row.GetDouble(6))),
            at));
    }

    /// <summary>
    /// Begins a session that holds one key, and the key of the other kind that the session with <paramref name="old"/> holds. That one ends; a key
    /// that goes on goes on no longer than it would have.
    /// </summary>
    /// <param name="hash">SHA-256 of the new secret.</param>
    /// <param name="value">The hash of the key's value.</param>
    /// <param name="isPlatform">Whether it is a platform key.</param>
    /// <param name="old">SHA-256 of the secret that the browser has; null: none.</param>
    public async Task BeginAsync(byte[] hash, byte[] value, bool isPlatform, byte[]? old)
    {
        var (added, kept) = isPlatform ? ("platform_value", "project_value") : ("project_value", "platform_value");
        await using var command = database.Command(
            $"""
            with old as (
                delete from console_sessions where hash = $3::bytea returning {kept}, created_at, last_used_at),
            kept as (
                select {kept}, created_at from old
                where {kept} is not null and created_at > now() - make_interval(secs => $4) and last_used_at > now() - make_interval(secs => $5)),
            excess as (
                delete from console_sessions where hash in (
                    select hash from console_sessions
                    where {added} in (select of_key.hash from api_key_values signed_in join api_key_values of_key using (key_id) where signed_in.hash = $2) and hash is distinct from $3::bytea
                    order by last_used_at desc offset {MaxOfKey - 1}))
            insert into console_sessions (hash, {added}, {kept}, created_at, last_used_at)
            select $1, $2, kept.{kept}, coalesce(kept.created_at, now()), now() from (select) one left join kept on true
            """,
            hash, value, old, most, idle);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>
    /// Begins a session by the link whose token has the hash <paramref name="link"/>, with the oldest platform key and the newest key of the project
    /// <paramref name="slug"/> of scope management that can be used from anywhere.
    /// </summary>
    /// <returns>False: the link was used before, or there is no such key.</returns>
    public async Task<bool> BeginByLinkAsync(byte[] link, byte[] hash, string slug)
    {
        const string usable = "k.revoked_at is null and (k.expires_at is null or k.expires_at > now()) and (v.expires_at is null or v.expires_at > now()) and k.allowed_ips = '{}'";
        await using var command = database.Command(
            $"""
            with held as (
                select
                    (select v.hash from api_key_values v join api_keys k on k.id = v.key_id where k.project_id is null and {usable} order by k.created_at, k.id, v.created_at desc limit 1) as platform,
                    (select v.hash from api_key_values v join api_keys k on k.id = v.key_id join projects p on p.id = k.project_id
                     where p.slug = $3 and p.suspended_at is null and 'management' = any(k.scopes) and {usable} order by k.created_at desc, k.id, v.created_at desc limit 1) as project),
            used as (
                insert into console_links (hash, used_at) select $1, now() from held where platform is not null or project is not null on conflict do nothing returning 1)
            insert into console_sessions (hash, project_value, platform_value, created_at, last_used_at)
            select $2, project, platform, now(), now() from held, used
            """,
            link, hash, slug);
        return await command.ExecuteNonQueryAsync() == 1;
    }

    /// <summary>Ends a session.</summary>
    public async Task EndAsync(byte[] hash)
    {
        await using var command = database.Command("delete from console_sessions where hash = $1", hash);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Takes the project's key out of a session, or the platform key; it ends if that was all that it holds.</summary>
    /// <returns>Whether it goes on.</returns>
    public async Task<bool> LeaveAsync(byte[] hash, bool platform)
    {
        var (left, kept) = platform ? ("platform_value", "project_value") : ("project_value", "platform_value");
        await using var command = database.Command(
            $"""
            with kept as (
                update console_sessions set {left} = null where hash = $1 and {kept} is not null returning hash),
            ended as (
                delete from console_sessions where hash = $1 and {kept} is null)
            select count(*) from kept
            """,
            hash);
        return await command.ExecuteScalarAsync() is > 0L;
    }

    /// <summary>Writes that sessions were used. None that somebody else holds at the moment, and none that has ended.</summary>
    public async Task WriteUsesAsync(byte[][] hashes)
    {
        await using var command = database.Command(
            """
            update console_sessions set last_used_at = now() where hash in (
                select hash from console_sessions where hash = any($1) and last_used_at > now() - make_interval(secs => $2) order by hash for update skip locked)
            """,
            hashes, idle);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Removes sessions that have ended, some of them at a time.</summary>
    public async Task RemoveEndedAsync()
    {
        await using var command = database.Command(
            """
            delete from console_sessions where hash in (
                select hash from console_sessions where created_at <= now() - make_interval(secs => $1) or last_used_at <= now() - make_interval(secs => $2)
                order by hash limit $3 for update skip locked)
            """,
            most, idle, Batch);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The id of this installation.</summary>
    public async Task<string> InstallationAsync()
    {
        await using var command = database.Command("select id from installation");
        return (string)(await command.ExecuteScalarAsync())!;
    }

    private static byte[]? Bytes(NpgsqlDataReader row, int at) => row.IsDBNull(at) ? null : row.GetFieldValue<byte[]>(at);
}
