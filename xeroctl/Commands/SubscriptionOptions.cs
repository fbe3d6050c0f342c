using System.CommandLine;

namespace Xerotier.Xeroctl.Commands;

/// <summary>The options that set a subscription's fields.</summary>
internal sealed class SubscriptionOptions
{
    /// <summary>The types of events, those that the API takes by default first.</summary>
    private static readonly string[] Events =
    [
        "incident.created", "incident.updated", "incident.resolved", "incident.postmortem",
        "maintenance.scheduled", "maintenance.rescheduled", "maintenance.reminder", "maintenance.started", "maintenance.overrunning", "maintenance.completed", "maintenance.cancelled",
        "component.status_changed",
    ];

    private readonly Option<string?>? channel;
    private readonly Option<string?> target;
    private readonly Option<string[]> components;
    private readonly Option<bool>? allComponents;
    private readonly Option<string[]> events;
    private readonly Option<string?>? state;

    /// <summary>What <c>--event</c> takes, for the help.</summary>
    public static readonly string EventRemarks = $"Events: {string.Join(", ", Events[..^1])} and {Events[^1]}.";

    /// <summary>The events that a subscription has by default: all of incidents and maintenance.</summary>
    public static readonly IReadOnlyList<string> DefaultEvents = Events[..^1];

    /// <summary>The options.</summary>
    /// <param name="creating">Whether the subscription is new: its channel is chosen then, and the API has defaults.</param>
    public SubscriptionOptions(bool creating)
    {
        target = new("--target")
        {
            Description = creating ? "https URL, or e-mail address" : "https URL; an e-mail address cannot be changed, because its owner must confirm it",
            HelpName = "url|address",
            Required = creating,
        };
        components = new("--component")
        {
            Description = "Component whose events it is told of, by name, ID or a unique prefix of the ID" + (creating ? " (default: all components)" : "; replaces the current list"),
            HelpName = "component",
            CompletionSources = { context => Candidates.PageComponents(context.ParseResult) },
        };
        events = OptionRules.OneOf(
            new Option<string[]>("--event") { Description = "Event that it is told of" + (creating ? " (default: all of incidents and maintenance)" : "; replaces the current list"), HelpName = "event" }, Events);
        if (creating)
        {
            channel = OptionRules.OneOf(new Option<string?>("--channel") { Description = "webhook, slack or email", HelpName = "channel", Required = true }, "webhook", "slack", "email");
        }
        else
        {
            allComponents = new("--all-components") { Description = "Tell it of every component's events" };
            state = OptionRules.OneOf(new Option<string?>("--state") { Description = "active or disabled", HelpName = "state" }, "active", "disabled");
        }
    }

    private Option?[] All => [channel, target, components, allComponents, events, state];

    /// <summary>The names of the options, for a message.</summary>
    public string Names => string.Join(", ", All.Select(option => option?.Name).OfType<string>());

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Leaf leaf)
    {
        foreach (var option in All.OfType<Option>())
        {
            leaf.Add(option);
        }
    }

    /// <summary>The request body of the options that were given.</summary>
    /// <param name="session">The invocation.</param>
    /// <param name="parse">Its options.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="CliException">The options contradict one another, or a component is not known.</exception>
    public async Task<JsonBody> BodyAsync(Session session, ParseResult parse, CancellationToken cancel)
    {
        var every = allComponents is not null && parse.GetValue(allComponents);
        if (every && parse.GetResult(components) is not null)
        {
            throw new CliException(ExitCodes.Usage, $"use either {components.Name} or {allComponents!.Name}");
        }

        return new JsonBody()
            .Add("channel", channel is null ? null : parse.GetValue(channel))
            .Add("target", parse.GetValue(target))
            .Add("components", every ? [] : await ComponentsAsync(session, parse, cancel))
            .Add("events", parse.GetResult(events) is null ? null : parse.GetValue(events))
            .Add("state", state is null ? null : parse.GetValue(state));
    }

    private async Task<IReadOnlyCollection<string>?> ComponentsAsync(Session session, ParseResult parse, CancellationToken cancel)
    {
        if (parse.GetList(components) is not { } given)
        {
            return null;
        }

        var ids = new List<string>();
        foreach (var name in given)
        {
            ids.Add(await ComponentNames.IdAsync(session, name, platform: false, cancel));
        }

        return ids;
    }
}
