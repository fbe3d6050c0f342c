using Npgsql;
using NpgsqlTypes;
using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.Probes;

/// <summary>What was found of a component, and how old that is.</summary>
public sealed record ProbeRow(string Key, Findings Findings, TimeSpan Age, DateTimeOffset CheckedAt);

/// <summary>The probes' SQL. The database's clock decides who probes, and how old an answer is.</summary>
public sealed class ProbeStore(NpgsqlDataSource database)
{
    /// <summary>How long a prober that does not come again keeps its lease: with a turn's time another has it within 2 s.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(1.5);

    /// <summary>Takes or keeps the lease, writes what <paramref name="me"/> has found if it holds it, and reads what is known; one transaction.</summary>
    /// <param name="me">Who asks.</param>
    /// <param name="found">What is new, with its age.</param>
    /// <param name="cancellation">Ends the turn.</param>
    public async Task<(bool Held, IReadOnlyList<ProbeRow> Rows)> TurnAsync(Guid me, IReadOnlyList<(string Key, Findings Findings, TimeSpan Age)> found, CancellationToken cancellation)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(new(
            """
            with lease as (
                update prober set holder = @me, expires_at = clock_timestamp() + @lease
                where holder = @me or expires_at not between clock_timestamp() and clock_timestamp() + @lease
                returning holder
            ), written as (
                insert into probe_results (component, target, status, reason, failures, checked_at)
                select key, target, status, reason, failures, clock_timestamp() - age
                from unnest(@keys, @targets, @statuses, @reasons, @failures, @ages) as found (key, target, status, reason, failures, age)
                where exists (select from lease)
                on conflict (component) do update
                set target = excluded.target, status = excluded.status, reason = excluded.reason, failures = excluded.failures, checked_at = excluded.checked_at
            )
            select exists (select from lease)
            """)
        {
            Parameters =
            {
                new("me", me),
                new("lease", Lease),
                new("keys", found.Select(f => f.Key).ToArray()),
                new("targets", found.Select(f => f.Findings.Target).ToArray()),
                new("statuses", found.Select(f => f.Findings.Verdict.Status.ToWord()).ToArray()),
                new("reasons", NpgsqlDbType.Array | NpgsqlDbType.Text) { Value = found.Select(f => f.Findings.Verdict.Reason).ToArray() },
                new("failures", found.Select(f => f.Findings.Failures).ToArray()),
                new("ages", found.Select(f => f.Age).ToArray()),
            },
        });
        batch.BatchCommands.Add(new("delete from probe_results where checked_at < clock_timestamp() - interval '24 hours'")); // no answer counts for so long
        batch.BatchCommands.Add(new("select component, target, status, reason, failures, clock_timestamp() - checked_at, checked_at from probe_results"));

        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        var held = reader.GetBoolean(0);
        await reader.NextResultAsync(cancellation);
        var rows = new List<ProbeRow>();
        while (await reader.ReadAsync(cancellation))
        {
            var verdict = new Verdict(Enum.Parse<ComponentStatus>(reader.GetString(2), ignoreCase: true), reader.IsDBNull(3) ? null : reader.GetString(3));
            rows.Add(new(reader.GetString(0), new(reader.GetString(1), verdict, reader.GetInt32(4)), reader.GetTimeSpan(5), reader.GetFieldValue<DateTimeOffset>(6)));
        }

        return (held, rows);
    }

    /// <summary>Gives the lease up at once, if <paramref name="me"/> holds it.</summary>
    public async Task ReleaseAsync(Guid me, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("update prober set expires_at = '-infinity', holder = null where holder = @me");
        command.Parameters.AddWithValue("me", me);
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
