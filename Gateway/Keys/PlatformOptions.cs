namespace Xerotier.Gateway.Keys;

/// <summary>The platform key. Section <c>Platform</c>.</summary>
public sealed class PlatformOptions
{
    /// <summary>The platform key, <c>xero_platform_…</c>. Default: none; the first start then creates one.</summary>
    public string? Key { get; set; }

    /// <summary>The file, mode 600, for the platform key that the first start creates.</summary>
    public string? KeyFile { get; set; }

    internal static bool IsKey(string? key) => string.IsNullOrEmpty(key) || ApiKeyValue.IsPlatform(key);
}
