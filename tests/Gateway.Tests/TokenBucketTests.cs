using Microsoft.Extensions.Time.Testing;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Tests;

public sealed class TokenBucketTests
{
    private readonly FakeTimeProvider time = new();

    [Fact]
    public void A_bucket_holds_a_minutes_worth_and_refills_evenly()
    {
        var buckets = new TokenBuckets<string>(60, time);
        for (var left = 59; left >= 0; left--)
        {
            var grant = buckets.Take("a");
            Assert.Equal((1, 60, left, 60 - left, 0), (grant.Granted, grant.Limit, grant.Remaining, grant.ResetSeconds, grant.RetryAfterSeconds));
        }

        Assert.Equal(new TokenGrant(0, 60, 0, 60, 1), buckets.Take("a"));
        Assert.Equal(1, buckets.Take("b").Granted);
        time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.Equal(0, buckets.Take("a").Granted);
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, buckets.Take("a").Granted);
        Assert.Equal(0, buckets.Take("a").Granted);
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(59, buckets.Take("a").Remaining);
    }

    [Fact]
    public void A_slow_bucket_says_how_long_it_takes()
    {
        var buckets = new TokenBuckets<int>(2, time);
        buckets.Take(1);
        buckets.Take(1);
        Assert.Equal(30, buckets.Take(1).RetryAfterSeconds);
        time.Advance(TimeSpan.FromSeconds(10.5));
        Assert.Equal(20, buckets.Take(1).RetryAfterSeconds);
    }

    [Fact]
    public void Several_tokens_are_taken_as_far_as_they_go()
    {
        var buckets = new TokenBuckets<int>(100, time);
        Assert.Equal(70, buckets.Take(1, 70).Granted);
        Assert.Equal(30, buckets.Take(1, 70).Granted);
        Assert.Equal(0, buckets.Take(1, 70).Granted);
        Assert.Equal(0, buckets.Take(1, 0).RetryAfterSeconds);
    }

    [Fact]
    public void Zero_is_no_limit()
    {
        var buckets = new TokenBuckets<int>(0, time);
        Assert.Equal(1_000_000, buckets.Take(1, 1_000_000).Granted);
        Assert.Equal(0, buckets.Count);
    }

    [Fact]
    public void The_table_is_bounded_and_forgets_full_buckets_first()
    {
        var buckets = new TokenBuckets<int>(10, time, maxKeys: 1000);
        for (var key = 0; key < 900; key++)
        {
            buckets.Take(key);
        }

        time.Advance(TimeSpan.FromMinutes(1)); // those are full again
        for (var key = 900; key < 990; key++)
        {
            buckets.Take(key, 10);
        }

        for (var key = 2000; key < 2100; key++)
        {
            buckets.Take(key, 10);
        }

        Assert.InRange(buckets.Count, 100, 1000);
        Assert.All(Enumerable.Range(900, 90), key => Assert.Equal(0, buckets.Take(key).Granted));
        for (var key = 10_000; key < 50_000; key++)
        {
            buckets.Take(key, 10); // none of them full: the bound holds all the same
        }

        Assert.InRange(buckets.Count, 1, 1000);
    }

    [Fact]
    public void No_more_is_granted_than_there_is_however_many_ask_at_once()
    {
        var buckets = new TokenBuckets<int>(1000, time);
        var granted = 0;
        Parallel.For(0, 20_000, _ => Interlocked.Add(ref granted, buckets.Take(7).Granted));
        Assert.Equal(1000, granted);
    }
}
