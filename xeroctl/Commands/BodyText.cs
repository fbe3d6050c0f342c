using System.CommandLine;
using System.Text;

namespace Xerotier.Xeroctl.Commands;

/// <summary>The text of an update: from <c>--body</c>, from standard input, or from an editor.</summary>
internal sealed class BodyText
{
    private readonly Option<string?> body = new("--body")
    {
        Description = "Text in Markdown, up to 10000 characters; - reads it from stdin. If you omit it on a terminal, your editor opens ($VISUAL, else $EDITOR)",
        HelpName = "text",
    };

    /// <summary>Adds the option to a command.</summary>
    public void AddTo(Leaf leaf) => leaf.Add(body);

    /// <summary>The text that was given; null where an editor is to be opened, or the text is optional.</summary>
    /// <exception cref="CliException">It is empty, or there is neither a text nor a terminal for an editor.</exception>
    public string? Given(ParseResult parse, bool isOptional = false)
    {
        if (parse.GetValue(body) is not { } text)
        {
            return isOptional || Terminal.CanAsk ? null
                : throw new CliException(ExitCodes.Usage, $"{body.Name} is required, because there is no terminal for an editor; use {body.Name} - to read the text from stdin");
        }

        if (text == "-")
        {
            using var input = new StreamReader(Console.OpenStandardInput(), Encoding.UTF8);
            text = input.ReadToEnd().ReplaceLineEndings("\n").TrimStart('\n').TrimEnd();
        }

        return string.IsNullOrWhiteSpace(text) ? throw new CliException(ExitCodes.Usage, $"{body.Name} is empty") : text;
    }

    /// <summary>Lets the person write the text, and sends it. If that fails, the text is kept.</summary>
    /// <param name="text">The text to begin with.</param>
    /// <param name="notes">What the person should know while writing.</param>
    /// <param name="send">Sends the text.</param>
    /// <exception cref="CliException">The text is empty or the same, or it could not be sent.</exception>
    public static async Task<int> WriteAsync(string text, IEnumerable<string> notes, Func<string, Task<int>> send)
    {
        using var editor = new Editor();
        var written = await editor.EditAsync(text, notes);
        if (written.Length == 0 || written == text)
        {
            throw new CliException(ExitCodes.Failure, $"the text is {(written.Length == 0 ? "empty" : "unchanged")}; nothing was sent");
        }

        try
        {
            return await send(written);
        }
        catch (CliException failure)
        {
            throw new CliException(failure.ExitCode, failure.Message) { Details = [.. failure.Details, editor.Keep()] };
        }
    }
}
