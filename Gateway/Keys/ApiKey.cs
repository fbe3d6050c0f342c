using System.Net;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Keys;

/// <summary>One value of an API key as the database holds it, with everything that decides what a request may do.</summary>
/// <param name="Hash">SHA-256 of the value.</param>
/// <param name="Id">The key's id, <c>key_…</c>.</param>
/// <param name="ProjectId">The key's project, or <see cref="Caller.Platform"/>.</param>
/// <param name="PlatformProject">The project is one that the platform's own operators use.</param>
/// <param name="Name">The key's name.</param>
/// <param name="Scopes">What it may do.</param>
/// <param name="ExpiresAt">When the key ends.</param>
/// <param name="ValueExpiresAt">When this value ends, because the key was rotated.</param>
/// <param name="RevokedAt">When the key was revoked.</param>
/// <param name="AllowedIps">Networks it may be used from; empty: any.</param>
/// <param name="Suspended">Whether the key's project is suspended.</param>
/// <param name="Version">The number of the last change of the key or of its project: of two readings the one with the higher number is the newer one.</param>
internal sealed record ApiKey(
    byte[] Hash,
    string Id,
    string ProjectId,
    bool PlatformProject,
    string Name,
    IReadOnlyList<string> Scopes,
    DateTimeOffset? ExpiresAt,
    DateTimeOffset? ValueExpiresAt,
    DateTimeOffset? RevokedAt,
    IReadOnlyList<IPNetwork> AllowedIps,
    bool Suspended,
    long Version)
{
    /// <summary>Whether it is a platform key.</summary>
    public bool IsPlatform => ProjectId == Caller.Platform;

    /// <summary>How the key is named where it is written who did something, by itself or by a session of the console.</summary>
    public string NameOf(bool inSession) => inSession ? $"{Name} (console)" : Name;

    /// <summary>Why the key cannot be used; null while it can.</summary>
    /// <param name="now">When.</param>
    /// <param name="inSession">Whether it is used by a session of the console, which is bound to the key and not to the value that it began with: a rotation ends none (console.md, section 23).</param>
    public ApiError? ErrorAt(DateTimeOffset now, bool inSession = false) =>
        RevokedAt is not null ? ApiErrors.RevokedApiKey
        : ExpiresAt <= now || (ValueExpiresAt <= now && !inSession) ? ApiErrors.ExpiredApiKey
        : Suspended ? ApiErrors.ProjectSuspended
        : null;

    /// <summary>Whether the key may be used from <paramref name="address"/>.</summary>
    public bool Allows(IPAddress address)
    {
        if (AllowedIps.Count == 0)
        {
            return true;
        }

        foreach (var network in AllowedIps)
        {
            if (network.Contains(address))
            {
                return true;
            }
        }

        return false;
    }
}
