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
    public NpgsqlCommand Command(string projectId, string sql) => Of(projectId, database.CreateCommand(sql));

    /// <summary>Begins a transaction of statements about <paramref name="projectId"/>. Disposed of without a commit, it has done nothing.</summary>
    public async Task<ProjectTransaction> BeginAsync(string projectId, CancellationToken cancellation)
    {
        var connection = await database.OpenConnectionAsync(cancellation);
        try
        {
            return new(projectId, connection, await connection.BeginTransactionAsync(cancellation));
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    internal static NpgsqlCommand Of(string projectId, NpgsqlCommand command)
    {
        var sql = command.CommandText;
        if (!sql.Contains("project_id = @project", StringComparison.Ordinal))
        {
            throw new ArgumentException("The statement must compare project_id with @project.", nameof(command));
        }

        return command.Text("project", projectId);
    }
}

/// <summary>A transaction of <see cref="ProjectDatabase"/>.</summary>
public sealed class ProjectTransaction : IAsyncDisposable
{
    private readonly string projectId;
    private readonly NpgsqlConnection connection;
    private readonly NpgsqlTransaction transaction;

    internal ProjectTransaction(string projectId, NpgsqlConnection connection, NpgsqlTransaction transaction) => (this.projectId, this.connection, this.transaction) = (projectId, connection, transaction);

    /// <summary><see cref="ProjectDatabase.Command"/>, within the transaction.</summary>
    /// <exception cref="ArgumentException">The statement does not compare the project.</exception>
    public NpgsqlCommand Command(string sql) => ProjectDatabase.Of(projectId, connection.Command(sql));

    /// <summary>Commits.</summary>
    public Task CommitAsync(CancellationToken cancellation) => transaction.CommitAsync(cancellation);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await transaction.DisposeAsync();
        await connection.DisposeAsync();
    }
}
