using Npgsql;
using NpgsqlTypes;

namespace Xerotier.Gateway.Storage;

/// <summary>Makes the commands of the Gateway's SQL, each with its timeout.</summary>
/// <param name="source">The Gateway's database.</param>
/// <remarks>
/// No method of the stores takes a cancellation token: Npgsql cancels a statement over a separate connection, synchronously, on the current
/// thread. In the Gateway that is a thread that polls sockets (see <c>Hosting.CompleteSocketsInline</c>). A statement ends by its timeout at
/// the latest; a caller that cannot wait that long stops waiting.
/// </remarks>
internal sealed class GatewayDatabase(NpgsqlDataSource source)
{
    /// <summary>Seconds that a statement may take before its request ends with 504.</summary>
    private const int Timeout = 2;

    /// <summary>A connection of its own.</summary>
    public ValueTask<NpgsqlConnection> OpenAsync(CancellationToken cancellation = default) => source.OpenConnectionAsync(cancellation);

    /// <summary>A statement with its parameters in order.</summary>
    public NpgsqlCommand Command(string sql, params ReadOnlySpan<object?> values)
    {
        var command = source.CreateCommand(sql);
        command.CommandTimeout = Timeout;
        Add(command.Parameters, values);
        return command;
    }

    /// <summary>
    /// Changes something under its lock, in one transaction: <paramref name="lockSql"/>, then <paramref name="changeSql"/>, which returns a
    /// row if it changed something, then <paramref name="readSql"/>. Every statement has the same parameters. The lock comes before the
    /// snapshot of the change, which therefore sees every earlier change of the same thing.
    /// </summary>
    /// <returns>Whether something was changed, and what was read; null: there is no such thing.</returns>
    public async Task<(bool Changed, T? Value)> ChangeAsync<T>(string lockSql, string changeSql, string readSql, Func<NpgsqlDataReader, T> read, params object?[] values)
        where T : class
    {
        await using var batch = source.CreateBatch(); // a batch is a transaction by itself
        batch.Timeout = Timeout;
        foreach (var sql in (string[])[lockSql, changeSql, readSql])
        {
            var command = new NpgsqlBatchCommand(sql);
            Add(command.Parameters, values);
            batch.BatchCommands.Add(command);
        }

        await using var reader = await batch.ExecuteReaderAsync();
        await reader.NextResultAsync();
        var changed = await reader.ReadAsync();
        await reader.NextResultAsync();
        var value = await reader.ReadAsync() ? read(reader) : null;
        await reader.NextResultAsync(); // reads to the end of the transaction, which can still fail
        return (changed, value);
    }

    /// <summary>Adds parameters in order. A null is a text: PostgreSQL cannot tell the type of a parameter that a statement does not use.</summary>
    private static void Add(NpgsqlParameterCollection parameters, params ReadOnlySpan<object?> values)
    {
        foreach (var value in values)
        {
            parameters.Add(value switch
            {
                null => new NpgsqlParameter { Value = DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text },
                DateTimeOffset time => new NpgsqlParameter { Value = time.UtcDateTime },
                _ => new NpgsqlParameter { Value = value },
            });
        }
    }
}

/// <summary>Reads rows.</summary>
internal static class Rows
{
    /// <summary>Every row of the result.</summary>
    public static async Task<List<T>> ReadAllAsync<T>(this NpgsqlCommand command, Func<NpgsqlDataReader, T> read)
    {
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<T>();
        while (await reader.ReadAsync())
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    /// <summary>A time, or null.</summary>
    public static DateTimeOffset? Time(this NpgsqlDataReader reader, int at) => reader.IsDBNull(at) ? null : reader.GetFieldValue<DateTimeOffset>(at);

    /// <summary>A text, or null.</summary>
    public static string? Text(this NpgsqlDataReader reader, int at) => reader.IsDBNull(at) ? null : reader.GetString(at);
}
