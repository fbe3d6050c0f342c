using System.Net;
using Xerotier.Gateway.Keys;

namespace Xerotier.Gateway.Tests;

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
        Assert.Null(Key().ErrorAt(now));
        Assert.Equal("revoked_api_key", (Key() with { RevokedAt = now, ExpiresAt = now }).ErrorAt(now)?.Code);
        Assert.Equal("expired_api_key", (Key() with { ExpiresAt = now }).ErrorAt(now)?.Code);
        Assert.Equal("expired_api_key", (Key() with { ValueExpiresAt = now }).ErrorAt(now)?.Code);
        Assert.Null((Key() with { ExpiresAt = now.AddTicks(1), ValueExpiresAt = now.AddTicks(1) }).ErrorAt(now));
    }

    private static ApiKey Key() => new(new byte[32], "key_1", "proj_1", false, "n", ["management"], null, null, null, [], false, 1);
}
