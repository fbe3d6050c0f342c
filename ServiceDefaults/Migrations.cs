using System.Reflection;
using DbUp;
using DbUp.Engine.Output;
using DbUp.Postgresql;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Xerotier.ServiceDefaults;

/// <summary>
/// Brings a service's database to its newest schema: the embedded <c>Migrations/*.sql</c> of its assembly in name order, each once,
/// forward only, under an advisory lock so that replicas do it one after the other.
/// </summary>
public sealed partial class Migrations(NpgsqlDataSource database, Assembly scripts, ILogger<Migrations> logger) : BackgroundService
{
    private const long AdvisoryLock = 0x7865_726f; // any number that all replicas agree on

    private readonly TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the schema is there; work that needs tables awaits it.</summary>
    public Task Done => done.Task;

    /// <summary>Applies what is missing, now.</summary>
    /// <exception cref="NpgsqlException">The database does not answer, or a script is wrong.</exception>
    public static async Task ApplyAsync(NpgsqlDataSource database, Assembly scripts, ILogger logger, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using (var acquire = new NpgsqlCommand("select pg_advisory_lock($1)", connection) { Parameters = { new() { Value = AdvisoryLock } }, CommandTimeout = 0 })
        {
            await acquire.ExecuteNonQueryAsync(cancellation);
        }

        try
        {
            // DbUp knows synchronous calls only, and this may be a thread that polls sockets: it must not wait for one.
            var result = await Task.Run(() => DeployChanges.To
                .PostgresqlDatabase(new PostgresqlConnectionManager(database))
                .WithScriptsEmbeddedInAssembly(scripts, name => name.Contains(".Migrations.", StringComparison.Ordinal))
                .WithTransactionPerScript()
                .WithExecutionTimeout(TimeSpan.Zero) // none: a large table's index takes its time, and would be given up again and again
                .LogTo(new Log(logger))
                .Build()
                .PerformUpgrade(), cancellation);
            if (!result.Successful)
            {
                throw result.Error;
            }
        }
        finally
        {
            await using var release = new NpgsqlCommand("select pg_advisory_unlock($1)", connection) { Parameters = { new() { Value = AdvisoryLock } } };
            await release.ExecuteNonQueryAsync(CancellationToken.None);
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
                await Task.Delay(TimeSpan.FromSeconds(1), stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The schema could not be brought up to date; trying again in 1 s")]
    private static partial void LogRetry(ILogger logger, Exception failure);

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
}
