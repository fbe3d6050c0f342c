using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Xerotier.ServiceDefaults;

/// <summary>Issues and describes the short-lived signed tokens between services.</summary>
public sealed class InternalTokens(IOptions<InternalAuthOptions> options, TimeProvider time, ServiceIdentity identity)
{
    internal const string Issuer = "xerotier";
    internal const string ProjectClaim = "project";
    internal const string PlatformProjectClaim = "platform_project";
    internal const string ScopeClaim = "scope";

    /// <summary>How long a token is valid.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(2);

    private readonly JsonWebTokenHandler handler = new() { SetDefaultTimesOnTokenCreation = false };
    private readonly SigningCredentials credentials = new(options.Value.SigningKey, SecurityAlgorithms.HmacSha256);
    private volatile CachedToken? service;

    /// <summary>A token that speaks for <paramref name="caller"/>, valid for <see cref="Lifetime"/>; callers cache it for half of that.</summary>
    public string ForCaller(Caller caller) => Create(caller.KeyId, new Dictionary<string, object>
    {
        [JwtRegisteredClaimNames.Name] = caller.KeyName,
        [ProjectClaim] = caller.ProjectId,
        [PlatformProjectClaim] = caller.PlatformProject ? "true" : "false",
        [ScopeClaim] = string.Join(' ', caller.Scopes),
    });

    /// <summary>A token that speaks for this service itself.</summary>
    public string ForService()
    {
        var now = time.GetUtcNow();
        var cached = service;
        if (cached is null || cached.RenewAt <= now)
        {
            service = cached = new CachedToken(
                Create($"service:{identity.Name}", new Dictionary<string, object> { [ScopeClaim] = Scopes.Service }),
                now + (Lifetime / 2));
        }

        return cached.Value;
    }

    private string Create(string subject, Dictionary<string, object> claims)
    {
        claims[JwtRegisteredClaimNames.Sub] = subject;
        var now = time.GetUtcNow().UtcDateTime;
        return handler.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Issuer,
            Audience = Issuer,
            Claims = claims,
            IssuedAt = now,
            NotBefore = now,
            Expires = now + Lifetime,
            SigningCredentials = credentials,
        });
    }

    private sealed record CachedToken(string Value, DateTimeOffset RenewAt);
}
