using Npgsql;
using NpgsqlTypes;
using Xerotier.ServiceDefaults;

namespace Xerotier.NotificationService.Subscriptions;

/// <summary>What <see cref="Sql"/> lacks.</summary>
internal static class Rows
{
    /// <summary>The row of a command's last statement; null: none. The command is disposed of.</summary>
    public static async Task<T?> ReadOneAsync<T>(this NpgsqlCommand command, Func<NpgsqlDataReader, T> read, CancellationToken cancellation)
        where T : class
    {
        await using var owned = command;
        await using var row = await command.ExecuteReaderAsync(cancellation);
        T? found;
        do
        {
            found = null;
            while (await row.ReadAsync(cancellation))
            {
                found = row.FieldCount > 1 ? read(row) : null; // of locks there is a column only
            }
        }
        while (await row.NextResultAsync(cancellation));
        return found;
    }

    /// <summary>Adds an array of texts, or null.</summary>
    public static NpgsqlCommand TextsOrNull(this NpgsqlCommand command, string name, IEnumerable<string>? values) =>
        command.With(name, NpgsqlDbType.Array | NpgsqlDbType.Text, values?.ToArray());
}
