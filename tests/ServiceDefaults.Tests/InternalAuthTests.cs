using System.Net;
using System.Security.Claims;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Xerotier.ServiceDefaults.Tests;

public sealed class InternalAuthTests
{
    private static readonly string Old = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
    private static readonly string New = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero));

    [Fact]
    public void A_callers_token_carries_the_caller()
    {
        var caller = new Caller("key_1", "ops-key", "proj_ABC123", true, ["management", "heartbeat"]);
        var token = new JsonWebTokenHandler().ReadJsonWebToken(Tokens(time, Old).ForCaller(caller, "a"));
        var read = Caller.From(new ClaimsPrincipal(new ClaimsIdentity(token.Claims)));
        Assert.Equal((caller.KeyId, caller.KeyName, caller.ProjectId, caller.PlatformProject), (read.KeyId, read.KeyName, read.ProjectId, read.PlatformProject));
        Assert.Equal(caller.Scopes, read.Scopes);
        Assert.Equal("a", Assert.Single(token.Audiences));
        Assert.Equal(16, token.Kid.Length);
    }

    [Fact]
    public void A_services_token_is_made_again_after_half_of_its_life()
    {
        var tokens = Tokens(time, Old);
        var first = tokens.ForService("a");
        time.Advance((InternalTokens.Lifetime / 2) - TimeSpan.FromSeconds(1));
        Assert.Equal(first, tokens.ForService("a"));
        Assert.NotEqual(first, tokens.ForService("b"));
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.NotEqual(first, tokens.ForService("a"));
    }

    [Fact]
    public void Once_a_clock_that_was_ahead_is_set_back_no_request_has_a_token_of_the_future()
    {
        var (tokens, now) = (Tokens(time, Old), time.GetUtcNow());
        time.AdjustTime(now + TimeSpan.FromDays(400));
        var ahead = tokens.ForService("a");
        time.AdjustTime(now);
        Assert.NotEqual(ahead, tokens.ForService("a"));
    }

    [Fact]
    public async Task A_service_takes_only_tokens_that_were_made_for_it()
    {
        await using var service = await StartAsync(Old);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(service, Tokens(TimeProvider.System, Old).ForService("asked")));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(service, Tokens(TimeProvider.System, Old).ForService("other")));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(service, Tokens(TimeProvider.System, New).ForService("asked")));
    }

    [Fact]
    public async Task The_key_is_changed_in_three_steps_without_a_refusal()
    {
        // Each step reaches the services one after the other: every step meets itself and the one before.
        string[][] steps = [[Old], [Old, New], [New, Old], [New]];
        for (var step = 0; step < steps.Length; step++)
        {
            await using var service = await StartAsync(steps[step]);
            foreach (var caller in steps[Math.Max(0, step - 1)..Math.Min(steps.Length, step + 2)])
            {
                Assert.Equal(HttpStatusCode.OK, await AskAsync(service, Tokens(TimeProvider.System, caller).ForService("asked")));
            }
        }

        await using var ended = await StartAsync(New);
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(ended, Tokens(TimeProvider.System, Old).ForService("asked")));
    }

    [Fact]
    public async Task Clocks_may_differ_by_a_minute_and_beyond_it_the_refusal_is_explained()
    {
        await using var service = await StartAsync(Old);
        foreach (var seconds in (int[])[-60, -11, 11, 60])
        {
            Assert.Equal(HttpStatusCode.NoContent, await AskAsync(service, At(seconds).ForService("asked"), ServiceHost.TrustPath));
        }

        await RefusesAsync(At(90).ForService("asked"), "it is valid from ");
        await RefusesAsync(At(-140).ForService("asked"), "it was valid until ");
        await RefusesAsync(At(0).ForService("other"), "it was made for another service.");
        await RefusesAsync(Tokens(TimeProvider.System, New).ForService("asked"), "the key that it names is not in InternalAuth:Keys.");
        await RefusesAsync("not.a.tokenofours", "it is none of ours");
        await RefusesAsync("not.a.tokenofours", "it is none of ours"); // and says it once

        async Task RefusesAsync(string token, string reason)
        {
            Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(service, token, ServiceHost.TrustPath));
            Assert.Single(service.Logged, line => line.Contains("An internal token was refused: " + reason, StringComparison.Ordinal));
            Assert.DoesNotContain(service.Logged, line => line.Contains(token.Split('.')[^1], StringComparison.Ordinal));
        }

        static InternalTokens At(int seconds) => Tokens(new FakeTimeProvider(TimeProvider.System.GetUtcNow().AddSeconds(seconds)), Old);
    }

    [Theory]
    [InlineData("")]
    [InlineData("c2hvcnQ=")]
    [InlineData("not base64 at all, but long enough to be one")]
    public void A_weak_key_ends_the_start(string key)
    {
        Assert.False(InternalAuthOptions.AreStrong([Old, key]));
        Assert.False(InternalAuthOptions.AreStrong([]));
        Assert.True(InternalAuthOptions.AreStrong([Old, New]));
    }

    private static Task<TestService> StartAsync(params string[] keys) => TestService.StartAsync(
        "asked", keys.Select((key, i) => KeyValuePair.Create<string, string?>($"InternalAuth:Keys:{i}", key)).Append(new("HTTP_PORT", "0")).ToDictionary());

    private static async Task<HttpStatusCode> AskAsync(TestService service, string token, string path = "/asked")
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(service.Addresses[0], path)) { Headers = { Authorization = new("Bearer", token) } };
        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        return response.StatusCode;
    }

    private static InternalTokens Tokens(TimeProvider time, params string[] keys) =>
        new(Options.Create(new InternalAuthOptions { Keys = keys }), time, new ServiceIdentity("test", "1"));
}
