using Npgsql;
using NpgsqlTypes;

namespace Xerotier.MaintenanceService;

/// <summary>
/// The only way from the API's stores to the database: parameter 1 of every statement is the project, and a statement that
/// neither selects by it nor writes it never runs at all.
/// </summary>
/// <param name="database">The service's database.</param>
internal sealed class ProjectDatabase(NpgsqlDataSource database)
{
    /// <summary>A statement about <paramref name="projectId"/>, which is its <c>$1</c>; the others follow with <see cref="Parameters.With{T}"/>.</summary>
    /// <exception cref="ArgumentException">The statement forgets the project.</exception>
    public NpgsqlCommand Command(string projectId, string sql)
    {
        if (!sql.Contains("project_id = $1", StringComparison.Ordinal) && !sql.Contains("select $1", StringComparison.Ordinal))
        {
            throw new ArgumentException("The statement must name its project.", nameof(sql));
        }

        var command = database.CreateCommand(sql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = projectId, NpgsqlDbType = NpgsqlDbType.Text });
        return command;
    }
}

/// <summary>Positional parameters with their types, so that null has one as well.</summary>
internal static class Parameters
{
    public static NpgsqlCommand With<T>(this NpgsqlCommand command, NpgsqlDbType type, T? value)
    {
        command.Parameters.Add(new NpgsqlParameter { Value = value is null ? DBNull.Value : value, NpgsqlDbType = type });
        return command;
    }

    public static NpgsqlCommand Text(this NpgsqlCommand command, string? value) => command.With(NpgsqlDbType.Text, value);

    public static NpgsqlCommand Time(this NpgsqlCommand command, DateTimeOffset? value) => command.With(NpgsqlDbType.TimestampTz, value?.UtcDateTime);
}
