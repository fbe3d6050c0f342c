namespace Xerotier.Gateway.Keys;

/// <summary>A key as the API shows it: never its value.</summary>
internal sealed record KeyView(
    string Id, string Name, IReadOnlyList<string> Scopes, DateTimeOffset? ExpiresAt, IReadOnlyList<string> AllowedIps,
    DateTimeOffset CreatedAt, DateTimeOffset? LastUsedAt, DateTimeOffset? RevokedAt);
