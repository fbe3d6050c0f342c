using System.ComponentModel.DataAnnotations;
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
