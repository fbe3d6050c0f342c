using System.Security.Cryptography;

namespace Xerotier.NotificationService.Model;

/// <summary>What a webhook's messages are signed with, as the Standard Webhooks specification writes it: <c>whsec_</c> and base64.</summary>
/// <param name="Current">The secret.</param>
/// <param name="Previous">The one before the last rotation.</param>
/// <param name="PreviousUntil">Until when that signs too.</param>
internal sealed record WebhookSecrets(string Current, string? Previous = null, DateTimeOffset? PreviousUntil = null)
{
    /// <summary>What a secret begins with.</summary>
    public const string Prefix = "whsec_";

    private const int Bytes = 32;

    /// <summary>How long a secret signs beside the one that has replaced it.</summary>
    public static readonly TimeSpan Overlap = TimeSpan.FromHours(24);

    /// <summary>A new secret.</summary>
    public static string New() => Prefix + Convert.ToBase64String(RandomNumberGenerator.GetBytes(Bytes));

    /// <summary>The secrets that sign at <paramref name="now"/>, the newest first.</summary>
    public IReadOnlyList<string> At(DateTimeOffset now) => Previous is { } previous && now < PreviousUntil ? [Current, previous] : [Current];

    /// <summary>Nothing of the secrets, which must get into no log.</summary>
    public override string ToString() => nameof(WebhookSecrets);
}
