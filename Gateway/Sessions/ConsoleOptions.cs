using System.ComponentModel.DataAnnotations;

using Xerotier.Gateway.Keys;

namespace Xerotier.Gateway.Sessions;

/// <summary>Sessions of the operators' console. Section <c>Console</c>.</summary>
public sealed class ConsoleOptions
{
    /// <summary>Minutes without use after which a session ends. 1 to 720, default 60.</summary>
    [Range(1, 720)]
    public int IdleMinutes { get; set; } = 60;

    /// <summary>Hours after which a session ends in any case. 1 to 24, default 12.</summary>
    [Range(1, 24)]
    public int MaxHours { get; set; } = 12;

    /// <summary>The most sessions in memory; one that is not is looked up again. 100 to 100,000, default 2,000.</summary>
    [Range(100, 100_000)]
    public int KnownSessions { get; set; } = 2_000;

    /// <summary>
    /// The token of <c>/console/link/{token}</c>, 43 base64url characters of 256 random bits: a link that signs in once, from this machine alone
    /// and within 10 minutes of the Gateway's start. Default: none.
    /// </summary>
    public string? SignInToken { get; set; }

    /// <summary>The slug of the project that the link signs in to, beside the platform, with the project's newest key of scope <c>management</c>. Default: demo.</summary>
    public string SignInProject { get; set; } = "demo";

    internal static bool IsToken(string? token) => string.IsNullOrEmpty(token) || RandomSecret.IsWellFormed(token);
}
