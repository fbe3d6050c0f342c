using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Aspire.Hosting.Testing;
using Microsoft.Playwright;
using Npgsql;
using Xerotier.TestKit;
using static Microsoft.Playwright.Assertions;

namespace Xerotier.Browser.Tests;

/// <summary>The pages of those who are told by e-mail (notifications.md, section 21).</summary>
[Collection<WholeSystem>]
public sealed class SubscriberPageTests(BrowserFixture browser, WholeSystem system)
{
    private readonly Cluster cluster = system.Cluster;

    [Theory]
    [InlineData(false, 360)]
    [InlineData(true, 1280)]
    public async Task From_the_form_to_the_end_each_reads_well_and_works_by_keyboard(bool dark, int width)
    {
        var address = $"{Guid.NewGuid():N}@example.com";
        await using var visit = await browser.VisitAsync(new Uri(cluster.Url, "/status/subscribe").ToString(), new(width, dark));
        await LookAsync("Subscribe by e-mail");
        await visit.Page.FocusAsync("#email");
        await visit.Page.Keyboard.TypeAsync(address);
        await visit.Page.Keyboard.PressAsync("Tab");
        await visit.Page.Keyboard.PressAsync("Space"); // the first service
        await Expect(visit.Page.Locator("[name=components]").First).ToBeCheckedAsync();
        await visit.Page.Keyboard.PressAsync("Enter");
        await LookAsync("Check your e-mail");

        await visit.Page.GotoAsync(new Uri(cluster.Url, $"/status/subscriptions/{await LinkAsync(address)}").ToString());
        await LookAsync("Confirm your subscription");
        await PressAsync("Confirm");
        await LookAsync("Your subscription");
        await Expect(visit.Page.GetByText(address)).ToBeVisibleAsync();
        await Expect(visit.Page.Locator("[name=components]").First).ToBeCheckedAsync();
        await PressAsync("Save");
        await Expect(visit.Page.GetByText("Your choice is saved.")).ToBeVisibleAsync();
        await LookAsync("Your subscription");
        await PressAsync("Unsubscribe");
        await LookAsync("You are unsubscribed");
        await visit.Page.ReloadAsync();
        await LookAsync("This link is not valid");
        Assert.All(visit.Complaints, complaint => Assert.Contains("status of 404", complaint, StringComparison.Ordinal));

        async Task PressAsync(string button)
        {
            await visit.Page.GetByRole(AriaRole.Button, new() { Name = button, Exact = true }).FocusAsync();
            await visit.Page.Keyboard.PressAsync("Enter");
        }

        async Task LookAsync(string heading)
        {
            await Expect(visit.Page.Locator("h1")).ToHaveTextAsync(heading);
            Assert.Equal((heading, 0), (heading, await visit.OverflowAsync()));
            Assert.Empty((await visit.ViolationsAsync()).Select(violation => $"{heading}: {violation}"));
        }
    }

    /// <summary>A token as the mail has it, which goes nowhere here.</summary>
    private async Task<string> LinkAsync(string address)
    {
        await using var database = NpgsqlDataSource.Create((await cluster.Application.GetConnectionStringAsync("notificationsdb", TestContext.Current.CancellationToken))!);
        var token = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        await using var command = database.CreateCommand("insert into mail_tokens (hash, subscription_id, confirms, expires_at) select $1, id, true, now() + interval '1 hour' from subscriptions where target = $2");
        command.Parameters.AddWithValue(SHA256.HashData(Encoding.ASCII.GetBytes(token)));
        command.Parameters.AddWithValue(address);
        await Eventually.TrueAsync(async () => await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken) == 1, "the address was taken");
        return token;
    }
}
