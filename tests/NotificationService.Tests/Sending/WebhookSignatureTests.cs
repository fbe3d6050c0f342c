using Xerotier.NotificationService.Model;
using Xerotier.NotificationService.Sending;

namespace Xerotier.NotificationService.Tests.Sending;

public sealed class WebhookSignatureTests
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private const string Signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    private static readonly DateTimeOffset Sent = DateTimeOffset.FromUnixTimeSeconds(1614265330);

    [Fact]
    public void A_message_is_signed_as_the_specification_says() =>
        Assert.Equal(Signature, Sign(new(Secret))); // the example of the specification's reference libraries

    [Fact]
    public void For_a_day_after_a_rotation_both_secrets_sign()
    {
        var until = Sent + TimeSpan.FromSeconds(1);
        var next = WebhookSecrets.New();
        var both = Sign(new(next, Secret, until)).Split(' ');
        Assert.Equal(2, both.Length);
        Assert.Equal(Sign(new(next)), both[0]);
        Assert.Equal(Signature, both[1]);
        Assert.Equal(Sign(new(next)), Sign(new(next, Secret, Sent)));
        Assert.Equal(TimeSpan.FromHours(24), WebhookSecrets.Overlap);
    }

    [Fact]
    public void A_new_secret_has_256_bits_and_shows_in_no_text()
    {
        var (secret, other) = (WebhookSecrets.New(), WebhookSecrets.New());
        Assert.StartsWith("whsec_", secret, StringComparison.Ordinal);
        Assert.Equal(32, Convert.FromBase64String(secret[6..]).Length);
        Assert.NotEqual(secret, other);
        Assert.DoesNotContain("whsec_", $"{new WebhookSecrets(secret, other, Sent)}", StringComparison.Ordinal);
    }

    private static string Sign(WebhookSecrets secrets) =>
        WebhookSignature.Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", Sent, new("""{"test": 2432"""u8.ToArray(), """232314}"""u8.ToArray()), secrets);
}
