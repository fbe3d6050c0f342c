using System.Runtime.CompilerServices;
using Npgsql;
using Xerotier.TestKit;

[assembly: AssemblyFixture(typeof(Xerotier.Gateway.Tests.PostgresFixture))]

namespace Xerotier.Gateway.Tests;

/// <summary>The Postgres of this test run.</summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    /// <summary>As the Gateway's own process has it (<c>Hosting.CompleteSocketsInline</c>): what blocks there must block here.</summary>
    [ModuleInitializer]
    internal static void CompleteSocketsInline() => Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");

    public TestPostgres Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await TestPostgres.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    /// <summary>The first column of every row of a query, as text.</summary>
    public static async Task<List<string?>> ColumnAsync(string database, string sql)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        var values = new List<string?>();
        while (await reader.ReadAsync())
        {
            values.Add(reader.IsDBNull(0) ? null : reader.GetValue(0).ToString());
        }

        return values;
    }
}
