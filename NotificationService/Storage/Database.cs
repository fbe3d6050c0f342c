using Npgsql;
using Xerotier.ServiceDefaults;

namespace Xerotier.NotificationService.Storage;

/// <summary>How this service uses its database.</summary>
internal static class Database
{
    /// <summary>Name of the connection string.</summary>
    public const string Name = "notificationsdb";

    /// <summary>Registers the database and its migrations.</summary>
    public static void AddNotificationsDatabase(this WebApplicationBuilder builder)
    {
        builder.AddPostgres(Name, Tune);
        builder.Services.AddMigrations(typeof(Database).Assembly);
    }

    /// <summary>The operator's connection string with short waits, a bounded pool and prepared statements where it says nothing of them; times are always UTC.</summary>
    public static string Tune(string connectionString) => Postgres.WithShortWaits(
        new NpgsqlConnectionStringBuilder(connectionString) { Timezone = "UTC" }.ConnectionString,
        "notificationservice",
        ("Maximum Pool Size", "15"),
        ("Max Auto Prepare", "40"),
        ("Auto Prepare Min Usages", "2"));
}
