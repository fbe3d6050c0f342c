namespace Xerotier.Gateway.Keys;

/// <summary>What changed since a mark, and the next mark.</summary>
internal sealed record KeyChanges(ulong Mark, IReadOnlyList<ApiKey> Changed);
