using System.Data;
using Npgsql;
using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.History;

/// <content>What others read of the history.</content>
public sealed partial class HistoryStore
{
    /// <summary>All that the page needs of the history since <paramref name="firstDay"/>, and the stamp, at one revision.</summary>
    public async Task<(HistorySnapshot History, string? Stamp)> LoadAsync(DateOnly firstDay, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellation);
        await using var batch = new NpgsqlBatch(connection, transaction)
        {
            BatchCommands =
            {
                new("select generation, recorded_until, first_recorded, revision, stamp::text, demo from recorder"),
                new("select day, key, operational, degraded, maintenance, outage from days join components on id = component where day >= @day") { Parameters = { new("day", firstDay) } },
                new($"""
                    select key, starts_at, ends_at, {State} from intervals join components on id = component
                    where starts_at >= (select date_trunc('day', recorded_until, 'UTC') from recorder) order by starts_at
                    """),
            },
        };
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        var (row, isDemo) = (Row(reader, taken: false), reader.GetBoolean(5));

        await reader.NextResultAsync(cancellation);
        var days = new Dictionary<DayOfComponent, DaySeconds>();
        while (await reader.ReadAsync(cancellation))
        {
            days[new(reader.GetString(1), DateOnly.FromDateTime(reader.GetDateTime(0)))] =
                new(reader.GetInt32(2), reader.GetInt32(3), reader.GetInt32(4), reader.GetInt32(5));
        }

        await reader.NextResultAsync(cancellation);
        var intervals = await IntervalsAsync(reader, cancellation);
        return (new(row.Revision, row.RecordedUntil, row.FirstRecorded, days, intervals) { IsDemo = isDemo }, row.Stamp);
    }

    /// <summary>The intervals of the days from <paramref name="from"/> to the one before <paramref name="to"/>, by component key and time; those that go on end at <see cref="HistorySnapshot.Open"/>.</summary>
    public async Task<IReadOnlyDictionary<string, IReadOnlyList<Interval>>> IntervalsAsync(DateOnly from, DateOnly to, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            $"""
            select key, starts_at, ends_at, {State} from intervals join components on id = component
            where starts_at >= @from and starts_at < @to order by starts_at
            """);
        command.Parameters.AddWithValue("from", from.ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc));
        command.Parameters.AddWithValue("to", to.ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc));
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        return await IntervalsAsync(reader, cancellation);
    }

    /// <summary>The intervals of single closed days, by time; a day without any has an empty list.</summary>
    public async Task<IReadOnlyDictionary<DayOfComponent, IReadOnlyList<Interval>>> DetailsAsync(IReadOnlyCollection<DayOfComponent> days, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            $"""
            select wanted.key, wanted.day, starts_at, ends_at, {State}
            from unnest(@keys, @days) as wanted (key, day) join components known on known.key = wanted.key
            join intervals on component = known.id and starts_at >= wanted.day::timestamp at time zone 'UTC' and starts_at < (wanted.day + 1)::timestamp at time zone 'UTC'
            where ends_at is not null order by starts_at
            """);
        command.Parameters.AddWithValue("keys", days.Select(d => d.Key).ToArray());
        command.Parameters.AddWithValue("days", days.Select(d => d.Date).ToArray());
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var found = days.Distinct().ToDictionary(day => day, _ => new List<Interval>());
        while (await reader.ReadAsync(cancellation))
        {
            found[new(reader.GetString(0), reader.GetFieldValue<DateOnly>(1))].Add(new(Second(reader, 2)!.Value, Second(reader, 3)!.Value, (RecordedState)reader.GetInt16(4)));
        }

        return found.ToDictionary(day => day.Key, IReadOnlyList<Interval> (day) => day.Value);
    }

    private static async Task<IReadOnlyDictionary<string, IReadOnlyList<Interval>>> IntervalsAsync(NpgsqlDataReader reader, CancellationToken cancellation)
    {
        var intervals = new List<(string Component, Interval Interval)>();
        while (await reader.ReadAsync(cancellation))
        {
            intervals.Add((reader.GetString(0), new(Second(reader, 1)!.Value, Second(reader, 2) ?? HistorySnapshot.Open, (RecordedState)reader.GetInt16(3))));
        }

        return intervals.GroupBy(i => i.Component).ToDictionary(line => line.Key, IReadOnlyList<Interval> (line) => [.. line.Select(i => i.Interval)]);
    }
}
