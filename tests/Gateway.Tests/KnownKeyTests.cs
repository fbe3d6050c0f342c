using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Xerotier.Gateway.Configuration;
using Xerotier.Gateway.Keys;
using Xerotier.Gateway.Limits;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Tests;

public sealed class KnownKeyTests
{
    private static readonly ApiKey Read = new(new byte[32], "key_1", "proj_1", false, "n", ["management"], null, null, null, [], Suspended: false, Version: 10);

    [Fact]
    public void A_newer_reading_counts_and_an_older_one_does_not()
    {
        var known = new KnownKey(Read);
        known.Update(Read with { Name = "older", Version = 9 });
        Assert.Equal("n", known.Key.Name);
        known.Update(Read with { Name = "newer", Version = 11 });
        Assert.Equal("newer", known.Key.Name);
    }

    [Fact]
    public void A_use_is_written_once_a_minute()
    {
        var known = new KnownKey(Read);
        Assert.Null(known.UnwrittenUse);
        var minute = new DateTimeOffset(2026, 5, 22, 14, 2, 0, TimeSpan.Zero);
        known.MarkUsed(minute.AddSeconds(11));
        Assert.Equal(minute, known.UnwrittenUse);
        Assert.Equal(minute, known.UnwrittenUse); // the write failed
        known.MarkWritten(minute);
        known.MarkUsed(minute.AddSeconds(59));
        Assert.Null(known.UnwrittenUse);
        known.MarkUsed(minute.AddSeconds(60));
        Assert.Equal(minute.AddMinutes(1), known.UnwrittenUse);
    }

    [Fact]
    public void A_call_whose_key_is_no_longer_known_ends()
    {
        var known = new KnownKey(Read);
        var time = new FakeTimeProvider();
        using var keys = new KnownKeys(_ => Task.FromResult<ApiKey?>(null), Options.Create(new KeyOptions()), time);
        keys.Apply(new(new("one", 1), 0, []));
        using var calls = new OpenCalls(keys, Options.Create(new GatewayOptions()), time);
        using var call = calls.TryOpen(known)!;
        calls.EndInvalid();
        Assert.Null(call.Error);
        known.Forget(); // it was dropped between the call's authorisation and its opening
        calls.EndInvalid();
        Assert.Equal("service_unavailable", call.Error?.Code);
        Assert.True(call.Ended.IsCancellationRequested);
    }

    [Theory]
    [InlineData(5, 300_000)]
    [InlineData(0, 2_000)] // without a grace it goes on while the database is read
    public void A_call_ends_with_the_time_of_grace(int graceMinutes, int milliseconds)
    {
        var time = new FakeTimeProvider();
        using var keys = new KnownKeys(_ => Task.FromResult<ApiKey?>(null), Options.Create(new KeyOptions { GraceMinutes = graceMinutes }), time);
        keys.Apply(new(new("one", 1), 0, []));
        using var calls = new OpenCalls(keys, Options.Create(new GatewayOptions()), time);
        using var call = calls.TryOpen(new KnownKey(Read))!;
        time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        calls.EndInvalid();
        Assert.Null(call.Error);
        time.Advance(TimeSpan.FromTicks(1));
        calls.EndInvalid();
        Assert.Equal("service_unavailable", call.Error?.Code);
    }

    [Fact]
    public async Task One_wrong_key_that_is_sent_again_and_again_keeps_no_valid_key_of_its_client_out()
    {
        var (wrong, valid) = (ApiKeyValue.Create("demo"), ApiKeyValue.Create("demo"));
        using var keys = new KnownKeys(
            hash => Task.FromResult<ApiKey?>(hash.AsSpan().SequenceEqual(ApiKeyValue.Hash(valid)) ? Read with { Hash = hash } : null), Options.Create(new KeyOptions()), TimeProvider.System);
        keys.Apply(new(new("one", 1), 0, []));
        var authorization = new KeyAuthorization(keys, Limits(unknownKeys: 2), TimeProvider.System);
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal("invalid_api_key", (await AuthorizeAsync(authorization, wrong))?.Code);
        }

        Assert.Null(await AuthorizeAsync(authorization, valid));
    }

    [Fact]
    public async Task A_key_that_another_request_looks_up_meanwhile_is_found()
    {
        var value = ApiKeyValue.Create("demo");
        var hash = ApiKeyValue.Hash(value);
        using var keys = new KnownKeys(_ => Task.FromResult<ApiKey?>(Read with { Hash = hash }), Options.Create(new KeyOptions()), TimeProvider.System);
        keys.Apply(new(new("one", 1), 0, []));
        var limits = new RateLimits(Options.Create(new RateLimitOptions()), new BusyTime(() => Assert.True(keys.LookUpAsync(hash, CancellationToken.None).IsCompletedSuccessfully)));
        Assert.Null(keys.Find(hash));

        var context = new DefaultHttpContext { Request = { Headers = { Authorization = $"Bearer {value}" } } };
        var (key, error) = await new KeyAuthorization(keys, limits, TimeProvider.System)
            .AuthorizeAsync(context, new(null, Access.Project, new("any"), Read.ProjectId, null, null), new(IPAddress.Loopback));
        Assert.Null(error);
        Assert.Same(keys.Find(hash), key);
    }

    [Fact]
    public async Task A_valid_key_that_many_requests_bring_at_once_is_looked_up_once_and_none_is_refused()
    {
        var (value, looks) = (ApiKeyValue.Create("demo"), 0);
        var found = new TaskCompletionSource<ApiKey?>();
        using var keys = new KnownKeys(_ => { looks++; return found.Task; }, Options.Create(new KeyOptions()), TimeProvider.System);
        keys.Apply(new(new("one", 1), 0, []));
        var authorization = new KeyAuthorization(keys, Limits(), TimeProvider.System);
        var requests = Enumerable.Range(0, 100).Select(_ => AuthorizeAsync(authorization, value)).ToList();
        found.SetResult(Read with { Hash = ApiKeyValue.Hash(value) });
        Assert.All(await Task.WhenAll(requests), Assert.Null);
        Assert.Equal(1, looks);
    }

    [Fact]
    public async Task Keys_that_could_not_be_looked_up_do_not_use_up_what_their_client_may_ask()
    {
        var away = true;
        using var keys = new KnownKeys(hash => away ? throw new TimeoutException() : Task.FromResult<ApiKey?>(Read with { Hash = hash }), Options.Create(new KeyOptions()), TimeProvider.System);
        keys.Apply(new(new("one", 1), 0, []));
        var authorization = new KeyAuthorization(keys, Limits(), TimeProvider.System);
        for (var i = 0; i < 3; i++)
        {
            await Assert.ThrowsAsync<ApiException>(() => AuthorizeAsync(authorization, ApiKeyValue.Create("demo")));
        }

        away = false;
        Assert.Null(await AuthorizeAsync(authorization, ApiKeyValue.Create("demo")));
    }

    /// <summary>So many unknown keys per client, and no other limit.</summary>
    private static RateLimits Limits(int unknownKeys = 1) => new(Options.Create(new RateLimitOptions { UnknownKeysPerMinute = unknownKeys, PublicPerMinute = 0, KeyPerMinute = 0, ProjectPerMinute = 0 }), TimeProvider.System);

    private static async Task<ApiError?> AuthorizeAsync(KeyAuthorization authorization, string key)
    {
        var context = new DefaultHttpContext { Request = { Headers = { Authorization = $"Bearer {key}" } } };
        return (await authorization.AuthorizeAsync(context, new(null, Access.Project, new("any"), Read.ProjectId, null, null), new(IPAddress.Loopback))).Error;
    }

    /// <summary>A clock that lets something happen while it is asked.</summary>
    private sealed class BusyTime(Action meanwhile) : TimeProvider
    {
        public override long GetTimestamp()
        {
            meanwhile();
            return base.GetTimestamp();
        }
    }
}
