using Microsoft.Extensions.Time.Testing;

namespace Xerotier.ServiceDefaults.Tests;

public sealed class KeyBucketsTests
{
    private readonly FakeTimeProvider time = new();

    [Fact]
    public void All_keys_of_a_project_share_its_bucket()
    {
        var buckets = new KeyBuckets(perKey: 60, perProject: 90, time);
        Assert.Equal(60, buckets.Take("first", "project", 100).Granted);
        var second = buckets.Take("second", "project", 100);
        Assert.Equal((30, 90, 0), (second.Granted, second.Limit, second.Remaining));
        var third = buckets.Take("third", "project");
        Assert.Equal((0, 90, 1), (third.Granted, third.Limit, third.RetryAfterSeconds));
        Assert.Equal(1, buckets.Take("other", "other").Granted);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, buckets.Take("third", "project").Granted);
    }

    [Fact]
    public void The_limit_is_told_of_the_bucket_with_less_left()
    {
        var buckets = new KeyBuckets(perKey: 60, perProject: 90, time);
        Assert.Equal((60, 59), LimitOf(buckets.Take("first", "project")));
        buckets.Take("second", "project", 60);
        Assert.Equal((90, 28), LimitOf(buckets.Take("first", "project")));
        Assert.Equal((60, 0, 1), buckets.Take("second", "project") is var spent ? (spent.Limit, spent.Remaining, spent.RetryAfterSeconds) : default);

        static (int Limit, int Remaining) LimitOf(TokenGrant grant) => (grant.Limit, grant.Remaining);
    }

    [Theory]
    [InlineData(0, 5, "project", 5)]
    [InlineData(5, 0, "project", 5)]
    [InlineData(5, 3, null, 5)] // a platform key has no project
    [InlineData(0, 0, "project", 7)]
    public void Without_a_limit_or_a_project_the_other_bucket_decides(int perKey, int perProject, string? project, int granted) =>
        Assert.Equal(granted, new KeyBuckets(perKey, perProject, time).Take("key", project, 7).Granted);
}
