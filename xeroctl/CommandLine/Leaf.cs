using System.CommandLine;

namespace Xerotier.Xeroctl.CommandLine;

/// <summary>A command that does something.</summary>
/// <param name="name">Its name.</param>
/// <param name="description">What it does, in the imperative.</param>
/// <param name="examples">Command lines as a person would type them.</param>
internal sealed class Leaf(string name, string description, params string[] examples) : Command(name, description)
{
    /// <summary>Command lines as a person would type them.</summary>
    public IReadOnlyList<string> Examples => examples;

    /// <summary>Paragraphs below the description.</summary>
    public string? Remarks { get; init; }

    /// <summary>Sets what the command does.</summary>
    public Leaf Handle(Func<Session, ParseResult, CancellationToken, Task<int>> action)
    {
        SetAction(async (parse, cancel) =>
        {
            using var session = new Session(parse);
            var exitCode = await action(session, parse, cancel);
            await parse.InvocationConfiguration.Output.FlushAsync(cancel);
            return exitCode;
        });
        return this;
    }
}
