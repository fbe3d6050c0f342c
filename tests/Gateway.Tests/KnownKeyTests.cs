using Microsoft.Extensions.Time.Testing;
using Xerotier.Gateway.Keys;

namespace Xerotier.Gateway.Tests;

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
        Assert.Equal("revoked_api_key", known.ErrorAt(DateTimeOffset.UnixEpoch)?.Code);
    }

    [Fact]
    public void A_use_is_put_back_unless_there_was_another_since()
    {
        var known = new KnownKey(Read);
        known.MarkUsed(new(5, TimeSpan.Zero));
        known.PutBackLastUsed(known.TakeLastUsed());
        Assert.Equal(5, known.TakeLastUsed());
        known.MarkUsed(new(7, TimeSpan.Zero));
        known.PutBackLastUsed(5);
        Assert.Equal(7, known.TakeLastUsed());
    }

    [Fact]
    public void A_call_whose_key_is_no_longer_known_ends()
    {
        var known = new KnownKey(Read);
        using var calls = new OpenCalls(new FakeTimeProvider());
        using var call = calls.Open(known);
        calls.EndInvalid();
        Assert.Null(call.Error);
        known.Forget(); // it was dropped between the call's authorisation and its opening
        calls.EndInvalid();
        Assert.Equal("service_unavailable", call.Error?.Code);
        Assert.True(call.Ended.IsCancellationRequested);
    }
}
