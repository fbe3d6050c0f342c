using Npgsql;
using NpgsqlTypes;
using Xerotier.ServiceDefaults;

namespace Xerotier.NotificationService.Following;

/// <summary>Another replica follows the log now.</summary>
internal sealed class CursorLostException() : Exception("Another replica follows the log.");

/// <summary>How far a log has been read. One replica holds it at a time, by the database's clock; whoever comes next goes on from the mark.</summary>
internal sealed class LogCursor(string name, NpgsqlDataSource database)
{
    private const string Lease = "interval '6 s'";

    private readonly string holder = $"{Guid.NewGuid():N}";

    /// <summary>Takes hold of it, or keeps it. A hold that ends later than one can is of before the database's clock was set back.</summary>
    /// <returns>The mark, empty when nothing has been read yet, and how often the log was begun anew; null: another replica holds it.</returns>
    public async Task<(string Mark, int Generation)?> HoldAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand($"""
            update cursors set holder = @holder, held_until = clock_timestamp() + {Lease}
            where name = @name and (holder = @holder or held_until not between clock_timestamp() and clock_timestamp() + {Lease}) returning mark, generation
            """).Text("name", name).Text("holder", holder);
        return await command.ReadAllAsync(row => (row.GetString(0), row.GetInt32(1)), cancellation) is [var held] ? held : null;
    }

    /// <summary>Moves it to where the log is begun, for the first time or anew, within the caller's transaction.</summary>
    /// <returns>How often it was begun anew.</returns>
    /// <exception cref="CursorLostException">Another replica holds it.</exception>
    public async Task<int> BeginAsync(NpgsqlConnection connection, string mark, CancellationToken cancellation)
    {
        await using var command = connection.Command($"""
            update cursors set generation = generation + case mark when '' then 0 else 1 end, mark = @mark, held_until = clock_timestamp() + {Lease}
            where name = @name and holder = @holder returning generation
            """).Text("name", name).Text("holder", holder).Text("mark", mark);
        return (int?)await command.ExecuteScalarAsync(cancellation) ?? throw new CursorLostException();
    }

    /// <summary>Moves it, within the caller's transaction, and notes when nothing else had happened up to there.</summary>
    /// <exception cref="CursorLostException">Another replica holds it.</exception>
    public async Task MoveAsync(NpgsqlConnection connection, string mark, bool upToDate, CancellationToken cancellation)
    {
        await using var command = connection.Command($"""
            update cursors set mark = @mark, held_until = clock_timestamp() + {Lease}, caught_up_at = case when @up_to_date then clock_timestamp() else caught_up_at end
            where name = @name and holder = @holder
            """).Text("name", name).Text("holder", holder).Text("mark", mark).With("up_to_date", NpgsqlDbType.Boolean, upToDate);
        if (await command.ExecuteNonQueryAsync(cancellation) == 0)
        {
            throw new CursorLostException();
        }
    }

    /// <summary>Lets go of it, so that another replica need not wait.</summary>
    public async Task ReleaseAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("update cursors set held_until = '-infinity' where name = @name and holder = @holder").Text("name", name).Text("holder", holder);
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
