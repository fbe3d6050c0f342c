using Xerotier.TestKit;

[assembly: AssemblyFixture(typeof(Xerotier.NotificationService.Tests.PostgresFixture))]

namespace Xerotier.NotificationService.Tests;

/// <summary>The Postgres of this test run.</summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    public TestPostgres Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await TestPostgres.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
