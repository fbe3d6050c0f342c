using Npgsql;
using Xerotier.Gateway.Storage;

namespace Xerotier.Gateway.Keys;

/// <summary>The platform key that a Gateway ensures at its start. The database's clock decides when one begins and ends.</summary>
internal sealed class PlatformKeyStore(GatewayDatabase database)
{
    /// <summary>What the ids of keys from the configuration begin with. At most one of them is not revoked.</summary>
    public const string ConfiguredId = "key_platformconfigured";

    private const string Lock = "select pg_advisory_xact_lock(hashtext('first platform key'))";

    /// <summary>
    /// Ensures that <paramref name="hash"/> is the value of a platform key. A value that the database has stays as it is, even if it or its
    /// key has ended. A new one belongs to the configured key, whose earlier values and sessions end now; if that was revoked, to a new one with
    /// <paramref name="id"/>.
    /// </summary>
    /// <returns>The key's id, and whether the value can be used.</returns>
    public async Task<(string Id, bool Usable)> EnsureConfiguredAsync(string id, string name, byte[] hash)
    {
        var (_, found) = await database.ChangeAsync(
            Lock,
            $"""
            with wanted as (
                select coalesce((select id from api_keys where starts_with(id, '{ConfiguredId}') and project_id is null and revoked_at is null limit 1), $1) as id
                where not exists (select from api_key_values where hash = $3)),
            k as (
                insert into api_keys (id, name, scopes, allowed_ips, created_at) select id, $2, array['platform'], array[]::text[], clock_timestamp() from wanted
                on conflict (id) do update set rotated_at = excluded.created_at
                returning id, change, rotated_at, coalesce(rotated_at, created_at) as now),
            old as (
                update api_key_values v set expires_at = k.now from k where v.key_id = k.id and (v.expires_at is null or v.expires_at > k.now)),
            sessions as ( -- whoever sets another value wants whoever had the old one out, and cannot always revoke the key
                delete from console_sessions where platform_value in (select v.hash from k join api_key_values v on v.key_id = k.id)),
            new as (
                insert into api_key_values (hash, key_id, created_at) select $3, id, now from k)
            insert into key_events (change, key_id, project_id, action, actor, occurred_at)
            select change, id, '', case when rotated_at is null then 'created' else 'rotated' end, $4, now from k
            returning change
            """,
            "select k.id, k.revoked_at is null and (k.expires_at is null or k.expires_at > clock_timestamp()) and (v.expires_at is null or v.expires_at > clock_timestamp()) from api_key_values v join api_keys k on k.id = v.key_id where v.hash = $3",
            row => Tuple.Create(row.GetString(0), row.GetBoolean(1)),
            id, name, hash, Actor.Gateway.Name);
        return (found!.Item1, found.Item2);
    }

    /// <summary>Creates a platform key if there is none at all, one Gateway at a time.</summary>
    /// <param name="id">The new key's id.</param>
    /// <param name="name">Its name.</param>
    /// <param name="makeValue">Makes and keeps its value, and returns the hash; null: there will be none.</param>
    public async Task CreateFirstAsync(string id, string name, Func<Task<byte[]?>> makeValue)
    {
        await using var connection = await database.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var command = new NpgsqlCommand(Lock, connection, transaction);
        await command.ExecuteNonQueryAsync();
        command.CommandText = "select exists (select from api_keys where project_id is null)";
        if (await command.ExecuteScalarAsync() is false && await makeValue() is { } hash)
        {
            command.CommandText =
                """
                with k as (
                    insert into api_keys (id, name, scopes, allowed_ips, created_at) values ($1, $2, '{platform}', '{}', clock_timestamp()) returning id, change, created_at),
                v as (
                    insert into api_key_values (hash, key_id, created_at) select $3, id, created_at from k)
                insert into key_events (change, key_id, project_id, action, actor, occurred_at) select change, id, '', 'created', $4, created_at from k
                """;
            foreach (var value in (object[])[id, name, hash, Actor.Gateway.Name])
            {
                command.Parameters.Add(new() { Value = value });
            }

            await command.ExecuteNonQueryAsync();
        }

        await transaction.CommitAsync();
    }
}
