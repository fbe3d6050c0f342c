using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace Xerotier.ServiceDefaults;

/// <summary>Registers the trust between services: tokens, their check, and the policies.</summary>
internal static class InternalAuth
{
    public static void AddInternalTokens(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<InternalAuthOptions>()
            .Bind(configuration.GetSection("InternalAuth"))
            .Validate(o => InternalAuthOptions.AreStrong(o.Keys), "InternalAuth:Keys must be 1 to 8 keys, each base64 of at least 32 bytes.")
            .ValidateOnStart();
        services.AddSingleton<InternalTokens>();
        services.AddSingleton<RefusedTokens>();
        services.AddOptions<InternalTlsOptions>()
            .Bind(configuration.GetSection("InternalTls"))
            .Validate(o => InternalTlsOptions.IsReadable(o.CaFile), "InternalTls:CaFile must be a PEM file with certificates.")
            .ValidateOnStart();
        services.AddSingleton<InternalTls>();
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
            .Configure<IOptions<InternalAuthOptions>, ServiceIdentity, TimeProvider, CachingTokenHandler, RefusedTokens>((jwt, auth, identity, time, tokens, refused) =>
            {
                jwt.MapInboundClaims = false;
                jwt.TimeProvider = time;
                jwt.TokenValidationParameters = Validation(auth.Value, identity);
                jwt.Events = new()
                {
                    OnAuthenticationFailed = failed =>
                    {
                        refused.Report(failed.Exception);
                        return Task.CompletedTask;
                    },
                };
                jwt.TokenHandlers.Clear();
                jwt.TokenHandlers.Add(tokens);
            });

        services.AddAuthorizationBuilder()
            .SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAssertion(_ => false).Build())
            .AddPolicy(Policies.Project, p => p.RequireAssertion(IsRoutesProject))
            .AddPolicy(Policies.Management, p => p.RequireAssertion(c => IsRoutesProject(c) && HasScope(c, Scopes.Management)))
            .AddPolicy(Policies.Heartbeats, p => p.RequireAssertion(c => HasScope(c, Scopes.Heartbeat) || HasScope(c, Scopes.Platform)))
            .AddPolicy(Policies.Platform, p => p.RequireAssertion(c => HasScope(c, Scopes.Platform)))
            .AddPolicy(Policies.Service, p => p.RequireAssertion(c => HasScope(c, Scopes.Service)))
            .AddPolicy(Policies.Public, p => p.RequireAssertion(c => HasScope(c, Scopes.Public)));
    }

    /// <summary>What makes an internal token valid for the service <paramref name="identity"/>.</summary>
    public static TokenValidationParameters Validation(InternalAuthOptions auth, ServiceIdentity identity) => new()
    {
        ValidIssuer = InternalTokens.Issuer,
        ValidAudience = identity.Name,
        IssuerSigningKeys = auth.SecurityKeys,
        TryAllIssuerSigningKeys = false, // the one that the token names
        ValidAlgorithms = [SecurityAlgorithms.HmacSha256],
        ClockSkew = TimeSpan.FromSeconds(10),
    };

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
