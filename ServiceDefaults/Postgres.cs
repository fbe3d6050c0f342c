using System.Net.Sockets;
using Npgsql;

namespace Xerotier.ServiceDefaults;

/// <summary>How services wait for PostgreSQL, and what its failures mean to their callers.</summary>
public static class Postgres
{
    /// <summary>
    /// Expressions in SQL that say which database this is: its server, timeline and name. With the file of a table (<c>pg_relation_filenode</c>)
    /// one of them is another one after any kind of restore, so a mark of how far that table has been read names them all. The timeline is
    /// another one after a failover, too (<see cref="IsOfOtherTimeline"/>), from the server's next checkpoint on.
    /// </summary>
    public const string IdentitySql =
        "(select system_identifier from pg_control_system()), (select timeline_id from pg_control_checkpoint()), (select oid from pg_database where datname = current_database())";

    /// <summary>
    /// Whether two such identities, joined by dots, differ in the timeline alone: after a failover, which loses nothing that a synchronous
    /// standby has, or after a restore to a point in time. Which of them it was, only what the reader has seen last can say.
    /// </summary>
    public static bool IsOfOtherTimeline(string one, string other)
    {
        return one != other && WithoutTimeline(one) == WithoutTimeline(other);

        static string WithoutTimeline(string identity) => string.Join('.', identity.Split('.').Where((_, place) => place != 1));
    }

    /// <summary>
    /// Whether two such identities differ in the files of their tables alone: a backup was restored in the same database, or its tables were
    /// written anew. Numbers of transactions go on from where they were.
    /// </summary>
    public static bool IsReplacedInPlace(string one, string other)
    {
        return one != other && OfServer(one).SequenceEqual(OfServer(other));

        static IEnumerable<string> OfServer(string identity) => identity.Split('.').Take(3);
    }

    /// <summary>The operator's connection string, with short waits and <paramref name="more"/> where it says nothing of them.</summary>
    /// <param name="connectionString">What the operator gave.</param>
    /// <param name="applicationName">The service's name, as the database's administrator sees it.</param>
    /// <param name="more">Other defaults, by Npgsql's keywords. The pools of all services with two replicas each must fit into the <c>max_connections</c> of AppHost's server; a test adds them up.</param>
    public static string WithShortWaits(string connectionString, string applicationName, params ReadOnlySpan<(string Key, string Value)> more)
    {
        var given = new NpgsqlConnectionStringBuilder(connectionString);
        Default(given, "Timeout", "2"); // s until a connection, or a place in the pool, is there
        Default(given, "Command Timeout", "3"); // s
        Default(given, "Cancellation Timeout", "500"); // ms
        foreach (var (key, value) in more)
        {
            Default(given, key, value);
        }

        given.ApplicationName ??= applicationName;
        return given.ConnectionString;
    }

    /// <summary>
    /// Of several hosts the one that is no standby is taken, now and after a failover. Npgsql's data source takes the first that answers, and
    /// refuses <c>Target Session Attributes</c> in its connection string: libpq's variable alone says otherwise, for the whole process.
    /// </summary>
    internal static void TakePrimary(string connectionString)
    {
        const string Variable = "PGTARGETSESSIONATTRS";
        if (new NpgsqlConnectionStringBuilder(connectionString).Host?.Contains(',', StringComparison.Ordinal) is true && Environment.GetEnvironmentVariable(Variable) is null)
        {
            Environment.SetEnvironmentVariable(Variable, "primary");
        }
    }

    /// <summary>What a failure of the database is to the caller; null when it is a fault of ours. Nothing is retried: a write whose outcome is unknown is the client's to repeat, with its Idempotency-Key.</summary>
    public static ApiError? ToApiError(Exception failure) => failure switch
    {
        PostgresException { SqlState: PostgresErrorCodes.QueryCanceled } => ApiErrors.UpstreamTimeout,
        PostgresException { InvariantSeverity: "FATAL" or "PANIC" } => ApiErrors.ServiceUnavailable, // it ends the session, whatever it calls that: a full disk, when a session begins, is an internal error
        PostgresException postgres => IsOutage(postgres.SqlState) ? ApiErrors.ServiceUnavailable : null,
        NpgsqlException { InnerException: TimeoutException } lost when lost.Message.Contains("pool", StringComparison.Ordinal) => ApiErrors.ServiceUnavailable,
        NpgsqlException { InnerException: TimeoutException } => ApiErrors.UpstreamTimeout,
        NpgsqlException or SocketException or IOException => ApiErrors.ServiceUnavailable,
        TimeoutException => ApiErrors.UpstreamTimeout,
        ObjectDisposedException => ApiErrors.ServiceUnavailable, // the service is stopping
        _ => IsConfused(failure) ? ApiErrors.ServiceUnavailable : null,
    };

    /// <summary>
    /// Npgsql did not understand what the server said, and has closed the connection. A statement that it prepares by itself and that is
    /// cancelled, or fails, while the server plans it counts as prepared, without the description of its rows: its next use ends so.
    /// </summary>
    private static bool IsConfused(Exception failure) =>
        failure.GetType() == typeof(Exception) && failure.Source == "Npgsql" && failure.Message.EndsWith("Please file a bug.", StringComparison.Ordinal);

    /// <summary>Connection, resources, operator intervention, system error, or a server that has become a read-only standby.</summary>
    private static bool IsOutage(string state) =>
        state[..2] is "08" or "53" or "57" or "58"
        || state is PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidCatalogName
            or PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.InvalidAuthorizationSpecification;

    private static void Default(NpgsqlConnectionStringBuilder given, string key, string value)
    {
        if (!given.ContainsKey(key) || !given.ShouldSerialize(key))
        {
            given[key] = value;
        }
    }
}
