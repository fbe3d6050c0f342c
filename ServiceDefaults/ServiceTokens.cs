using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Xerotier.ServiceDefaults;

/// <summary>Admits other services alone. For a branch of a pipeline whose other requests show no internal token: the Gateway's internal port.</summary>
public static class ServiceTokens
{
    private const string Scheme = "Bearer ";

    /// <summary>Whether a request that was admitted is from the service of this name.</summary>
    public static bool IsFrom(HttpContext context, string service)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.User.HasClaim(JwtRegisteredClaimNames.Sub, InternalTokens.SubjectOf(service));
    }

    /// <summary>Refuses every request without a valid token of a service with 401.</summary>
    public static void UseServiceTokens(this IApplicationBuilder app)
    {
        var handler = new JsonWebTokenHandler { MapInboundClaims = false };
        var parameters = InternalAuth.Validation(
            app.ApplicationServices.GetRequiredService<IOptions<InternalAuthOptions>>().Value, app.ApplicationServices.GetRequiredService<ServiceIdentity>());
        var refused = app.ApplicationServices.GetRequiredService<RefusedTokens>();
        app.Use(async (context, next) =>
        {
            var header = context.Request.Headers.Authorization.ToString();
            if (header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            {
                var token = await handler.ValidateTokenAsync(header[Scheme.Length..], parameters);
                if (!token.IsValid)
                {
                    refused.Report(token.Exception);
                }
                else if (token.ClaimsIdentity.HasClaim(InternalTokens.ScopeClaim, Scopes.Service))
                {
                    context.User = new(token.ClaimsIdentity);
                    await next(context);
                    return;
                }
            }

            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        });
    }
}
