using Npgsql;
using Xerotier.ServiceDefaults;

namespace Xerotier.NotificationService.Following;

/// <summary>Another replica follows the log now.</summary>
internal sealed class CursorLostException() : Exception("Another replica follows the log.");

/// <summary>How far a log has been read. One replica holds it at a time, by the database's clock; whoever comes next goes on from the mark.</summary>
internal sealed class LogCursor(string name, NpgsqlDataSource database)
{
    private const string Lease = "interval '6 s'";

    private readonly string holder = $"{Guid.NewGuid():N}";

    /// <summary>Takes hold of it, or keeps it.</summary>
    /// <returns>The mark, empty when nothing has been read yet; null: another replica holds it.</returns>
    public async Task<string?> HoldAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand($"""
            update cursors set holder = @holder, held_until = clock_timestamp() + {Lease}
            where name = @name and (holder = @holder or held_until < clock_timestamp()) returning mark
            """).Text("name", name).Text("holder", holder);
        return (string?)await command.ExecuteScalarAsync(cancellation);
    }

    /// <summary>Moves it, within the caller's transaction.</summary>
    /// <exception cref="CursorLostException">Another replica holds it.</exception>
    public async Task MoveAsync(NpgsqlConnection connection, string mark, CancellationToken cancellation)
    {
        await using var command = connection.Command($"""
            update cursors set mark = @mark, held_until = clock_timestamp() + {Lease} where name = @name and holder = @holder
            """).Text("name", name).Text("holder", holder).Text("mark", mark);
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
