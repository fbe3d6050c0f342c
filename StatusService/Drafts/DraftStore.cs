using Npgsql;

namespace Xerotier.StatusService.Drafts;

/// <summary>An outage for which an incident is drafted.</summary>
/// <param name="Key">The component's key.</param>
/// <param name="Since">Unix second since which it lasts; with the component it names the outage.</param>
/// <param name="Drafted">The MaintenanceService has confirmed it.</param>
public sealed record DraftedOutage(string Key, long Since, bool Drafted);

/// <summary>The drafts' SQL.</summary>
public sealed class DraftStore(NpgsqlDataSource database)
{
    /// <summary>All outages with a draft that was not discarded.</summary>
    public async Task<List<DraftedOutage>> ListAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select component, extract(epoch from since)::bigint, drafted from drafts");
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var outages = new List<DraftedOutage>();
        while (await reader.ReadAsync(cancellation))
        {
            outages.Add(new(reader.GetString(0), reader.GetInt64(1), reader.GetBoolean(2)));
        }

        return outages;
    }

    /// <summary>Adds an outage, or confirms its draft.</summary>
    public Task PutAsync(DraftedOutage outage, CancellationToken cancellation) => ExecuteAsync(
        "insert into drafts (component, since, drafted) values (@key, to_timestamp(@since), @drafted) on conflict (component, since) do update set drafted = drafts.drafted or excluded.drafted",
        outage,
        cancellation);

    /// <summary>Forgets an outage.</summary>
    public Task RemoveAsync(DraftedOutage outage, CancellationToken cancellation) =>
        ExecuteAsync("delete from drafts where component = @key and since = to_timestamp(@since)", outage, cancellation);

    private async Task ExecuteAsync(string sql, DraftedOutage outage, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(sql);
        command.Parameters.AddWithValue("key", outage.Key);
        command.Parameters.AddWithValue("since", (double)outage.Since);
        command.Parameters.AddWithValue("drafted", outage.Drafted);
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
