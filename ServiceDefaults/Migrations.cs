using System.Reflection;
using DbUp;
using DbUp.Builder;
using DbUp.Engine;
using DbUp.Engine.Output;
using DbUp.Postgresql;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Xerotier.ServiceDefaults;

/// <summary>
/// Brings a service's database to its newest schema: the embedded <c>Migrations/*.sql</c> of its assembly in name order, each once,
/// forward only, under an advisory lock so that replicas do it one after the other. A script is a transaction that waits at most 1 s for
/// a lock, for what comes after it would wait with it: it is tried again. One whose name ends in <c>_concurrently.sql</c> is for indexes of
/// large tables: no transaction, statement by statement, and able to run again after half of it.
/// </summary>
public sealed partial class Migrations(NpgsqlDataSource database, Assembly scripts, ILogger<Migrations> logger) : BackgroundService
{
    private const long AdvisoryLock = 0x7865_726f; // any number that all replicas agree on
    private const string LockTimeout = "set local lock_timeout = '1s';\n";
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the schema is there; work that needs tables awaits it.</summary>
    public Task Done => done.Task;

    /// <summary>Applies what is missing, now.</summary>
    /// <exception cref="NpgsqlException">The database does not answer, or a script is wrong.</exception>
    public static async Task ApplyAsync(NpgsqlDataSource database, Assembly scripts, ILogger logger, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using (var acquire = new NpgsqlCommand("select pg_try_advisory_lock($1)", connection) { Parameters = { new() { Value = AdvisoryLock } } })
        {
            // Not waited for in one statement: an index that is made concurrently waits for every statement that began before it.
            while (!(bool)(await acquire.ExecuteScalarAsync(cancellation))!)
            {
                await Task.Delay(100, cancellation);
            }
        }

        try
        {
            // DbUp knows synchronous calls only, and this may be a thread that polls sockets: it must not wait for one.
            await Task.Run(
                () =>
                {
                    foreach (var script in Upgrade(new PostgresqlConnectionManager(database), scripts, name => name.Contains(".Migrations.", StringComparison.Ordinal), logger).Build().GetScriptsToExecute())
                    {
                        Apply(database, scripts, script.Name, logger);
                    }
                },
                cancellation);
        }
        finally
        {
            await using var release = new NpgsqlCommand("select pg_advisory_unlock($1)", connection) { Parameters = { new() { Value = AdvisoryLock } } };
            await release.ExecuteNonQueryAsync(CancellationToken.None);
        }
    }

    /// <summary>Applies what is missing, and tries again for up to <paramref name="patience"/> while the database is away or a lock is held.</summary>
    public async Task ApplyAsync(TimeSpan patience, CancellationToken cancellation)
    {
        for (var until = DateTime.UtcNow + patience; ;)
        {
            try
            {
                await ApplyAsync(database, scripts, logger, cancellation);
                return;
            }
            catch (Exception failure) when (Postgres.ToApiError(failure) is not null && DateTime.UtcNow < until)
            {
                LogRetry(logger, failure);
                await Task.Delay(RetryAfter, cancellation);
            }
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ApplyAsync(database, scripts, logger, stoppingToken);
                done.SetResult();
                return;
            }
            catch (Exception failure) when (failure is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                LogRetry(logger, failure);
                await Task.Delay(RetryAfter, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private static void Apply(NpgsqlDataSource database, Assembly scripts, string script, ILogger logger)
    {
        var concurrently = script.EndsWith("_concurrently.sql", StringComparison.Ordinal);
        var upgrade = Upgrade(concurrently ? new StatementByStatement(database) : new PostgresqlConnectionManager(database), scripts, name => name == script, logger);
        var result = (concurrently ? upgrade.WithoutTransaction() : upgrade.WithTransactionPerScript().WithPreprocessor(new Preamble())).Build().PerformUpgrade();
        if (!result.Successful)
        {
            throw result.Error;
        }
    }

    private static UpgradeEngineBuilder Upgrade(PostgresqlConnectionManager database, Assembly scripts, Func<string, bool> isWanted, ILogger logger) => DeployChanges.To
        .PostgresqlDatabase(database)
        .WithScriptsEmbeddedInAssembly(scripts, isWanted)
        .WithExecutionTimeout(TimeSpan.Zero) // none: a large table's index takes its time, and would be given up again and again
        .LogTo(new Log(logger));

    [LoggerMessage(1, LogLevel.Warning, "The schema could not be brought up to date; trying again in 1 s")]
    private static partial void LogRetry(ILogger logger, Exception failure);

    private sealed class Preamble : IScriptPreprocessor
    {
        public string Process(string contents) => LockTimeout + contents;
    }

    /// <summary>PostgreSQL takes several statements that are sent together for a transaction.</summary>
    private sealed class StatementByStatement(NpgsqlDataSource database) : PostgresqlConnectionManager(database)
    {
        public override IEnumerable<string> SplitScriptIntoCommands(string scriptContents) =>
            scriptContents.Split(";\n", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }

    private sealed class Log(ILogger logger) : IUpgradeLog
    {
#pragma warning disable CA2254 // DbUp's own templates
        public void LogTrace(string format, params object[] args) => logger.LogTrace(format, args);

        public void LogDebug(string format, params object[] args) => logger.LogDebug(format, args);

        public void LogInformation(string format, params object[] args) => logger.LogDebug(format, args);

        public void LogWarning(string format, params object[] args) => logger.LogWarning(format, args);

        public void LogError(string format, params object[] args) => logger.LogError(format, args);

        public void LogError(Exception ex, string format, params object[] args) => logger.LogError(ex, format, args);
#pragma warning restore CA2254
    }
}

/// <summary>Registers <see cref="Migrations"/>.</summary>
public static class MigrationsExtensions
{
    /// <summary>Runs the migrations embedded in <paramref name="scripts"/> when the service starts, again and again until the database answers; readiness waits for them.</summary>
    public static void AddMigrations(this IServiceCollection services, Assembly scripts)
    {
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<Migrations>(provider, scripts));
        services.AddHostedService(provider => provider.GetRequiredService<Migrations>());
    }

    /// <summary>With the argument <c>--migrate-only</c>: applies the migrations, for up to a minute while the database is away, in place of the service.</summary>
    /// <returns>The exit code, 0, or 1 after a sentence on the standard error; null: the argument is not there.</returns>
    public static async Task<int?> MigrateOnlyAsync(this WebApplication app, string[] args)
    {
        if (!args.Contains("--migrate-only"))
        {
            return null;
        }

        try
        {
            await app.Services.GetRequiredService<Migrations>().ApplyAsync(TimeSpan.FromMinutes(1), CancellationToken.None);
            return 0;
        }
        catch (Exception failure) when (failure is NpgsqlException or TimeoutException)
        {
            await Console.Error.WriteLineAsync($"The schema could not be brought up to date: {failure.Message}");
            return 1;
        }
    }
}
