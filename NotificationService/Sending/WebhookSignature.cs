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
    public static string Sign(string id, DateTimeOffset sent, MessageBody body, WebhookSecrets secrets)
    {
        var start = Encoding.UTF8.GetBytes($"{id}.{Timestamp(sent)}.");
        return string.Join(' ', secrets.At(sent).Select(Signature));

        string Signature(string secret)
        {
            using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, KeyOf(secret));
            hash.AppendData(start);
            body.AppendTo(hash);
            return "v1," + Convert.ToBase64String(hash.GetHashAndReset());
        }
    }

    private static byte[] KeyOf(string secret) => Convert.FromBase64String(secret[WebhookSecrets.Prefix.Length..]);
}
