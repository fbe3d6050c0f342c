using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using StackExchange.Redis;

namespace Xerotier.ServiceDefaults;

/// <summary>Clients of the stores by Aspire's integrations: the client, its traces and metrics; with health checks and waits of our own.</summary>
public static class Stores
{
    /// <summary>Registers the <see cref="NpgsqlDataSource"/> of <c>ConnectionStrings:{name}</c>, its <see cref="DatabaseClock"/> and <see cref="DatabaseTime"/>, and a health check of each: <c>{name}</c> and <c>{name}_clock</c>.</summary>
    /// <param name="builder">The service.</param>
    /// <param name="name">Name of the database and of its connection string.</param>
    /// <param name="tune">Changes the connection string that the operator gave.</param>
    public static void AddPostgres(this IHostApplicationBuilder builder, string name, Func<string, string>? tune = null)
    {
        if (tune is not null)
        {
            builder.Configuration[$"ConnectionStrings:{name}"] = tune(builder.Configuration.RequiredConnectionString(name));
        }

        Postgres.TakePrimary(builder.Configuration.RequiredConnectionString(name));
        builder.AddNpgsqlDataSource(name, settings => (settings.DisableHealthChecks, settings.DisableTracing) = (true, !builder.Configuration.ExportsTelemetry()));
        builder.Logging.AddFilter("Npgsql", LogLevel.Warning); // its information is every statement
        builder.Services.AddHealthChecks().AddCheck<PostgresCheck>(name, timeout: TimeSpan.FromSeconds(2)).Add(OfClock<DatabaseClock>(name));
        builder.Services.AddHostedSingleton<DatabaseClock>();
        builder.Services.AddKeyedSingleton<TimeProvider>(DatabaseTime.Key, (provider, _) => ActivatorUtilities.CreateInstance<DatabaseTime>(provider));
    }

    /// <summary>Registers the <see cref="IConnectionMultiplexer"/> of <c>ConnectionStrings:{name}</c>. It connects in the background and reconnects by itself. Its health is for the service to tell, since a Redis that answers may refuse what the service writes; that of its <see cref="RedisClock"/> is the check <c>{name}_clock</c>.</summary>
    /// <param name="builder">The service.</param>
    /// <param name="name">Name of the connection string.</param>
    /// <param name="configure">Changes the client's options.</param>
    public static void AddRedis(this IHostApplicationBuilder builder, string name, Action<ConfigurationOptions>? configure = null)
    {
        _ = builder.Configuration.RequiredConnectionString(name);
        builder.AddRedisClient(name, settings => (settings.DisableHealthChecks, settings.DisableTracing) = (true, !builder.Configuration.ExportsTelemetry()), options =>
        {
            options.AbortOnConnectFail = false;
            options.ConnectTimeout = 1000;
            options.ReconnectRetryPolicy = new LinearRetry(250);
            configure?.Invoke(options);
        });
        builder.Services.AddHealthChecks().Add(OfClock<RedisClock>(name));
        builder.Services.AddHostedSingleton<RedisClock>();
    }

    private static HealthCheckRegistration OfClock<TClock>(string name)
        where TClock : StoreClock => new($"{name}_clock", provider => new ClockCheck(provider.GetRequiredService<TClock>()), null, null);

    private static string RequiredConnectionString(this IConfiguration configuration, string name) =>
        configuration.GetConnectionString(name) is { Length: > 0 } given ? given : throw new SettingException($"Set ConnectionStrings__{name}.");

    /// <summary>Healthy when the database responds and has the schema that the service brings.</summary>
    private sealed class PostgresCheck(NpgsqlDataSource database, IServiceProvider services) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            if (services.GetService<Migrations>() is { Done.IsCompletedSuccessfully: false })
            {
                return HealthCheckResult.Unhealthy("The schema is not there yet.");
            }

            await using var command = database.CreateCommand("select 1");
            await command.ExecuteScalarAsync(CancellationToken.None).WaitAsync(cancellationToken); // Npgsql cancels synchronously
            return HealthCheckResult.Healthy();
        }
    }
}
