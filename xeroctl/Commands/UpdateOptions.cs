using System.CommandLine;

namespace Xerotier.Xeroctl.Commands;

/// <summary>The options that an incident and its updates have in common: status, components, instant, and whether subscribers are told.</summary>
internal sealed class UpdateOptions
{
    private static readonly string[] Declarable = ["operational", "degraded", "outage"];

    private readonly Option<string?>? status;
    private readonly Option<string[]>? components;
    private readonly Option<string?> at;
    private readonly Option<bool>? noNotify;

    /// <summary>The states of an incident.</summary>
    public static readonly string[] States = ["investigating", "identified", "monitoring", "resolved", "postmortem"];

    private UpdateOptions(string? statusText, string? componentText, string atText, bool notifies)
    {
        status = statusText is null ? null : OptionRules.OneOf(new Option<string?>("--status") { Description = $"investigating, identified, monitoring, resolved or postmortem ({statusText})", HelpName = "state" }, States);
        components = componentText is null ? null : new("--component")
        {
            Description = componentText,
            HelpName = "name=state",
            CompletionSources = { context => Candidates.Declarations(context.ParseResult, Declarable) },
        };
        at = new("--at") { Description = $"{atText}. {Times.Syntax}", HelpName = "time" };
        noNotify = notifies ? new("--no-notify") { Description = "Do not notify subscribers" } : null;
    }

    /// <summary>The options of a new incident and its first update.</summary>
    public static UpdateOptions Create() => new("default: investigating", Declaration("Affected component"), "Time that the text speaks of (default: --started-at)", notifies: true);

    /// <summary>The options of an update.</summary>
    public static UpdateOptions Post() => new("default: unchanged", Declaration("Component whose state changes"), "Time that the text speaks of (default: now)", notifies: true);

    /// <summary>The options of the update that ends an incident, whatever its components were.</summary>
    public static UpdateOptions Resolve() => new(null, null, "Time at which it was over (default: now)", notifies: true);

    /// <summary>The options of a change of an update.</summary>
    public static UpdateOptions Edit() => new(null, $"{Declaration("Component whose state it changes")}; replaces the current list. One empty value clears the list", "Time that the text speaks of", notifies: false);

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Leaf leaf)
    {
        foreach (var option in ((Option?[])[status, components, at, noNotify]).OfType<Option>())
        {
            leaf.Add(option);
        }
    }

    /// <summary>The fields that were given, in the order of the API.</summary>
    /// <param name="session">The invocation.</param>
    /// <param name="parse">Its options.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="CliException">A value is wrong, or a component is not known.</exception>
    public async Task<JsonBody> FieldsAsync(Session session, ParseResult parse, CancellationToken cancel)
    {
        // What is wrong with the other options is said before a component is looked up.
        var instant = session.Time(at);
        var body = new JsonBody().Add("status", status is null ? null : parse.GetValue(status));
        if (components is not null && parse.GetResult(components) is not null)
        {
            var declared = new List<JsonBody>();
            var given = parse.GetValue(components) is [""] ? [] : parse.GetValue(components)!.Select(Split).ToList();
            foreach (var (name, state) in given)
            {
                declared.Add(new JsonBody().Add("id", await ComponentNames.IdAsync(session, name, platform: false, cancel)).Add("status", state));
            }

            body.Add("components", declared);
        }

        return body.Add("at", instant).Add("notify", noNotify is not null && parse.GetValue(noNotify) ? false : null);
    }

    private static string Declaration(string what) => $"{what} and its state: operational, degraded or outage, such as \"Inference Routing=degraded\". Takes a name, an ID or a unique prefix of the ID";

    private static (string Name, string State) Split(string text)
    {
        var equals = text.LastIndexOf('=');
        return equals > 0 && Declarable.Contains(text[(equals + 1)..])
            ? (text[..equals], text[(equals + 1)..])
            : throw new CliException(ExitCodes.Usage, $"--component takes NAME=operational, NAME=degraded or NAME=outage, not '{TerminalText.Line(text)}'");
    }
}
