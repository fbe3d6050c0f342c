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
    public void A_name_that_does_not_resolve_is_an_outage()
    {
        Assert.Equal(503, Postgres.ToApiError(new SocketException((int)SocketError.HostNotFound))?.Status);
        Assert.Null(Postgres.ToApiError(new InvalidOperationException()));
    }
}
