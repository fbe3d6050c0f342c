namespace Xerotier.HealthCollector.Tests;

[CollectionDefinition("redis")]
public sealed class RedisCollection : ICollectionFixture<RedisFixture>;

/// <summary>Tests that break a Redis of their own and look at this process's memory: nothing else runs beside them.</summary>
[CollectionDefinition("outages", DisableParallelization = true)]
public sealed class OutageCollection;
