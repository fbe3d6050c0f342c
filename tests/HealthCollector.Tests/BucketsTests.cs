using Xerotier.HealthCollector.Fleet;

namespace Xerotier.HealthCollector.Tests;

public sealed class BucketsTests
{
    /// <summary>Collectors of all releases find a sender in the same bucket; who changes this changes the layout.</summary>
    [Fact]
    public void An_id_is_in_the_same_bucket_for_ever() =>
        Assert.Equal([32, 1, 48, 4, 23], new[] { "proj_ABC123", "r1", "a1", "router-us-east-1", "" }.Select(Buckets.Of));

    [Theory]
    [InlineData("proj_{0:X12}")]
    [InlineData("agent-{0}")]
    [InlineData("{0:0000000}.eu-west:1")]
    public void Ids_are_spread_evenly(string format)
    {
        var buckets = Enumerable.Range(0, 64_000).CountBy(i => Buckets.Of(string.Format(null, format, i))).ToDictionary();
        Assert.Equal(Buckets.Count, buckets.Count);
        Assert.All(buckets.Values, count => Assert.InRange(count, 850, 1150));
    }
}
