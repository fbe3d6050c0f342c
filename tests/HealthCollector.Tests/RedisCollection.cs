namespace Xerotier.HealthCollector.Tests;

[CollectionDefinition("redis")]
public sealed class RedisCollection : ICollectionFixture<RedisFixture>;
