namespace Xerotier.Gateway.Storage;

/// <summary>Who changes something: a key, or the Gateway at its start.</summary>
/// <param name="Name">Name of the key.</param>
/// <param name="KeyId">Id of the key; null: the Gateway itself.</param>
internal sealed record Actor(string Name, string? KeyId)
{
    /// <summary>The Gateway at its start.</summary>
    public static Actor Gateway { get; } = new("gateway", null);
}
