using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Xerotier.Gateway.Configuration;
using Xerotier.Gateway.Keys;

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
        using var calls = new OpenCalls(Options.Create(new GatewayOptions()), new FakeTimeProvider());
        using var call = calls.TryOpen(known)!;
        calls.EndInvalid();
        Assert.Null(call.Error);
        known.Forget(); // it was dropped between the call's authorisation and its opening
        calls.EndInvalid();
        Assert.Equal("service_unavailable", call.Error?.Code);
        Assert.True(call.Ended.IsCancellationRequested);
    }
}
