using Npgsql;

namespace Xerotier.ServiceDefaults;

/// <summary>
/// The only way from the API's stores to the database: every statement has the parameter <c>@project</c>, and a statement that
/// does not compare a row's project with it never runs.
/// </summary>
/// <param name="database">The service's database.</param>
public sealed class ProjectDatabase(NpgsqlDataSource database)
{
    /// <summary>A statement about <paramref name="projectId"/>, its <c>@project</c>. Add the other parameters with <see cref="Sql"/>.</summary>
    /// <exception cref="ArgumentException">The statement does not compare the project.</exception>
    public NpgsqlCommand Command(string projectId, string sql)
    {
        if (!sql.Contains("project_id = @project", StringComparison.Ordinal))
        {
            throw new ArgumentException("The statement must compare project_id with @project.", nameof(sql));
        }

        return database.CreateCommand(sql).Text("project", projectId);
    }
}
