using System.Net;
using Npgsql;
using Xerotier.Gateway.Storage;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Keys;

/// <summary>Reads keys by their values' hashes, and the changes of keys, for <see cref="KnownKeys"/>.</summary>
internal sealed class KeyReader(GatewayDatabase database)
{
    /// <summary>Seconds that reading the changes may take. A database that hangs must count as lost soon: until then a revocation could be missed.</summary>
    public const int ChangesTimeout = 1;

    private const string Columns =
        "v.hash, k.id, k.project_id, p.platform, k.name, k.scopes, k.expires_at, v.expires_at, k.revoked_at, k.allowed_ips, p.suspended_at is not null, greatest(k.change, p.change)";

    private const string Tables = "api_key_values v join api_keys k on k.id = v.key_id left join projects p on p.id = k.project_id";

    /// <summary>The key one of whose values has <paramref name="hash"/>.</summary>
    public async Task<ApiKey?> FindAsync(byte[] hash)
    {
        await using var command = database.Command($"select {Columns} from {Tables} where v.hash = $1", hash);
        return (await command.ReadAllAsync(row => Read(row, 0))).SingleOrDefault();
    }

    /// <summary>What changed since <paramref name="mark"/>; nothing without a mark, before which no key is known.</summary>
    public static async Task<KeyChanges> ChangesAsync(NpgsqlConnection connection, ChangeMark? mark)
    {
        // One statement, one snapshot: the mark and the rows belong together.
        await using var command = new NpgsqlCommand(
            $"""
            select database, number, coalesce((select max(change) from projects), 0), changed.*
            from ({ChangeMark.Sql}) head left join (
                select {Columns} from {Tables}
                where k.id in (
                    select id from api_keys where change > $1
                    union all
                    select key.id from projects project join api_keys key on key.project_id = project.id where project.change > $1)
            ) changed on true
            """,
            connection)
        {
            Parameters = { new() { Value = mark?.Number ?? long.MaxValue } },
            CommandTimeout = ChangesTimeout,
        };
        await using var row = await command.ExecuteReaderAsync();
        var changed = new List<ApiKey>();
        ChangeMark? next = null;
        var projects = 0L;
        while (await row.ReadAsync())
        {
            (next, projects) = (new(row.GetString(0), row.GetInt64(1)), row.GetInt64(2));
            if (!row.IsDBNull(3))
            {
                changed.Add(Read(row, 3));
            }
        }

        return new(next ?? throw new InvalidOperationException("The table change_head is empty."), projects, changed);
    }

    private static ApiKey Read(NpgsqlDataReader row, int at) => new(
        row.GetFieldValue<byte[]>(at),
        row.GetString(at + 1),
        row.Text(at + 2) ?? Caller.Platform,
        !row.IsDBNull(at + 3) && row.GetBoolean(at + 3),
        row.GetString(at + 4),
        row.GetFieldValue<string[]>(at + 5),
        row.Time(at + 6),
        row.Time(at + 7),
        row.Time(at + 8),
        [.. row.GetFieldValue<string[]>(at + 9).Select(IPNetwork.Parse)],
        row.GetBoolean(at + 10),
        row.GetInt64(at + 11));
}
