using System.Text.Json;
using Xerotier.Xeroctl.Output;

namespace Xerotier.Xeroctl.Tests;

public sealed class TerminalTextTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("größer 日本", "größer 日本")]
    [InlineData("\e[31mred", "\\u001b[31mred")]
    [InlineData("a\r\nb\tc", "a b c")]
    [InlineData("\u009b2J\u0007\u007f", "\\u009b2J\\u0007\\u007f")]
    [InlineData("a\u200Bb\u00ADc", "a\\u200bb\\u00adc")]
    [InlineData("abc\u202Etxt.exe", "abc\\u202etxt.exe")]
    public void A_terminal_obeys_nothing_of_it(string text, string shown) => Assert.Equal(shown, TerminalText.Line(text));

    [Fact]
    public void Json_for_a_terminal_is_the_same_document()
    {
        const string Text = "{\"title\":\"\u009b2J \u202E x\u007f\"}";
        var shown = TerminalText.Json(Text);
        Assert.DoesNotContain('\u009b', shown);
        Assert.Equal(JsonElement.Parse(Text).GetProperty("title").GetString(), JsonElement.Parse(shown).GetProperty("title").GetString());
    }

    [Theory]
    [InlineData("a title that is long", 8, "a title…")]
    [InlineData("short", 8, "short")]
    [InlineData("日本語日本語", 7, "日本語…")]
    [InlineData("x", 0, "")]
    public void Text_is_cut_at_a_column(string text, int width, string shown) => Assert.Equal(shown, TerminalText.Truncate(text, width));

    [Fact]
    public void Keys_are_taken_out_wherever_they_stand()
    {
        var text = TerminalText.Redact($"Bearer {Samples.Key} and {Samples.Key.Replace("demo", "my-team", StringComparison.Ordinal)} and odd-looking-key", "odd-looking-key");
        Assert.Equal("Bearer xero_demo_**** and xero_my-team_**** and ****", text);
    }

    [Theory]
    [InlineData("""{"secret":"whsec_MfKQ9r8GKYqrTwjUPD8\u002BLPZIo2/aLaSw==","x":1}""", """{"secret":"whsec_****","x":1}""")]
    [InlineData("""{"target":"https://hooks.slack.com/services/T000/B000/XXXX"}""", """{"target":"https://hooks.slack.com/****"}""")]
    [InlineData("https://hooks.slack.com/…XXXX", "https://hooks.slack.com/…XXXX")]
    [InlineData("whsec_", "whsec_")]
    public void Secrets_of_subscriptions_are_taken_out(string text, string shown) => Assert.Equal(shown, TerminalText.Redact(text, Samples.Key));

    [Theory]
    [InlineData("one two three", 7, new[] { "one two", "three" })]
    [InlineData("aaaaaaaaaa", 4, new[] { "aaaa", "aaaa", "aa" })]
    [InlineData("", 4, new[] { "" })]
    public void Text_is_folded_between_words(string text, int width, string[] lines) => Assert.Equal(lines, Screen.Wrap(text, width));
}
