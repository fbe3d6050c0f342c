using Xerotier.HealthCollector.Fleet;
using Xerotier.TestKit;

namespace Xerotier.HealthCollector.Tests;

public sealed class LayersTests
{
    [Fact]
    public void Ingest_and_Queries_use_Fleet_and_not_each_other()
    {
        const string Fleet = "Xerotier.HealthCollector.Fleet", Ingest = "Xerotier.HealthCollector.Ingest", Queries = "Xerotier.HealthCollector.Queries";
        var assembly = typeof(FleetStore).Assembly;
        Assert.Empty(NamespaceDirection.Violations(assembly, Fleet, Ingest, Queries));
        Assert.Empty(NamespaceDirection.Violations(assembly, Fleet, Queries, Ingest));
    }
}
