using Npgsql;
using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Windows;

/// <summary>Finds a window without knowing its project, for the platform's operators alone.</summary>
internal sealed class AnyWindow(NpgsqlDataSource database)
{
    /// <summary>The project of a window; null when no project has it.</summary>
    public async Task<string?> ProjectOfAsync(string id, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select project_id from windows where id = @id").Text("id", id);
        return await command.ExecuteScalarAsync(cancellation) as string;
    }
}
