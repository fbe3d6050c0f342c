using Npgsql;
using Xerotier.Gateway.Projects;
using Xerotier.Gateway.Storage;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Keys;

/// <summary>Connects to the keys' database.</summary>
internal delegate Task<KeyLink> OpenKeyLink(CancellationToken cancellation);

/// <summary>A connection to the keys' database, as <see cref="KeyFeed"/> uses it. Whatever fails, the feed opens another one.</summary>
/// <param name="ChangesAsync">Reads what changed since a mark.</param>
/// <param name="SuspendedAsync">Reads the suspended projects.</param>
/// <param name="WaitAsync">Waits until the database notifies of a change, or for that time.</param>
/// <param name="Connection">What is to be closed.</param>
internal sealed record KeyLink(
    Func<ChangeMark?, Task<KeyChanges>> ChangesAsync,
    Func<Task<SuspendedProjects.State>> SuspendedAsync,
    Func<TimeSpan, CancellationToken, Task> WaitAsync,
    IAsyncDisposable Connection)
{
    /// <summary>Opens one, once the schema and a platform key are there.</summary>
    public static async Task<KeyLink> OpenAsync(GatewayDatabase database, Migrations migrations, PlatformKey platformKey, CancellationToken cancellation)
    {
        await migrations.Done.WaitAsync(cancellation);
        await platformKey.EnsureAsync(cancellation);
        var connection = await database.OpenAsync(cancellation);
        try
        {
            await using var listen = new NpgsqlCommand("listen api_keys", connection);
            await listen.ExecuteNonQueryAsync(CancellationToken.None); // see GatewayDatabase
            return new(
                async mark => await KeyReader.ChangesAsync(connection, mark),
                async () => await ProjectStore.ReadSuspendedAsync(connection, KeyReader.ChangesTimeout),
                (timeout, stopping) => connection.WaitAsync(timeout, stopping),
                connection);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }
}
