using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.Text.Json;

namespace Xerotier.Xeroctl.Completion;

/// <summary><c>xeroctl __complete</c>: what a shell can put in place of an unfinished word.</summary>
internal static class Candidates
{
    /// <summary>
    /// Writes the candidates for the words after <c>xeroctl</c>, of which the last is unfinished and may be empty: one per line, with a
    /// tab and a description where there is one. It never fails; it may write nothing.
    /// </summary>
    public static int Write(string[] words, TextWriter output)
    {
        var last = words is [.., var unfinished] && unfinished != "\"\"" ? unfinished : ""; // older PowerShells cannot pass an empty word
        string[] before = words.Length == 0 ? [] : words[..^1];
        var equals = last.StartsWith("--", StringComparison.Ordinal) ? last.IndexOf('=', StringComparison.Ordinal) : -1;
        var prefix = equals < 0 ? "" : last[..(equals + 1)];
        if (equals >= 0)
        {
            (before, last) = ([.. before, last[..equals]], last[(equals + 1)..]);
        }

        foreach (var item in Find(before, last))
        {
            var description = item.Detail ?? item.Documentation;
            output.Write($"{prefix}{TerminalText.Line(item.Label)}{(description is null ? "" : $"\t{TerminalText.Truncate(TerminalText.Line(description), 60)}")}\n");
        }

        return ExitCodes.Ok;
    }

    /// <summary>The contexts of the configuration file.</summary>
    public static IEnumerable<CompletionItem> Contexts() => NoneOnFailure(() =>
        ConfigFile.Load().Deployments.Select(deployment => new CompletionItem(deployment.Name, detail: deployment.BaseUrl?.Text)).ToList());

    /// <summary>The project's windows, newest first.</summary>
    public static IEnumerable<CompletionItem> Windows(ParseResult parse) =>
        Fetch(parse, session => session.Call(HttpMethod.Get, "management/maintenance?limit=100"), window => $"{window.Text("status")}: {window.Text("title")}");

    /// <summary>The project's series of maintenance windows, newest first.</summary>
    public static IEnumerable<CompletionItem> Series(ParseResult parse) =>
        Fetch(parse, session => session.Call(HttpMethod.Get, "management/maintenance-series?limit=100"), series => $"{(series.Text("cancelled_at") is null ? "" : "cancelled: ")}{series.Text("title")}");

    /// <summary>The project's incidents, newest first.</summary>
    public static IEnumerable<CompletionItem> Incidents(ParseResult parse) =>
        Fetch(parse, session => session.Call(HttpMethod.Get, "management/incidents?limit=100"), incident => $"{incident.Text("status")}: {incident.Text("title")}");

    /// <summary>The platform's components, by name.</summary>
    public static IEnumerable<CompletionItem> Components(ParseResult parse) =>
        Fetch(parse, session => session.PlatformCall(HttpMethod.Get, "components?limit=100"), component => component.Text("id"), label: "name");

    /// <summary>The components of the status page, by name.</summary>
    public static IEnumerable<CompletionItem> PageComponents(ParseResult parse) =>
        Fetch(parse, session => session.PublicCall("status.json"), component => component.Text("status"), label: "name", list: "indicators");

    /// <summary>The components of the status page, each with every state that can be declared of it.</summary>
    public static IEnumerable<CompletionItem> Declarations(ParseResult parse, IEnumerable<string> states) =>
        PageComponents(parse).SelectMany(component => states.Select(state => new CompletionItem($"{component.Label}={state}", detail: $"now {component.Detail}")));

    /// <summary>The project's subscriptions, newest first.</summary>
    public static IEnumerable<CompletionItem> Subscriptions(ParseResult parse) =>
        Fetch(parse, session => session.Call(HttpMethod.Get, "management/subscriptions?limit=100"), subscription => $"{subscription.Text("channel")}: {subscription.Text("target")}");

    /// <summary>The page's subscribers, newest first.</summary>
    public static IEnumerable<CompletionItem> Subscribers(ParseResult parse) =>
        Fetch(parse, session => session.PlatformCall(HttpMethod.Get, "subscribers?limit=100"), subscriber => $"{subscriber.Text("state")}: {subscriber.Text("address")}");

    /// <summary>The messages to the subscription that <paramref name="subscription"/> names, newest first.</summary>
    public static IEnumerable<CompletionItem> Deliveries(ParseResult parse, Argument<string> subscription) => Fetch(
        parse,
        session => session.Call(HttpMethod.Get, $"management/subscriptions/{Session.Id(parse.GetRequiredValue(subscription), "subscription")}/deliveries?limit=100"),
        delivery => $"{delivery.Text("state")}: {delivery.Text("event_type")}");

    /// <summary>The updates of the incident that <paramref name="incident"/> names.</summary>
    public static IEnumerable<CompletionItem> Updates(ParseResult parse, Argument<string> incident) => Fetch(
        parse,
        session => session.Call(HttpMethod.Get, $"management/incidents/{Session.Id(parse.GetRequiredValue(incident), "incident")}"),
        update => $"{update.Text("status")}: {update.Text("body")}",
        list: "updates");

    /// <summary>The keys of <paramref name="owner"/>.</summary>
    public static IEnumerable<CompletionItem> Keys(ParseResult parse, KeyOwner owner) => Fetch(parse, session => owner.Call(session, parse, HttpMethod.Get, "?limit=100"), key => key.Text("name"));

    /// <summary>The platform's projects.</summary>
    public static IEnumerable<CompletionItem> Projects(ParseResult parse) => Fetch(parse, session => session.PlatformCall(HttpMethod.Get, "projects?limit=100"), project => project.Text("name"));

    private static List<CompletionItem> Find(string[] before, string last) => NoneOnFailure(() =>
    {
        var parse = CommandTree.Parse([.. before, last]);
        var context = parse.GetCompletionContext();
        var command = parse.CommandResult.Command;
        var wantsValue = before.Length > 0 ? Options(parse).FirstOrDefault(option => Names(option).Contains(before[^1]) && option.Arity.MinimumNumberOfValues > 0) : null;
        IEnumerable<CompletionItem> items;
        if (wantsValue is not null)
        {
            items = wantsValue.CompletionSources.SelectMany(source => source(context));
        }
        else if (last.StartsWith('-'))
        {
            var given = before.ToHashSet(StringComparer.Ordinal);
            items = Options(parse)
                .Where(option => option.Arity.MaximumNumberOfValues > 1 || !Names(option).Any(given.Contains))
                .Select(option => new CompletionItem(option.Name, detail: option.Description));
        }
        else
        {
            var used = parse.CommandResult.Children.OfType<ArgumentResult>().Sum(argument => argument.Tokens.Count(token => token.Value != last));
            var argument = command.Arguments.Skip(used).FirstOrDefault();
            items = command.Subcommands.Where(sub => !sub.Hidden && !parse.UnmatchedTokens.Any(token => token != last)).Select(sub => new CompletionItem(sub.Name, detail: sub.Description))
                .Concat(argument?.CompletionSources.SelectMany(source => source(context)) ?? []);
        }

        return items.Where(item => item.Label.StartsWith(last, StringComparison.Ordinal)).DistinctBy(item => item.Label).ToList();
    });

    private static IEnumerable<Option> Options(ParseResult parse) =>
        HelpText.OwnOptions(parse.CommandResult.Command).Concat(GlobalOptions.All).Concat(parse.RootCommandResult.Command.Options.OfType<HelpOption>());

    private static IEnumerable<string> Names(Option option) => option.Aliases.Append(option.Name);

    private static List<CompletionItem> Fetch(ParseResult parse, Func<Session, ApiCall> call, Func<JsonElement, string?> describe, string label = "id", string list = "data") => NoneOnFailure(() =>
    {
        // A person waits for Tab: one attempt, one and a half seconds.
        using var session = new Session(parse);
        using var client = new ApiClient(verbose: false, TimeSpan.FromSeconds(1.5), attempts: 1);
        var response = client.SendAsync(call(session), CancellationToken.None).GetAwaiter().GetResult();
        return response.Json.Items(list).Select(item => new CompletionItem(item.Text(label) ?? "", detail: describe(item))).Where(item => item.Label.Length > 0).ToList();
    });

    // A shell shows whatever a completer prints in the middle of the user's line, so failures print nothing.
    private static List<CompletionItem> NoneOnFailure(Func<List<CompletionItem>> find)
    {
        try
        {
            return find();
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            return [];
        }
    }
}
