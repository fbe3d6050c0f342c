using Xerotier.TestKit;
using Xerotier.Xeroctl.CommandLine;

namespace Xerotier.Xeroctl.Tests;

public sealed class ReferenceTests
{
    [Fact]
    public async Task The_reference_is_current()
    {
        using var tool = new Tool();
        var made = (await tool.RunAsync("__reference")).Out;
        var kept = await File.ReadAllTextAsync(Path.Combine(Solution.Folder, "docs", "xeroctl.md"));
        Assert.True(made == kept, "docs/xeroctl.md is not what the commands say: run `xeroctl __reference > docs/xeroctl.md`.");
    }

    [Fact]
    public void Every_command_has_a_description_and_an_example_and_every_option_a_meaning()
    {
        var leaves = CommandTree.Root().Subcommands.SelectMany(command => command.Subcommands.Prepend(command)).SelectMany(command => command.Subcommands.Prepend(command)).OfType<Leaf>().ToList();
        Assert.NotEmpty(leaves);
        Assert.All(leaves, leaf =>
        {
            Assert.NotEmpty(leaf.Examples);
            Assert.All(leaf.Options, option => Assert.False(string.IsNullOrEmpty(option.Description), $"{leaf.Name} {option.Name}"));
            Assert.All(leaf.Arguments, argument => Assert.False(string.IsNullOrEmpty(argument.Description), $"{leaf.Name} {argument.Name}"));
        });
    }

    [Fact]
    public async Task Help_fits_80_columns_and_shows_an_example()
    {
        using var tool = new Tool();
        foreach (var command in new[] { "", "maintenance", "maintenance schedule", "maintenance series create", "subscriptions", "subscriptions create", "health dashboard", "config init" })
        {
            var result = await tool.RunAsync([.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);
            Assert.Equal((0, ""), (result.ExitCode, result.Error));
            Assert.Contains("Usage:", result.Out);
            var text = result.Out.Split("\nExample")[0];
            Assert.All(text.Split('\n'), line => Assert.True(line.Length <= 80, line));
        }

        Assert.Matches(@"^xeroctl \d+\.\d+\.\d+\n$", (await tool.RunAsync("--version")).Out);
    }

    [Fact]
    public async Task Options_and_exit_codes_have_topics_of_their_own()
    {
        using var tool = new Tool();
        Assert.DoesNotContain("--timeout", (await tool.RunAsync("maintenance", "list", "--help")).Out);
        var options = (await tool.RunAsync("help", "options")).Out;
        Assert.All(GlobalOptions.All, option => Assert.Contains(option.Name, options));
        var codes = (await tool.RunAsync("help", "exit-codes")).Out;
        Assert.All(ExitCodes.All, code => Assert.Contains($"\n  {code.Code}  ", codes));
        Assert.All($"{options}\n{codes}".Split('\n'), line => Assert.True(line.Length <= 80, line));
        Assert.Contains("help options", (await tool.RunAsync("--help")).Out);
    }
}
