using System.Data;
using System.Net;
using Npgsql;
using NpgsqlTypes;
using Xerotier.Contracts;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Keys;

/// <summary>The Gateway's database: projects and the hashes of their keys. Every SQL statement of the Gateway is here.</summary>
/// <param name="database">The Gateway's database.</param>
/// <remarks>
/// No method takes a cancellation token: Npgsql cancels a statement over a separate connection, synchronously, on the current thread.
/// In the Gateway that is a thread that polls sockets (see <c>Hosting.CompleteSocketsInline</c>). A statement ends by its timeout at the
/// latest; a caller that cannot wait that long stops waiting.
/// </remarks>
internal sealed class KeyStore(NpgsqlDataSource database)
{
    /// <summary>Seconds that a statement may take before its request ends with 504.</summary>
    private const int Timeout = 2;

    /// <summary>Seconds that reading the changes may take. A database that hangs must count as lost soon: until then a revocation could be missed.</summary>
    private const int ChangesTimeout = 1;

    private const string KeyColumns =
        "v.hash, k.id, k.project_id, p.platform, k.name, k.scopes, k.expires_at, v.expires_at, k.revoked_at, k.allowed_ips, k.changed_by::text";

    private const string ViewColumns = "k.id, k.name, k.scopes, k.expires_at, k.allowed_ips, k.created_at, k.last_used_at, k.revoked_at";

    /// <summary>The key one of whose values has <paramref name="hash"/>.</summary>
    public async Task<ApiKey?> FindAsync(byte[] hash)
    {
        await using var command = Command(
            $"""
            select {KeyColumns}
            from api_key_values v join api_keys k on k.id = v.key_id left join projects p on p.id = k.project_id
            where v.hash = $1
            """,
            hash);
        await using var reader = await command.ExecuteReaderAsync();
        return await reader.ReadAsync() ? ReadKey(reader) : null;
    }

    /// <summary>
    /// Every value of every key that a transaction at or after <paramref name="mark"/> changed. The next mark is the oldest transaction
    /// that was still running, so that a change that commits late is not missed; some changes are therefore seen twice.
    /// </summary>
    public static async Task<KeyChanges> ChangesAsync(NpgsqlConnection connection, ulong? mark)
    {
        // One statement, one snapshot: the mark and the rows belong together.
        await using var command = new NpgsqlCommand(
            $"""
            select pg_snapshot_xmin(pg_current_snapshot())::text, {KeyColumns}
            from (select 1) always left join (
                api_key_values v join api_keys k on k.id = v.key_id left join projects p on p.id = k.project_id
            ) on k.changed_by >= $1::xid8
            """,
            connection)
        {
            // Nothing is cached before the first mark, so no change matters.
            Parameters = { new() { Value = (mark ?? ulong.MaxValue).ToString(), NpgsqlDbType = NpgsqlDbType.Text } },
            CommandTimeout = ChangesTimeout,
        };
        await using var reader = await command.ExecuteReaderAsync();
        var next = 0UL;
        var changed = new List<ApiKey>();
        while (await reader.ReadAsync())
        {
            next = ulong.Parse(reader.GetString(0));
            if (!reader.IsDBNull(1))
            {
                changed.Add(ReadKey(reader, 1));
            }
        }

        return new(next, changed);
    }

    /// <summary>Creates a project.</summary>
    /// <returns>False: the slug is taken.</returns>
    public async Task<bool> CreateProjectAsync(Project project)
    {
        await using var command = Command(
            "insert into projects (id, name, slug, platform, created_at) values ($1, $2, $3, $4, $5) on conflict (slug) do nothing",
            project.Id, project.Name, project.Slug, project.Platform, project.CreatedAt);
        return await command.ExecuteNonQueryAsync() == 1;
    }

    /// <summary>The project with <paramref name="id"/>.</summary>
    public async Task<Project?> FindProjectAsync(string id)
    {
        await using var command = Command("select id, name, slug, platform, created_at from projects where id = $1", id);
        await using var reader = await command.ExecuteReaderAsync();
        return await reader.ReadAsync() ? ReadProject(reader) : null;
    }

    /// <summary>Up to <paramref name="limit"/> projects, newest first, after the one with id <paramref name="after"/>.</summary>
    public async Task<List<Project>> ListProjectsAsync(int limit, string? after)
    {
        await using var command = Command(
            """
            select id, name, slug, platform, created_at from projects
            where $2::text is null or (created_at, id) < (select created_at, id from projects where id = $2)
            order by created_at desc, id desc limit $1
            """,
            limit, after);
        await using var reader = await command.ExecuteReaderAsync();
        var projects = new List<Project>();
        while (await reader.ReadAsync())
        {
            projects.Add(ReadProject(reader));
        }

        return projects;
    }

    /// <summary>Creates a key of <paramref name="projectId"/> (null: of the platform) with its first value.</summary>
    public async Task CreateKeyAsync(Contracts.ApiKey key, string? projectId, byte[] hash)
    {
        await using var command = Command(
            """
            with k as (
                insert into api_keys (id, project_id, name, scopes, expires_at, allowed_ips, created_at)
                values ($1, $2, $3, $4, $5, $6, $7) returning id, created_at)
            insert into api_key_values (hash, key_id, created_at) select $8, id, created_at from k
            """,
            key.Id, projectId, key.Name, key.Scopes.ToArray(), key.ExpiresAt, key.AllowedIps.ToArray(), key.CreatedAt, hash);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Up to <paramref name="limit"/> keys of a project, newest first, after the one with id <paramref name="after"/>.</summary>
    public async Task<List<Contracts.ApiKey>> ListKeysAsync(string projectId, int limit, string? after)
    {
        await using var command = Command(
            $"""
            select {ViewColumns} from api_keys k
            where project_id = $1
              and ($3::text is null or (created_at, id) < (select created_at, id from api_keys where project_id = $1 and id = $3))
            order by created_at desc, id desc limit $2
            """,
            projectId, limit, after);
        return await ReadViewsAsync(command);
    }

    /// <summary>A key of a project.</summary>
    public async Task<Contracts.ApiKey?> FindKeyAsync(string projectId, string id)
    {
        await using var command = Command($"select {ViewColumns} from api_keys k where project_id = $1 and id = $2", projectId, id);
        return (await ReadViewsAsync(command)).SingleOrDefault();
    }

    /// <summary>Gives a key that is neither revoked nor expired a new value; its current values end at <paramref name="oldEndsAt"/> at the latest.</summary>
    /// <returns>Null: there is no such key, or it is no longer valid.</returns>
    public async Task<Contracts.ApiKey?> RotateAsync(string projectId, string id, byte[] hash, DateTimeOffset now, DateTimeOffset oldEndsAt)
    {
        await using var batch = Locked(
            projectId, id,
            $"""
            with k as (
                update api_keys set changed_by = pg_current_xact_id()
                where project_id = $1 and id = $2 and revoked_at is null and (expires_at is null or expires_at > $4)
                returning *),
            old as (
                update api_key_values set expires_at = least(expires_at, $5) where key_id in (select id from k)),
            new as (
                insert into api_key_values (hash, key_id, created_at) select $3, id, $4 from k)
            select {ViewColumns} from k
            """,
            hash, now, oldEndsAt);
        return await ReadChangedAsync(batch);
    }

    /// <summary>Revokes a key; one that is revoked already stays as it is.</summary>
    /// <returns>Null: there is no such key.</returns>
    public async Task<Contracts.ApiKey?> RevokeAsync(string projectId, string id, DateTimeOffset now)
    {
        await using var batch = Locked(
            projectId, id,
            $"""
            update api_keys k set revoked_at = coalesce(revoked_at, $3), changed_by = pg_current_xact_id()
            where project_id = $1 and id = $2
            returning {ViewColumns}
            """,
            now);
        return await ReadChangedAsync(batch);
    }

    /// <summary>Writes when keys were last used, in one statement. It locks them in id order, so that two Gateways cannot deadlock.</summary>
    public async Task WriteLastUsedAsync(IReadOnlyDictionary<string, DateTimeOffset> used)
    {
        await using var command = Command(
            """
            update api_keys k set last_used_at = u.at
            from (
                select l.id, u.at from api_keys l join unnest($1::text[], $2::timestamptz[]) u(id, at) on u.id = l.id
                where l.last_used_at is null or l.last_used_at < u.at
                order by l.id for update of l
            ) u
            where k.id = u.id
            """,
            used.Keys.ToArray(), used.Values.Select(at => at.UtcDateTime).ToArray());
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>
    /// Makes <paramref name="hash"/> the one value of the platform key <paramref name="id"/>, which is created if it is missing;
    /// its earlier values end now.
    /// </summary>
    public async Task SetPlatformKeyAsync(string id, string name, byte[] hash, DateTimeOffset now)
    {
        await using var command = Command(
            """
            with k as (
                insert into api_keys (id, name, scopes, allowed_ips, created_at) values ($1, $2, '{platform}', '{}', $4)
                on conflict (id) do update set revoked_at = null, changed_by = pg_current_xact_id()
                returning id),
            old as (
                update api_key_values set expires_at = $4 where key_id = $1 and hash <> $3 and (expires_at is null or expires_at > $4))
            insert into api_key_values (hash, key_id, created_at) select $3, id, $4 from k
            on conflict (hash) do update set key_id = excluded.key_id, expires_at = null
            """,
            id, name, hash, now);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Runs <paramref name="create"/> if there is no platform key at all, one Gateway at a time.</summary>
    public async Task IfNoPlatformKeyAsync(Func<Task> create)
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var command = new NpgsqlCommand("select pg_advisory_xact_lock(hashtext('first platform key'))", connection, transaction);
        await command.ExecuteNonQueryAsync();
        command.CommandText = "select exists (select from api_keys where project_id is null)";
        if (await command.ExecuteScalarAsync() is false)
        {
            await create();
        }

        await transaction.CommitAsync();
    }

    private NpgsqlCommand Command(string sql, params ReadOnlySpan<object?> values)
    {
        var command = database.CreateCommand(sql);
        command.CommandTimeout = Timeout;
        Add(command.Parameters, values);
        return command;
    }

    /// <summary>
    /// A statement that changes a key ($1, $2) under its lock. Two statements of one transaction: the lock comes before the snapshot of the
    /// second one, which therefore sees every earlier change of the key's values, and before the transaction takes its number, so that
    /// <c>changed_by</c> only grows.
    /// </summary>
    private NpgsqlBatch Locked(string projectId, string id, string sql, params ReadOnlySpan<object?> values)
    {
        var batch = database.CreateBatch(); // a batch is a transaction by itself
        batch.Timeout = Timeout;
        var lockKey = new NpgsqlBatchCommand("select from api_keys where project_id = $1 and id = $2 for update");
        Add(lockKey.Parameters, projectId, id);
        var change = new NpgsqlBatchCommand(sql);
        Add(change.Parameters, projectId, id);
        Add(change.Parameters, values);
        batch.BatchCommands.Add(lockKey);
        batch.BatchCommands.Add(change);
        return batch;
    }

    private static void Add(NpgsqlParameterCollection parameters, params ReadOnlySpan<object?> values)
    {
        foreach (var value in values)
        {
            parameters.Add(value switch
            {
                null => new NpgsqlParameter { Value = DBNull.Value },
                DateTimeOffset time => new NpgsqlParameter { Value = time.UtcDateTime },
                _ => new NpgsqlParameter { Value = value },
            });
        }
    }

    private static async Task<Contracts.ApiKey?> ReadChangedAsync(NpgsqlBatch batch)
    {
        await using var reader = await batch.ExecuteReaderAsync();
        await reader.NextResultAsync(); // the first is the lock's
        var changed = (await ReadViewsAsync(reader)).SingleOrDefault();
        await reader.NextResultAsync(); // reads to the end of the transaction, which can still fail
        return changed;
    }

    private static async Task<List<Contracts.ApiKey>> ReadViewsAsync(NpgsqlCommand command)
    {
        await using var reader = await command.ExecuteReaderAsync();
        return await ReadViewsAsync(reader);
    }

    private static async Task<List<Contracts.ApiKey>> ReadViewsAsync(NpgsqlDataReader reader)
    {
        var views = new List<Contracts.ApiKey>();
        while (await reader.ReadAsync())
        {
            views.Add(new()
            {
                Id = reader.GetString(0),
                Name = reader.GetString(1),
                Scopes = reader.GetFieldValue<string[]>(2),
                ExpiresAt = Time(reader, 3),
                AllowedIps = reader.GetFieldValue<string[]>(4),
                CreatedAt = reader.GetFieldValue<DateTimeOffset>(5),
                LastUsedAt = Time(reader, 6),
                RevokedAt = Time(reader, 7),
            });
        }

        return views;
    }

    private static Project ReadProject(NpgsqlDataReader reader) => new()
    {
        Id = reader.GetString(0),
        Name = reader.GetString(1),
        Slug = reader.GetString(2),
        Platform = reader.GetBoolean(3),
        CreatedAt = reader.GetFieldValue<DateTimeOffset>(4),
    };

    private static ApiKey ReadKey(NpgsqlDataReader reader, int at = 0) => new(
        reader.GetFieldValue<byte[]>(at),
        reader.GetString(at + 1),
        reader.IsDBNull(at + 2) ? Caller.Platform : reader.GetString(at + 2),
        !reader.IsDBNull(at + 3) && reader.GetBoolean(at + 3),
        reader.GetString(at + 4),
        reader.GetFieldValue<string[]>(at + 5),
        Time(reader, at + 6),
        Time(reader, at + 7),
        Time(reader, at + 8),
        [.. reader.GetFieldValue<string[]>(at + 9).Select(IPNetwork.Parse)],
        ulong.Parse(reader.GetString(at + 10)));

    private static DateTimeOffset? Time(NpgsqlDataReader reader, int at) => reader.IsDBNull(at) ? null : reader.GetFieldValue<DateTimeOffset>(at);
}
