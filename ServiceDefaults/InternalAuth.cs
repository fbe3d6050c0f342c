using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Xerotier.ServiceDefaults;

/// <summary>Who may call a service: the Gateway on a caller's behalf, or another service. Section <c>InternalAuth</c>.</summary>
public sealed class InternalAuthOptions
{
    /// <summary>The signing key that all services of a cluster share: base64 of at least 32 random bytes. Required, no default.</summary>
    [Required]
    public string Key { get; set; } = "";

    internal SymmetricSecurityKey SigningKey => new(Convert.FromBase64String(Key));

    internal static bool IsStrong(string key) => Convert.TryFromBase64String(key, new byte[key.Length], out var length) && length >= 32;
}

/// <summary>The holder of a checked API key, as the Gateway vouches for it.</summary>
/// <param name="KeyId">Id of the key, <c>key_…</c>.</param>
/// <param name="KeyName">Name of the key; becomes <c>created_by</c>.</param>
/// <param name="ProjectId">The key's project, or <see cref="Platform"/> for a platform key.</param>
/// <param name="PlatformProject">The project is one that the platform's own operators use.</param>
/// <param name="Scopes">What the key may do.</param>
public sealed record Caller(string KeyId, string KeyName, string ProjectId, bool PlatformProject, IReadOnlyList<string> Scopes)
{
    /// <summary>Project id of platform keys.</summary>
    public const string Platform = "platform";

    /// <summary>The caller that the request's internal token names.</summary>
    /// <exception cref="InvalidOperationException">The request carries no caller's token: its route lacks a policy.</exception>
    public static Caller From(ClaimsPrincipal user) => new(
        Claim(user, JwtRegisteredClaimNames.Sub),
        Claim(user, JwtRegisteredClaimNames.Name),
        Claim(user, InternalTokens.ProjectClaim),
        user.HasClaim(InternalTokens.PlatformProjectClaim, "true"),
        Claim(user, InternalTokens.ScopeClaim).Split(' '));

    private static string Claim(ClaimsPrincipal user, string type) =>
        user.FindFirst(type)?.Value ?? throw new InvalidOperationException($"The internal token has no claim '{type}'.");
}

/// <summary>Scopes of API keys (product.md section 2), and the one of services.</summary>
public static class Scopes
{
    /// <summary>Windows and keys of the project.</summary>
    public const string Management = "management";

    /// <summary>Inference; here it only reads the dashboard.</summary>
    public const string Inference = "inference";

    /// <summary>Heartbeats of private agents.</summary>
    public const string Heartbeat = "heartbeat";

    /// <summary>Projects, first keys, and heartbeats of routers and shared agents.</summary>
    public const string Platform = "platform";

    /// <summary>Held by services only, never by a key.</summary>
    public const string Service = "service";
}

/// <summary>Names of the authorisation policies that a route group can require. The fallback policy refuses whatever names none.</summary>
public static class Policies
{
    /// <summary>A key of the route's <c>{projectId}</c>, any scope.</summary>
    public const string Project = "project";

    /// <summary>A key of the route's <c>{projectId}</c> with scope <c>management</c>.</summary>
    public const string Management = "management";

    /// <summary>A key with scope <c>heartbeat</c> or <c>platform</c>.</summary>
    public const string Heartbeats = "heartbeats";

    /// <summary>Another service of this cluster.</summary>
    public const string Service = "service";
}

/// <summary>Issues and describes the short-lived signed tokens between services (design.md, Internal trust).</summary>
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

internal static class InternalAuthExtensions
{
    public static void AddInternalTokens(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<InternalAuthOptions>()
            .Bind(configuration.GetSection("InternalAuth"))
            .Validate(o => InternalAuthOptions.IsStrong(o.Key), "InternalAuth:Key must be base64 of at least 32 bytes.")
            .ValidateOnStart();
        services.AddSingleton<InternalTokens>();
    }

    public static void AddInternalAuth(this IServiceCollection services)
    {
        services.AddSingleton<CachingTokenHandler>();

        // Not AddAuthentication(): that also brings data protection, whose key ring on disk nothing here uses.
        services.AddAuthenticationCore(authentication =>
        {
            authentication.DefaultScheme = JwtBearerDefaults.AuthenticationScheme;
            authentication.AddScheme<JwtBearerHandler>(JwtBearerDefaults.AuthenticationScheme, null);
        });
        services.AddTransient<JwtBearerHandler>();
        services.AddWebEncoders();
        services.AddOptions<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme)
            .Configure<IOptions<InternalAuthOptions>, TimeProvider, CachingTokenHandler>((jwt, auth, time, tokens) =>
            {
                jwt.MapInboundClaims = false;
                jwt.TimeProvider = time;
                jwt.TokenValidationParameters = new TokenValidationParameters
                {
                    ValidIssuer = InternalTokens.Issuer,
                    ValidAudience = InternalTokens.Issuer,
                    IssuerSigningKey = auth.Value.SigningKey,
                    ValidAlgorithms = [SecurityAlgorithms.HmacSha256],
                    ClockSkew = TimeSpan.FromSeconds(10),
                };
                jwt.TokenHandlers.Clear();
                jwt.TokenHandlers.Add(tokens);
            });

        services.AddAuthorizationBuilder()
            .SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAssertion(_ => false).Build())
            .AddPolicy(Policies.Project, p => p.RequireAssertion(IsRoutesProject))
            .AddPolicy(Policies.Management, p => p.RequireAssertion(c => IsRoutesProject(c) && HasScope(c, Scopes.Management)))
            .AddPolicy(Policies.Heartbeats, p => p.RequireAssertion(c => HasScope(c, Scopes.Heartbeat) || HasScope(c, Scopes.Platform)))
            .AddPolicy(Policies.Service, p => p.RequireAssertion(c => HasScope(c, Scopes.Service)));
    }

    private static bool IsRoutesProject(AuthorizationHandlerContext context) =>
        context.Resource is Microsoft.AspNetCore.Http.HttpContext http
        && http.Request.RouteValues.TryGetValue("projectId", out var project)
        && project is string id
        && id.StartsWith("proj_", StringComparison.Ordinal)
        && context.User.HasClaim(InternalTokens.ProjectClaim, id);

    private static bool HasScope(AuthorizationHandlerContext context, string scope) =>
        context.User.FindFirst(InternalTokens.ScopeClaim)?.Value is { } scopes
        && scopes.Split(' ').Contains(scope, StringComparer.Ordinal);
}

/// <summary>Remembers tokens that were found valid until they expire: the Gateway sends the same one for a minute, and checking it costs more than some requests.</summary>
internal sealed class CachingTokenHandler : TokenHandler, IDisposable
{
    private static readonly TimeSpan Remembered = TimeSpan.FromSeconds(10);
    private readonly JsonWebTokenHandler inner = new() { MapInboundClaims = false };
    private readonly MemoryCache valid = new(new MemoryCacheOptions { SizeLimit = 10_000 });

    public void Dispose() => valid.Dispose();

    public override SecurityToken ReadToken(string token) => inner.ReadToken(token);

    public override async Task<TokenValidationResult> ValidateTokenAsync(string token, TokenValidationParameters validationParameters)
    {
        if (valid.TryGetValue(token, out TokenValidationResult? known) && known is not null)
        {
            return known;
        }

        var result = await inner.ValidateTokenAsync(token, validationParameters);
        if (result.IsValid)
        {
            // A token may outlive its expiry by this much at most; the clock skew already grants as much.
            valid.Set(token, result, new MemoryCacheEntryOptions { Size = 1, AbsoluteExpirationRelativeToNow = Remembered });
        }

        return result;
    }
}

/// <summary>Sends this service's own token with every gRPC call, and a deadline with every unary one that has none.</summary>
/// <param name="tokens">Issues the token.</param>
/// <param name="time">The clock of deadlines.</param>
public sealed class ServiceCallInterceptor(InternalTokens tokens, TimeProvider time) : Interceptor
{
    /// <summary>Deadline of a unary call that names none.</summary>
    public static readonly TimeSpan DefaultDeadline = TimeSpan.FromSeconds(2);

    /// <inheritdoc/>
    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation) =>
        continuation(request, With(context, context.Options.Deadline ?? (time.GetUtcNow() + DefaultDeadline).UtcDateTime));

    /// <inheritdoc/>
    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncServerStreamingCallContinuation<TRequest, TResponse> continuation) =>
        continuation(request, With(context, context.Options.Deadline));

    /// <inheritdoc/>
    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context, AsyncDuplexStreamingCallContinuation<TRequest, TResponse> continuation) =>
        continuation(With(context, context.Options.Deadline));

    private ClientInterceptorContext<TRequest, TResponse> With<TRequest, TResponse>(ClientInterceptorContext<TRequest, TResponse> context, DateTime? deadline)
        where TRequest : class
        where TResponse : class
    {
        var headers = new Metadata();
        foreach (var entry in context.Options.Headers ?? [])
        {
            headers.Add(entry);
        }

        headers.Add("authorization", $"Bearer {tokens.ForService()}");
        var options = context.Options.WithHeaders(headers);
        return new(context.Method, context.Host, deadline is { } d ? options.WithDeadline(d) : options);
    }
}
