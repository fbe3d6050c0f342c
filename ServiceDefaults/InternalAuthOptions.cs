using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;

namespace Xerotier.ServiceDefaults;

/// <summary>Who may call a service: the Gateway on a caller's behalf, or another service. Section <c>InternalAuth</c>.</summary>
public sealed class InternalAuthOptions
{
    /// <summary>
    /// The keys that all services of a cluster share, each base64 of at least 32 random bytes; 1 to 8, no default. The first one signs, all of
    /// them verify. To change it without an outage: add the new one behind the old one everywhere, then put it first, then remove the old one.
    /// </summary>
    public IList<string> Keys { get; set; } = [];

    /// <summary>The keys as they sign and verify; each one's id tells it apart and nothing of it.</summary>
    internal IReadOnlyList<SymmetricSecurityKey> SecurityKeys => [.. Keys.Select(Convert.FromBase64String)
        .Select(key => new SymmetricSecurityKey(key) { KeyId = Convert.ToHexStringLower(SHA256.HashData(key).AsSpan(0, 8)) })];

    internal static bool AreStrong(IList<string> keys) => keys.Count is >= 1 and <= 8 && keys.All(IsStrong);

    private static bool IsStrong(string key) => Convert.TryFromBase64String(key, new byte[key.Length], out var length) && length >= 32;
}
