using System.Globalization;
using System.Net;
using Npgsql;
using Xerotier.Page.V1;
using Xerotier.TestKit;

namespace Xerotier.StatusService.Tests;

/// <summary>The service as a process whose machine's clock is set, and a real Postgres.</summary>
public sealed class ClockLeapTests(PostgresFixture postgres)
{
    [Fact]
    public async Task A_process_whose_clock_leaps_400_days_for_two_and_a_half_seconds_leaves_history_and_page_as_they_were()
    {
        using var clock = ClockOffset.TryCreate();
        if (clock is null)
        {
            Assert.False(Environment.GetEnvironmentVariable("CI") is "true" or "1", "There is no C compiler.");
            Assert.Skip("There is no C compiler.");
        }

        await using var neighbours = await Neighbours.StartAsync();
        var connectionString = await postgres.Server.CreateDatabaseAsync<Program>();
        await using var database = NpgsqlDataSource.Create(connectionString);
        await using (var service = Start())
        {
            await ScalarAsync<long?>("select count(*) from recorder where to_regclass('components') is not null and recorded_until > '-infinity'", there => there == 1);
            Assert.Equal(352L, await ScalarAsync<long?>("""
                with filled as (
                    insert into days select day, component, 86400, 0, 0, 0
                    from generate_series(current_date - 88, current_date - 1, interval '1 day') as day, generate_series(0, 3) as component returning 1)
                select count(*) from filled
                """, _ => true));
            await RecordsAsync();
            await using var pages = new PageStream(service.GrpcAddress);
            await pages.UntilAsync("operational");
            using var http = new HttpClient();
            Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri(service.HttpAddress, "/readyz"))).StatusCode);

            clock.Set(TimeSpan.FromDays(400));
            var leapt = TimeProvider.System.GetTimestamp();
            await Eventually.TrueAsync(async () => (await http.GetAsync(new Uri(service.HttpAddress, "/readyz"))) is { StatusCode: HttpStatusCode.ServiceUnavailable } response
                && (await response.Content.ReadAsStringAsync()).Contains("\"statusdb_clock\":\"unavailable\"", StringComparison.Ordinal));
            Assert.Contains("xerotier_clock_skew_seconds", await http.GetStringAsync(new Uri(service.MetricsAddress, "/metrics")), StringComparison.Ordinal);
            Assert.InRange(await SkewAsync(http, service), 34_559_990, 34_560_010);
            await Task.Delay(TimeSpan.FromSeconds(2.5) - TimeProvider.System.GetElapsedTime(leapt) is var rest && rest > TimeSpan.Zero ? rest : TimeSpan.Zero);
            clock.Set(TimeSpan.Zero);

            await RecordsAsync();
            await Eventually.TrueAsync(async () => (await http.GetAsync(new Uri(service.HttpAddress, "/readyz"))).StatusCode == HttpStatusCode.OK);
            Assert.InRange(await SkewAsync(http, service), -2, 2);
            await IsWholeAsync();
            Assert.All(pages.Received, IsOfNow);
            Assert.Equal(2, service.Output.Count(line => line.Contains("DatabaseClock", StringComparison.Ordinal) && line.Contains("The clock is", StringComparison.Ordinal)));
        }

        await using (var again = Start())
        {
            await RecordsAsync();
            await using var pages = new PageStream(again.GrpcAddress);
            IsOfNow(await pages.UntilAsync("operational"));
            await IsWholeAsync();
        }

        ServiceProcess Start() => new(
            "StatusService",
            [
                new("ConnectionStrings__statusdb", connectionString),
                new("services__healthcollector__grpc__0", neighbours.Address),
                new("services__maintenanceservice__grpc__0", neighbours.Address),
                .. clock.Environment,
            ]);

        // What the process writes from now on reaches the present.
        async Task RecordsAsync()
        {
            var from = await ScalarAsync<DateTime?>("select clock_timestamp()", _ => true);
            await ScalarAsync<DateTime?>("select recorded_until from recorder", until => until > from);
        }

        async Task IsWholeAsync() => Assert.Equal(
            (352L, 0L),
            (await ScalarAsync<long?>("select count(*) from days", _ => true),
            await ScalarAsync<long?>("select count(*) from intervals, recorder where starts_at not between current_date - 1 and clock_timestamp() or recorded_until > clock_timestamp() + interval '2 s'", _ => true)));

        async Task<T?> ScalarAsync<T>(string sql, Func<T?, bool> wanted)
        {
            T? value = default;
            await Eventually.TrueAsync(
                async () =>
                {
                    try
                    {
                        await using var command = database.CreateCommand(sql);
                        return await command.ExecuteScalarAsync() is T found && wanted(value = found);
                    }
                    catch (PostgresException missing) when (missing.SqlState == PostgresErrorCodes.UndefinedTable)
                    {
                        return false; // the service makes its schema
                    }
                },
                sql);
            return value;
        }
    }

    private static void IsOfNow(PageSnapshot page) =>
        Assert.InRange(PageStream.Json(page).GetProperty("generated_at").GetDateTimeOffset(), DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddSeconds(2));

    private static async Task<double> SkewAsync(HttpClient http, ServiceProcess service)
    {
        var metrics = await http.GetStringAsync(new Uri(service.MetricsAddress, "/metrics"));
        return double.Parse(metrics.Split('\n').Single(line => line.StartsWith("xerotier_clock_skew_seconds", StringComparison.Ordinal)).Split(' ')[1], CultureInfo.InvariantCulture);
    }
}
