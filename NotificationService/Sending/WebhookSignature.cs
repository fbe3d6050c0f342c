using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Xerotier.NotificationService.Model;

namespace Xerotier.NotificationService.Sending;

/// <summary>The signature of a webhook's message after the Standard Webhooks specification (notifications.md section 21).</summary>
internal static class WebhookSignature
{
    /// <summary>The value of the header <c>webhook-timestamp</c>: Unix seconds.</summary>
    public static string Timestamp(DateTimeOffset sent) => sent.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);

    /// <summary>The value of the header <c>webhook-signature</c>: one signature for each secret that is valid at <paramref name="sent"/>, the newest first.</summary>
    public static string Sign(string id, DateTimeOffset sent, ReadOnlySpan<byte> body, WebhookSecrets secrets)
    {
        byte[] signed = [.. Encoding.UTF8.GetBytes($"{id}.{Timestamp(sent)}."), .. body];
        return string.Join(' ', secrets.At(sent).Select(secret => "v1," + Convert.ToBase64String(HMACSHA256.HashData(KeyOf(secret), signed))));
    }

    private static byte[] KeyOf(string secret) => Convert.FromBase64String(secret[WebhookSecrets.Prefix.Length..]);
}
