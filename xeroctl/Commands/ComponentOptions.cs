using System.CommandLine;
using System.Globalization;
using System.Text.Json;

namespace Xerotier.Xeroctl.Commands;

/// <summary>The options that set a component's fields.</summary>
internal sealed class ComponentOptions
{
    private const string AnySuccess = "2xx";

    private readonly Option<string?>? name;
    private readonly Option<string?> description = new("--description") { Description = "What it is, up to 500 characters", HelpName = "text" };
    private readonly Option<string?> group = new("--group") { Description = "Heading on the status page, shared with other components", HelpName = "text" };
    private readonly Option<int?> position;
    private readonly Option<string?> startDate;
    private readonly Option<bool?> onlyShowIfDegraded = OptionRules.Switch("--only-show-if-degraded", "Hide it on the status page while it is operational");
    private readonly Option<string?> probeUrl = new("--probe-url") { Description = "http or https address to ask whether it works", HelpName = "url" };
    private readonly Option<int?> probeInterval;
    private readonly Option<int?> probeTimeout;
    private readonly Option<string?> probeStatus;
    private readonly Option<bool>? noDescription;
    private readonly Option<bool>? noGroup;
    private readonly Option<bool>? noProbe;

    /// <summary>The options.</summary>
    /// <param name="creating">Whether the component is new: the API has defaults then, and there is nothing to remove.</param>
    public ComponentOptions(bool creating)
    {
        string Default(string value) => creating ? $" (default: {value})" : "";
        position = OptionRules.Integer(new("--position") { Description = "Place on the status page, lowest first" + Default("after all others"), HelpName = "n" }, 0, int.MaxValue);
        startDate = new("--start-date") { Description = "UTC day from which it is monitored, up to 90 days back" + (creating ? " (default: today)" : "; only an earlier one"), HelpName = "yyyy-mm-dd" };
        probeInterval = OptionRules.Integer(new("--probe-interval") { Description = "Seconds between two probes, 10 to 3600" + Default("60"), HelpName = "seconds" }, 10, 3600);
        probeTimeout = OptionRules.Integer(new("--probe-timeout") { Description = "Seconds after which a probe has failed, 1 to 30" + Default("5"), HelpName = "seconds" }, 1, 30);
        probeStatus = new("--probe-status") { Description = $"Status code that means success, 200 to 599, or {AnySuccess} for any of those" + Default(AnySuccess), HelpName = "code" };
        probeStatus.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && text != AnySuccess && Status(text) is null)
            {
                result.AddError($"{probeStatus.Name} takes a status code from 200 to 599, or {AnySuccess}, not '{text}'");
            }
        });
        if (!creating)
        {
            name = new("--name") { Description = "New name; the names of built-in components stay", HelpName = "text" };
            noDescription = new("--no-description") { Description = "Remove the description" };
            noGroup = new("--no-group") { Description = "Take it out of its group" };
            noProbe = new("--no-probe") { Description = "Remove the probe: the component is then operational unless an incident says otherwise" };
        }
    }

    private Option?[] All => [name, description, noDescription, group, noGroup, position, startDate, onlyShowIfDegraded, probeUrl, probeInterval, probeTimeout, probeStatus, noProbe];

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

    /// <summary>Whether a part of the probe is changed.</summary>
    public bool HasProbe(ParseResult parse) => new Option[] { probeUrl, probeInterval, probeTimeout, probeStatus }.Any(option => parse.GetResult(option) is { Implicit: false });

    /// <summary>The request body of the options that were given.</summary>
    /// <param name="parse">The options.</param>
    /// <param name="current">The component's present probe, of which everything stays that no option changes.</param>
    /// <exception cref="CliException">The options contradict one another or are incomplete.</exception>
    public JsonBody Body(ParseResult parse, JsonElement current)
    {
        Refuse(parse, noDescription, parse.GetResult(description) is not null, description.Name);
        Refuse(parse, noGroup, parse.GetResult(group) is not null, group.Name);
        Refuse(parse, noProbe, HasProbe(parse), "the options of a probe");
        var body = new JsonBody();
        _ = name is null ? body : body.Add("name", parse.GetValue(name));
        return body
            .Add("description", parse.GetValue(description))
            .AddNull("description", IsSet(parse, noDescription))
            .Add("group", parse.GetValue(group))
            .AddNull("group", IsSet(parse, noGroup))
            .Add("position", parse.GetValue(position))
            .Add("start_date", Date(parse))
            .Add("only_show_if_degraded", parse.GetSwitch(onlyShowIfDegraded))
            .Add("probe", HasProbe(parse) ? Probe(parse, current) : null)
            .AddNull("probe", IsSet(parse, noProbe));
    }

    private static bool IsSet(ParseResult parse, Option<bool>? option) => option is not null && parse.GetValue(option);

    private static void Refuse(ParseResult parse, Option<bool>? removing, bool setting, string what)
    {
        if (IsSet(parse, removing) && setting)
        {
            throw new CliException(ExitCodes.Usage, $"use either {what} or {removing!.Name}");
        }
    }

    private static int? Status(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var status) && status is >= 200 and <= 599 ? status : null;

    private JsonBody Probe(ParseResult parse, JsonElement current)
    {
        var url = parse.GetValue(probeUrl) ?? current.Text("url")
            ?? throw new CliException(ExitCodes.Usage, $"{probeUrl.Name} is required: there is no probe yet");
        var status = parse.GetValue(probeStatus) is { } text ? Status(text) : (int?)current.Number("expect_status");
        return new JsonBody()
            .Add("url", url)
            .Add("interval_seconds", parse.GetValue(probeInterval) ?? (int?)current.Number("interval_seconds"))
            .Add("timeout_seconds", parse.GetValue(probeTimeout) ?? (int?)current.Number("timeout_seconds"))
            .Add("expect_status", status);
    }

    private string? Date(ParseResult parse) =>
        parse.GetValue(startDate) is not { } text || DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _)
            ? parse.GetValue(startDate)
            : throw new CliException(ExitCodes.Usage, $"{startDate.Name}: '{TerminalText.Line(text)}' is not a date; use the form 2026-05-22");
}
