using System.ComponentModel.DataAnnotations;

namespace Xerotier.Gateway.Keys;

/// <summary>The keys that a Gateway holds in memory. Section <c>Keys</c>.</summary>
public sealed class KeyOptions
{
    /// <summary>Grace period: minutes that a checked key stays valid without the database. 0 to 60, default 5.</summary>
    [Range(0, 60)]
    public int GraceMinutes { get; set; } = 5;

    /// <summary>Seconds that an unknown key is cached as unknown. 0 to 60, default 5.</summary>
    [Range(0, 60)]
    public int UnknownSeconds { get; set; } = 5;

    /// <summary>The most known keys, and the most unknown keys, in memory. 100 to 1,000,000, default 50,000.</summary>
    [Range(100, 1_000_000)]
    public int CacheSize { get; set; } = 50_000;

    /// <summary>Seconds between writes of the keys' last uses. 1 to 3,600, default 10.</summary>
    [Range(1, 3_600)]
    public int WriteUsesSeconds { get; set; } = 10;

    /// <summary>Hours that a rotated key's old value stays valid. 0 to 720, default 24.</summary>
    [Range(0, 720)]
    public int RotationGraceHours { get; set; } = 24;
}
