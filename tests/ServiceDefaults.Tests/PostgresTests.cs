using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xerotier.TestKit;

namespace Xerotier.ServiceDefaults.Tests;

public sealed class PostgresTests
{
    [Fact]
    public void Waits_are_short_unless_the_operator_says_otherwise()
    {
        var tuned = new NpgsqlConnectionStringBuilder(Postgres.WithShortWaits("Host=h;Password=p;Command Timeout=30", "gateway", ("Maximum Pool Size", "7")));
        Assert.Equal((2, 30, 7), (tuned.Timeout, tuned.CommandTimeout, tuned.MaxPoolSize));
        Assert.Equal(("h", "p", "gateway"), (tuned.Host, tuned.Password, tuned.ApplicationName));
    }

    [Fact]
    public async Task Of_several_hosts_the_primary_is_taken_and_after_a_failover_the_new_one()
    {
        await using var primary = await TestPostgres.StartAsync();
        await using var standby = await primary.StartSynchronousStandbyAsync();
        var server = new NpgsqlConnectionStringBuilder(primary.AdminConnectionString);
        server.Host = $"127.0.0.1:{new NpgsqlConnectionStringBuilder(standby.AdminConnectionString).Port},127.0.0.1:{server.Port}"; // the standby first
        var builder = WebApplication.CreateBuilder();
        builder.Configuration["ConnectionStrings:test"] = server.ConnectionString;
        builder.AddPostgres("test", given => Postgres.WithShortWaits(given, "test", ("Host Recheck Seconds", "1")));
        await using var app = builder.Build();
        var database = app.Services.GetRequiredService<NpgsqlDataSource>();
        await WriteAsync();
        await primary.KillAsync();
        await standby.PromoteAsync();
        await Eventually.TrueAsync(async () =>
        {
            try
            {
                await WriteAsync();
                return true;
            }
            catch (NpgsqlException)
            {
                return false;
            }
        });

        async Task WriteAsync()
        {
            await using var command = database.CreateCommand("create table if not exists written (id int)");
            await command.ExecuteNonQueryAsync();
        }
    }

    [Theory]
    [InlineData("25006", 503)] // a standby
    [InlineData("28P01", 503)]
    [InlineData("3D000", 503)]
    [InlineData("53300", 503)]
    [InlineData("57P01", 503)]
    [InlineData("57014", 504)]
    [InlineData("23505", null)]
    [InlineData("42601", null)]
    public void A_failure_is_the_databases_or_ours(string state, int? status) =>
        Assert.Equal(status, Postgres.ToApiError(new PostgresException("m", "ERROR", "ERROR", state))?.Status);

    [Theory]
    [InlineData("ERROR", null)]
    [InlineData("FATAL", 503)] // a full disk when a connection is opened: “could not write init file”
    [InlineData("PANIC", 503)]
    public void What_ends_the_session_is_the_databases_whatever_it_calls_it(string severity, int? status) =>
        Assert.Equal(status, Postgres.ToApiError(new PostgresException("m", severity, severity, "XX000"))?.Status);

    [Fact]
    public async Task A_connection_that_is_confused_by_a_statement_which_ended_while_it_was_prepared_is_an_outage_of_its_own()
    {
        await using var server = await TestPostgres.StartAsync();
        await using var database = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(server.AdminConnectionString) { MaxAutoPrepare = 4, AutoPrepareMinUsages = 2, MaxPoolSize = 1 });
        Assert.Equal(1, await DivideAsync(by: 1));
        Assert.Equal(PostgresErrorCodes.DivisionByZero, (await Assert.ThrowsAsync<PostgresException>(() => DivideAsync(by: 0))).SqlState); // by the planner, after the statement was prepared
        Assert.Equal(503, Postgres.ToApiError(await Assert.ThrowsAnyAsync<Exception>(() => DivideAsync(by: 1)))?.Status);
        Assert.Equal(1, await DivideAsync(by: 1)); // by another connection

        async Task<int> DivideAsync(int by)
        {
            await using var command = database.CreateCommand("select 1 / $1");
            command.Parameters.Add(new() { Value = by });
            return (int)(await command.ExecuteScalarAsync())!;
        }
    }

    [Fact]
    public void A_name_that_does_not_resolve_is_an_outage()
    {
        Assert.Equal(503, Postgres.ToApiError(new SocketException((int)SocketError.HostNotFound))?.Status);
        Assert.Null(Postgres.ToApiError(new InvalidOperationException()));
    }
}
