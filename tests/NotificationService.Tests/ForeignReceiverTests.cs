using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Xerotier.NotificationService.Model;
using Xerotier.TestKit;

namespace Xerotier.NotificationService.Tests;

/// <summary>What libraries that we did not write make of the signatures of real requests (<c>eng/foreign-receivers</c>).</summary>
public sealed class ForeignReceiverTests(PostgresFixture postgres)
{
    private static readonly string[] Libraries = ["standardwebhooks", "svix"];

    [Fact]
    public async Task Libraries_of_others_verify_messages_before_and_after_a_rotation_and_refuse_other_secrets()
    {
        var hasNpm = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "npm")));
        Assert.SkipUnless(hasNpm, "npm is not installed");

        await using var notifier = await Notifier.StartAsync(postgres.Server);
        await notifier.SubscribeAsync("sub_1", "/hook");
        var first = (string)(await notifier.ScalarAsync("select secret from subscriptions"))!;
        var second = WebhookSecrets.New();
        await notifier.HappenAsync("before");
        await ReceivedAsync(1);
        await notifier.ExecuteAsync($"update subscriptions set previous_secret = secret, previous_secret_until = now() + interval '1 day', secret = '{second}'");
        await notifier.HappenAsync("after");
        await ReceivedAsync(2);

        var (before, after) = (notifier.Receiver.Messages.First(), notifier.Receiver.Messages.Last());
        var said = await VerifyAsync((first, before), (second, before), (first, after), (second, after), (WebhookSecrets.New(), after));
        Assert.Equal(
            ["verified", "refused", "verified", "verified", "refused"],
            said.Chunk(Libraries.Length).Select(libraries =>
            {
                Assert.Equal(Libraries, libraries.Select(each => each["library"]!.GetValue<string>()));
                return libraries.Select(each => each["refused"] is not null ? "refused" : each["type"]!.GetValue<string>() == before.Type ? "verified" : "misread").Distinct().Single();
            }));

        Task ReceivedAsync(int count) => Eventually.TrueAsync(() => notifier.Receiver.Messages.Count == count, $"{count} have arrived");
    }

    private static async Task<List<JsonNode>> VerifyAsync(params (string Secret, Received Message)[] requests)
    {
        using var process = new Process { StartInfo = new(Path.Combine(Solution.Folder, "eng", "foreign-receivers")) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true } };
        process.Start();
        var errors = process.StandardError.ReadToEndAsync();
        foreach (var (secret, message) in requests)
        {
            var headers = new Dictionary<string, string?> { ["webhook-id"] = message.Id, ["webhook-timestamp"] = message.Timestamp, ["webhook-signature"] = message.Signature };
            await process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(new { secret, headers, body = Convert.ToBase64String(message.Body) }));
        }

        process.StandardInput.Close();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.SkipWhen(process.ExitCode == 3, "the libraries cannot be installed");
        Assert.True(process.ExitCode == 0, await errors);
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
    }
}
