using System.CommandLine;

namespace Xerotier.Xeroctl.Commands;

/// <summary>Whose API keys a group of commands manages.</summary>
/// <param name="Command">The group, as a person types it.</param>
/// <param name="Whose">The owner, before the word "keys".</param>
/// <param name="HasScopes">Whether a new key is given scopes.</param>
internal sealed record KeyOwner(string Command, string Whose, bool HasScopes)
{
    /// <summary>The project of the base URL.</summary>
    public static KeyOwner Project { get; } = new("xeroctl keys", "the project's", HasScopes: true);

    /// <summary>The platform.</summary>
    public static KeyOwner Platform { get; } = new("xeroctl platform keys", "the platform's", HasScopes: false);

    /// <summary>A project that is named by an argument.</summary>
    public static KeyOwner AnyProject { get; } = new("xeroctl projects keys", "a project's", HasScopes: true) { ProjectArgument = ProjectCommands.ProjectId() };

    private Argument<string>? ProjectArgument { get; init; }

    /// <summary>The owner's argument in an example, with a space.</summary>
    public string ExampleArgument => ProjectArgument is null ? "" : "proj_ABC123 ";

    /// <summary>A command of the group.</summary>
    public Leaf Leaf(string name, string description, params string[] examples)
    {
        string[] shown = examples.Length > 0 ? examples : [$"{Command} {name} {ExampleArgument}".TrimEnd()];
        var leaf = new Leaf(name, description, shown) { Remarks = this == Project ? null : ProjectCommands.Remarks };
        if (ProjectArgument is not null)
        {
            leaf.Add(ProjectArgument);
        }

        return leaf;
    }

    /// <summary>The argument that names a key.</summary>
    public Argument<string> KeyId() => new("id")
    {
        Description = "ID of the key, such as key_abc123",
        CompletionSources = { context => Candidates.Keys(context.ParseResult, this) },
    };

    /// <summary>A call below the owner's keys; <paramref name="path"/> is empty, or begins with a slash or a question mark.</summary>
    public ApiCall Call(Session session, ParseResult parse, HttpMethod method, string path, byte[]? body = null) =>
        this == Project ? session.Call(method, $"management/keys{path}", body)
        : ProjectArgument is null ? session.PlatformCall(method, $"keys{path}", body)
        : session.PlatformCall(method, $"projects/{Session.Id(parse.GetRequiredValue(ProjectArgument), "project")}/keys{path}", body);
}
