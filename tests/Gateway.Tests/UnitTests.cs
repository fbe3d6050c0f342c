using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Xerotier.Gateway.Keys;
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

public sealed class ClientAddressTests
{
    [Theory]
    [InlineData("192.0.2.1", "10.0.0.1", "192.0.2.1")] // not trusted: what it says does not count
    [InlineData("10.0.0.9", "203.0.113.7", "203.0.113.7")]
    [InlineData("10.0.0.9", "1.1.1.1, 203.0.113.7", "203.0.113.7")] // the first one anyone could have written
    [InlineData("10.0.0.9", "203.0.113.7, 10.0.0.8", "203.0.113.7")]
    [InlineData("10.0.0.9", "203.0.113.7:4711", "203.0.113.7")]
    [InlineData("10.0.0.9", "[2001:db8::7]:4711", "2001:db8::7")]
    [InlineData("10.0.0.9", "2001:db8::7", "2001:db8::7")]
    [InlineData("10.0.0.9", "rubbish", "10.0.0.9")]
    [InlineData("10.0.0.9", "203.0.113.7, rubbish", "10.0.0.9")]
    [InlineData("10.0.0.9", "1", "10.0.0.9")]
    [InlineData("10.0.0.9", "", "10.0.0.9")]
    [InlineData("::ffff:10.0.0.9", "::ffff:203.0.113.7", "203.0.113.7")]
    public void The_client_is_whom_the_last_trusted_proxy_heard(string peer, string forwarded, string expected)
    {
        var addresses = new ClientAddresses(Options.Create(new GatewayOptions { TrustedProxies = ["10.0.0.0/8"] }));
        var context = new DefaultHttpContext { Connection = { RemoteIpAddress = IPAddress.Parse(peer) } };
        context.Request.Headers["X-Forwarded-For"] = forwarded;
        Assert.Equal(IPAddress.Parse(expected), addresses.Of(context).Address);
    }

    [Fact]
    public void An_IPv6_client_is_its_64_and_an_IPv4_client_itself()
    {
        static UInt128 Network(string text) => new ClientAddress(IPAddress.Parse(text)).Network;
        Assert.Equal(Network("2001:db8:1:2::1"), Network("2001:db8:1:2:ffff::9"));
        Assert.NotEqual(Network("2001:db8:1:2::1"), Network("2001:db8:1:3::1"));
        Assert.NotEqual(Network("192.0.2.1"), Network("192.0.2.2"));
        Assert.NotEqual(Network("0.0.0.1"), Network("::1"));
    }
}

public sealed class PathTests
{
    [Theory]
    [InlineData("/status", "/status")]
    [InlineData("/status?a=/b", "/status")]
    [InlineData("", "/")] // HTTP/2's CONNECT
    [InlineData("?", "/")]
    [InlineData("*", "*")]
    [InlineData("host:443", "host:443")]
    [InlineData("http://h", "/")]
    [InlineData("http://h/", "/")]
    [InlineData("http://h/a/b?c=/d", "/a/b")]
    [InlineData("http://h?x=/proj_A123/v1/management/keys", "/")]
    [InlineData("h?x=://y/proj_A123/v1/management/keys", "h")]
    [InlineData("/a?x=http://h/proj_A123/v1/management/keys", "/a")]
    [InlineData("http://", "/")]
    public void The_path_is_what_stands_between_the_authority_and_the_query(string target, string expected) =>
        Assert.Equal(expected, Pipeline.PathAsSent(target, path: null));
}

public sealed class KnownKeyTests
{
    private static readonly ApiKey Read = new(new byte[32], "key_1", "proj_1", false, "n", ["management"], null, null, null, [], ChangedBy: 10);

    [Fact]
    public void A_newer_reading_counts_and_an_older_one_does_not()
    {
        var known = new KnownKey(Read);
        known.Update(Read with { Name = "older", ChangedBy = 9 });
        Assert.Equal("n", known.Key.Name);
        known.Update(Read with { Name = "newer", ChangedBy = 11 });
        Assert.Equal("newer", known.Key.Name);
    }

    [Fact]
    public void A_revocation_counts_whatever_its_number()
    {
        var known = new KnownKey(Read);
        known.Update(Read with { RevokedAt = DateTimeOffset.UnixEpoch, ChangedBy = 9 });
        Assert.Equal("revoked_api_key", known.Fault(DateTimeOffset.UnixEpoch)?.Code);
    }

    [Fact]
    public void A_use_is_put_back_unless_there_was_another_since()
    {
        var known = new KnownKey(Read);
        known.Used(new(5, TimeSpan.Zero));
        known.PutBackLastUsed(known.TakeLastUsed());
        Assert.Equal(5, known.TakeLastUsed());
        known.Used(new(7, TimeSpan.Zero));
        known.PutBackLastUsed(5);
        Assert.Equal(7, known.TakeLastUsed());
    }

    [Fact]
    public void A_call_whose_key_is_no_longer_known_ends()
    {
        var known = new KnownKey(Read);
        using var calls = new OpenCalls(new FakeTimeProvider());
        using var call = calls.Open(known);
        calls.EndFaulty();
        Assert.Null(call.Fault);
        known.Forget(); // it was dropped between the call's authorisation and its opening
        calls.EndFaulty();
        Assert.Equal("service_unavailable", call.Fault?.Code);
        Assert.True(call.Ended.IsCancellationRequested);
    }
}

public sealed class ApiKeyTests
{
    [Fact]
    public void A_value_names_its_project_and_carries_256_bits()
    {
        var values = Enumerable.Range(0, 100).Select(_ => ApiKeyValue.Create("demo-1")).ToList();
        Assert.Equal(100, values.Distinct().Count());
        Assert.All(values, value =>
        {
            Assert.Matches("^xero_demo-1_[A-Za-z0-9_-]{43}$", value);
            Assert.True(ApiKeyValue.IsWellFormed(value));
            Assert.False(ApiKeyValue.IsPlatform(value));
        });
        Assert.True(ApiKeyValue.IsPlatform(ApiKeyValue.Create("platform")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("xero_")]
    [InlineData("xero__aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("xero_demo_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("xero_demo_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa+")]
    [InlineData("xero_Demo_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("xero_de mo_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("XERO_demo_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("xero_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("xero_demo_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaé")]
    public void What_is_not_a_key_is_never_looked_up(string value) => Assert.False(ApiKeyValue.IsWellFormed(value));

    [Fact]
    public void A_key_may_be_used_from_its_networks_only()
    {
        var key = Key() with { AllowedIps = [IPNetwork.Parse("192.0.2.0/24"), IPNetwork.Parse("2001:db8::/32")] };
        Assert.True(key.Allows(IPAddress.Parse("192.0.2.255")));
        Assert.True(key.Allows(IPAddress.Parse("2001:db8::1")));
        Assert.False(key.Allows(IPAddress.Parse("192.0.3.0")));
        Assert.False(key.Allows(IPAddress.Parse("2001:db9::1")));
        Assert.True(Key().Allows(IPAddress.Parse("192.0.3.0")));
    }

    [Fact]
    public void A_key_ends_by_revocation_expiry_or_rotation()
    {
        var now = DateTimeOffset.UnixEpoch;
        Assert.Null(Key().Fault(now));
        Assert.Equal("revoked_api_key", (Key() with { RevokedAt = now, ExpiresAt = now }).Fault(now)?.Code);
        Assert.Equal("expired_api_key", (Key() with { ExpiresAt = now }).Fault(now)?.Code);
        Assert.Equal("expired_api_key", (Key() with { ValueExpiresAt = now }).Fault(now)?.Code);
        Assert.Null((Key() with { ExpiresAt = now.AddTicks(1), ValueExpiresAt = now.AddTicks(1) }).Fault(now));
    }

    private static ApiKey Key() => new(new byte[32], "key_1", "proj_1", false, "n", ["management"], null, null, null, [], 1);
}

/// <summary>Fairness between connections on one thread.</summary>
public sealed class TurnsTests
{
    [Fact]
    public void A_connection_that_keeps_asking_gives_way_after_two_requests_and_another_one_in_between_starts_its_count_anew()
    {
        var (busy, other) = (new string('a', 2), new string('b', 2));
        Assert.Equal([false, false, true, false, false, true], Enumerable.Range(0, 6).Select(_ => Turns.IsOver(busy)));
        Assert.False(Turns.IsOver(busy));
        Assert.False(Turns.IsOver(other));
        Assert.Equal([false, false, true], Enumerable.Range(0, 3).Select(_ => Turns.IsOver(busy)));
    }
}
