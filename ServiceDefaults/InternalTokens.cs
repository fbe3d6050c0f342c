using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Xerotier.ServiceDefaults;

/// <summary>Issues and describes the short-lived signed tokens between services, each for one service alone.</summary>
public sealed class InternalTokens(IOptions<InternalAuthOptions> options, TimeProvider time, ServiceIdentity identity)
{
    internal const string Issuer = "xerotier";
    internal const string ProjectClaim = "project";
    internal const string PlatformProjectClaim = "platform_project";
    internal const string ScopeClaim = "scope";

    /// <summary>How long a token is valid.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(2);

    /// <summary>How far the clock of a service may be behind ours: a token is valid from this long before it is made.</summary>
    private static readonly TimeSpan Backdated = TimeSpan.FromMinutes(1);

    private readonly JsonWebTokenHandler handler = new() { SetDefaultTimesOnTokenCreation = false };
    private readonly SigningCredentials credentials = new(options.Value.SecurityKeys[0], SecurityAlgorithms.HmacSha256);
    private readonly ConcurrentDictionary<(string Service, string Scope), CachedToken> made = new(); // two for each service at most

    /// <summary>A token that speaks for <paramref name="caller"/> to <paramref name="service"/>, valid for <see cref="Lifetime"/>; callers cache it as a <see cref="CachedToken"/>.</summary>
    public string ForCaller(Caller caller, string service) => Create(caller.KeyId, service, new Dictionary<string, object>
    {
        [JwtRegisteredClaimNames.Name] = caller.KeyName,
        [ProjectClaim] = caller.ProjectId,
        [PlatformProjectClaim] = caller.PlatformProject ? "true" : "false",
        [ScopeClaim] = string.Join(' ', caller.Scopes),
    });

    /// <summary>A token that speaks for this service itself to <paramref name="service"/>.</summary>
    public string ForService(string service) => Cached(service, Scopes.Service);

    /// <summary>A token that speaks for anybody to <paramref name="service"/>: it opens what needs no key, and nothing else.</summary>
    public string ForPublic(string service) => Cached(service, Scopes.Public);

    /// <summary>The subject of a service's own tokens.</summary>
    internal static string SubjectOf(string service) => $"service:{service}";

    private string Cached(string service, string scope)
    {
        var now = time.GetUtcNow();
        if (!made.TryGetValue((service, scope), out var cached) || !cached.IsFresh(now))
        {
            made[(service, scope)] = cached = new CachedToken(
                Create(SubjectOf(identity.Name), service, new Dictionary<string, object> { [ScopeClaim] = scope }), now);
        }

        return cached.Value;
    }

    private string Create(string subject, string audience, Dictionary<string, object> claims)
    {
        claims[JwtRegisteredClaimNames.Sub] = subject;
        var now = time.GetUtcNow().UtcDateTime;
        return handler.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Issuer,
            Audience = audience,
            Claims = claims,
            IssuedAt = now,
            NotBefore = now - Backdated,
            Expires = now + Lifetime,
            SigningCredentials = credentials,
        });
    }
}

/// <summary>A token, or a header with one, that many requests share.</summary>
/// <param name="Value">The token.</param>
/// <param name="MadeAt">When it was made, by this service's clock.</param>
public sealed record CachedToken(string Value, DateTimeOffset MadeAt)
{
    /// <summary>Whether requests may still have it: for half of its lifetime, and not once the clock was set back, since others refuse a token of the future.</summary>
    public bool IsFresh(DateTimeOffset now) => now >= MadeAt && now - MadeAt < InternalTokens.Lifetime / 2;
}
