using System.Security.Claims;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Xerotier.ServiceDefaults;

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
