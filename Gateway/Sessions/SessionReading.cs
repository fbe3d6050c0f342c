namespace Xerotier.Gateway.Sessions;

/// <summary>A session as the database had it.</summary>
/// <param name="Hash">SHA-256 of its secret.</param>
/// <param name="ProjectValue">The hash of the value by which the project's key that is signed in is found.</param>
/// <param name="PlatformValue">The hash of the value by which the platform key that is signed in is found.</param>
/// <param name="ProjectName">The name of that key's project.</param>
/// <param name="EndsAt">When the session ends at the latest, by the database's clock.</param>
/// <param name="Left">How long that was away.</param>
/// <param name="Unused">How long ago its last use was, as far as it was written.</param>
/// <param name="At">When it was read: a timestamp of the Gateway's clock from before the reading.</param>
internal sealed record SessionReading(
    byte[] Hash, byte[]? ProjectValue, byte[]? PlatformValue, string? ProjectName, DateTimeOffset EndsAt, TimeSpan Left, TimeSpan Unused, long At);
