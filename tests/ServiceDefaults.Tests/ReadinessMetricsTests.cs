using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;
using Xerotier.TestKit;

namespace Xerotier.ServiceDefaults.Tests;

public sealed class ReadinessMetricsTests
{
    [Fact]
    public async Task Each_check_is_shown_as_it_was_looked_at_last()
    {
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var metrics = new ReadinessMetrics(services.GetRequiredService<IMeterFactory>(), services);
        Assert.Empty(Observed(services)); // nothing was looked at, and there is no schema to bring

        await metrics.PublishAsync(Report(("postgres", HealthStatus.Unhealthy), ("redis", HealthStatus.Degraded), ("clock", HealthStatus.Healthy)), TestContext.Current.CancellationToken);
        Assert.Equal(["xerotier.health_check clock 1", "xerotier.health_check postgres 0", "xerotier.health_check redis 1"], Observed(services));

        await metrics.PublishAsync(Report(("postgres", HealthStatus.Healthy)), TestContext.Current.CancellationToken);
        Assert.Equal(["xerotier.health_check postgres 1"], Observed(services));
    }

    [Fact]
    public async Task The_schema_is_current_once_the_scripts_are_applied()
    {
        await using var postgres = await TestPostgres.StartAsync();
        await using var database = NpgsqlDataSource.Create(await postgres.CreateDatabaseAsync());
        var registered = new ServiceCollection().AddMetrics().AddLogging().AddSingleton(database);
        registered.AddMigrations(typeof(ReadinessMetricsTests).Assembly);
        await using var services = registered.BuildServiceProvider();
        using var metrics = new ReadinessMetrics(services.GetRequiredService<IMeterFactory>(), services);
        Assert.Equal(["xerotier.schema.current  0"], Observed(services));

        var migrations = services.GetRequiredService<Migrations>();
        await migrations.StartAsync(TestContext.Current.CancellationToken);
        await migrations.Done.WaitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(["xerotier.schema.current  1"], Observed(services));
        await migrations.StopAsync(TestContext.Current.CancellationToken);
    }

    private static HealthReport Report(params (string Check, HealthStatus Status)[] entries) =>
        new(entries.ToDictionary(entry => entry.Check, entry => new HealthReportEntry(entry.Status, null, TimeSpan.Zero, null, null)), TimeSpan.Zero);

    /// <summary>What the gauges of readiness show: name, check, value.</summary>
    private static List<string> Observed(IServiceProvider services)
    {
        var scope = services.GetRequiredService<IMeterFactory>();
        var observed = new List<string>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, own) =>
        {
            if (instrument.Meter.Scope == scope && instrument.Meter.Name == "Xerotier.ServiceDefaults")
            {
                own.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => observed.Add($"{instrument.Name} {(tags.Length > 0 ? tags[0].Value : null)} {value}"));
        listener.Start();
        listener.RecordObservableInstruments();
        observed.Sort(StringComparer.Ordinal);
        return observed;
    }
}
