using Npgsql;
using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Storage;

/// <summary>How this service uses its database.</summary>
internal static class Database
{
    /// <summary>Name of the connection string.</summary>
    public const string Name = "maintenancedb";

    /// <summary>Registers the database and its migrations.</summary>
    public static void AddMaintenanceDatabase(this WebApplicationBuilder builder)
    {
        builder.AddPostgres(Name, Tune);
        builder.Services.AddMigrations(typeof(Database).Assembly);
    }

    /// <summary>The operator's connection string with short waits, a bounded pool and prepared statements where it says nothing of them; times are always UTC.</summary>
    public static string Tune(string connectionString) => Postgres.WithShortWaits(
        new NpgsqlConnectionStringBuilder(connectionString) { Timezone = "UTC" }.ConnectionString, // snapshots in the audit table carry it
        "maintenanceservice",
        ("Maximum Pool Size", "40"),
        ("Minimum Pool Size", "4"),
        ("Max Auto Prepare", "40"),
        ("Auto Prepare Min Usages", "2"));
}
