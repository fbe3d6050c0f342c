using System.Security.Claims;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Xerotier.ServiceDefaults.Tests;

public sealed class InternalAuthTests
{
    private static readonly string Key = Convert.ToBase64String(new byte[32].Select((_, i) => (byte)i).ToArray());
    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero));

    [Fact]
    public void A_callers_token_carries_the_caller()
    {
        var caller = new Caller("key_1", "ops-key", "proj_ABC123", true, ["management", "heartbeat"]);
        var token = new JsonWebTokenHandler().ReadJsonWebToken(Tokens().ForCaller(caller));
        var read = Caller.From(new ClaimsPrincipal(new ClaimsIdentity(token.Claims)));
        Assert.Equal((caller.KeyId, caller.KeyName, caller.ProjectId, caller.PlatformProject), (read.KeyId, read.KeyName, read.ProjectId, read.PlatformProject));
        Assert.Equal(caller.Scopes, read.Scopes);
    }

    [Fact]
    public void A_services_token_is_made_again_after_half_of_its_life()
    {
        var tokens = Tokens();
        var first = tokens.ForService();
        time.Advance((InternalTokens.Lifetime / 2) - TimeSpan.FromSeconds(1));
        Assert.Equal(first, tokens.ForService());
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.NotEqual(first, tokens.ForService());
    }

    [Theory]
    [InlineData("")]
    [InlineData("c2hvcnQ=")]
    [InlineData("not base64 at all, but long enough to be one")]
    public void A_weak_key_ends_the_start(string key)
    {
        Assert.False(InternalAuthOptions.IsStrong(key));
        Assert.True(InternalAuthOptions.IsStrong(Key));
    }

    private InternalTokens Tokens() => new(Options.Create(new InternalAuthOptions { Key = Key }), time, new ServiceIdentity("test", "1"));
}
