using System.Net.Sockets;
using Npgsql;
using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService;

/// <summary>How this service uses its database, and what its failures mean to callers.</summary>
internal static class Database
{
    /// <summary>Name of the connection string.</summary>
    public const string Name = "maintenancedb";

    /// <summary>Registers the database and its migrations.</summary>
    public static void AddMaintenanceDatabase(this WebApplicationBuilder builder)
    {
        if (builder.Configuration.GetConnectionString(Name) is { } given)
        {
            builder.Configuration[$"ConnectionStrings:{Name}"] = Tune(given);
        }

        builder.AddPostgres(Name);
        builder.Services.AddMigrations(typeof(Database).Assembly);
    }

    /// <summary>The operator's connection string with short waits, a bounded pool and prepared statements where it says nothing of them; times are always UTC.</summary>
    public static string Tune(string connectionString)
    {
        var given = new NpgsqlConnectionStringBuilder(connectionString);
        Default("Timeout", "2"); // s until a connection, or a place in the pool, is there
        Default("Command Timeout", "3"); // s
        Default("Cancellation Timeout", "500"); // ms
        Default("Maximum Pool Size", "40");
        Default("Minimum Pool Size", "4");
        Default("Max Auto Prepare", "40");
        Default("Auto Prepare Min Usages", "2");
        given.Timezone = "UTC"; // snapshots in the audit table carry it
        given.ApplicationName ??= "maintenanceservice";
        return given.ConnectionString;

        void Default(string key, string value)
        {
            if (!given.ContainsKey(key) || !given.ShouldSerialize(key))
            {
                given[key] = value;
            }
        }
    }

    /// <summary>What a failure of the database is to the caller; null when it is a fault of ours. Nothing is retried: a write whose outcome is unknown is the client's to repeat, with its Idempotency-Key.</summary>
    public static ApiError? ToApiError(Exception failure) => failure switch
    {
        PostgresException { SqlState: PostgresErrorCodes.QueryCanceled } => ApiErrors.UpstreamTimeout,
        PostgresException postgres => IsOutage(postgres.SqlState) ? ApiErrors.ServiceUnavailable : null,
        NpgsqlException { InnerException: TimeoutException } lost when lost.Message.Contains("pool", StringComparison.Ordinal) => ApiErrors.ServiceUnavailable,
        NpgsqlException { InnerException: TimeoutException } => ApiErrors.UpstreamTimeout,
        NpgsqlException or SocketException or IOException => ApiErrors.ServiceUnavailable,
        TimeoutException => ApiErrors.UpstreamTimeout,
        ObjectDisposedException => ApiErrors.ServiceUnavailable, // the service is stopping
        _ => null,
    };

    /// <summary>Connection, resources, operator intervention, system error, or a server that has become a read-only standby.</summary>
    private static bool IsOutage(string state) =>
        state[..2] is "08" or "53" or "57" or "58"
        || state is PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidCatalogName
            or PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.InvalidAuthorizationSpecification;
}

/// <summary>Answers 503 or 504 when the database is away or slow, and 503 before its schema is there.</summary>
internal sealed partial class DatabaseFailureFilter(Migrations migrations, ILogger<DatabaseFailureFilter> logger) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        if (!migrations.Done.IsCompletedSuccessfully)
        {
            throw new ApiException(ApiErrors.ServiceUnavailable);
        }

        try
        {
            return await next(context);
        }
        catch (Exception failure) when (!context.HttpContext.RequestAborted.IsCancellationRequested && Database.ToApiError(failure) is not null)
        {
            LogFailure(logger, context.HttpContext.GetEndpoint()?.DisplayName, failure.Message);
            throw new ApiException(Database.ToApiError(failure)!);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "{Endpoint}: the database failed: {Reason}")]
    private static partial void LogFailure(ILogger logger, string? endpoint, string reason);
}
