namespace Xerotier.Gateway.Keys;

/// <summary>A project as the platform API shows it.</summary>
internal sealed record Project(string Id, string Name, string Slug, bool Platform, DateTimeOffset CreatedAt);
