using System.Diagnostics.CodeAnalysis;
using Npgsql;
using NpgsqlTypes;

namespace Xerotier.ServiceDefaults;

/// <summary>Named parameters with their types, so that null has one as well, and the rows of a statement.</summary>
public static class Sql
{
    /// <summary>A statement on a connection, such as one within a transaction.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="sql">A constant.</param>
    [SuppressMessage("Security", "CA2100", Justification = "A constant, as everywhere; values are parameters.")]
    public static NpgsqlCommand Command(this NpgsqlConnection connection, string sql) => new(sql, connection);

    /// <summary>Adds a parameter of any type.</summary>
    public static NpgsqlCommand With(this NpgsqlCommand command, string name, NpgsqlDbType type, object? value)
    {
        command.Parameters.Add(new NpgsqlParameter(name, type) { Value = value ?? DBNull.Value });
        return command;
    }

    /// <summary>Adds a text.</summary>
    public static NpgsqlCommand Text(this NpgsqlCommand command, string name, string? value) => command.With(name, NpgsqlDbType.Text, value);

    /// <summary>Adds an array of texts.</summary>
    public static NpgsqlCommand Texts(this NpgsqlCommand command, string name, IEnumerable<string> values) =>
        command.With(name, NpgsqlDbType.Array | NpgsqlDbType.Text, values.ToArray());

    /// <summary>Adds a bigint.</summary>
    public static NpgsqlCommand Number(this NpgsqlCommand command, string name, long value) => command.With(name, NpgsqlDbType.Bigint, value);

    /// <summary>Adds a timestamptz.</summary>
    public static NpgsqlCommand Time(this NpgsqlCommand command, string name, DateTimeOffset? value) =>
        command.With(name, NpgsqlDbType.TimestampTz, value?.UtcDateTime);

    /// <summary>All rows of the statement, each read by <paramref name="read"/>.</summary>
    public static async Task<List<T>> ReadAllAsync<T>(this NpgsqlCommand command, Func<NpgsqlDataReader, T> read, CancellationToken cancellation)
    {
        var rows = new List<T>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    /// <summary>The value of a column that may be null.</summary>
    public static string? TextOrNull(this NpgsqlDataReader row, string column) =>
        row.GetOrdinal(column) is var ordinal && row.IsDBNull(ordinal) ? null : row.GetString(ordinal);
}
