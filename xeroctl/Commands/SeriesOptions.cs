using System.CommandLine;

namespace Xerotier.Xeroctl.Commands;

/// <summary>The options that set a series' fields.</summary>
internal sealed class SeriesOptions
{
    private readonly Option<string?> title;
    private readonly Option<string?> description;
    private readonly Option<string?> timezone;
    private readonly Option<string?> startsOn;
    private readonly Option<string?> localTime;
    private readonly Option<string?> duration;
    private readonly Option<string?> rrule;
    private readonly Option<string[]> exdates;
    private readonly Option<int?> horizonDays;
    private readonly Option<string?> severity;
    private readonly Option<string[]> services;
    private readonly Option<bool?> autoTransition;
    private readonly NotifyOptions notify;

    private SeriesOptions(bool creating, bool named)
    {
        string Default(string value) => creating ? $" (default: {value})" : "";
        title = WindowOptions.Title(required: named);
        description = WindowOptions.Description(required: named);
        timezone = new("--timezone") { Description = "Time zone of the IANA database, such as Europe/Berlin", HelpName = "zone", Required = creating };
        startsOn = new("--starts-on") { Description = "First local date on which there may be an occurrence", HelpName = "yyyy-mm-dd", Required = creating };
        localTime = new("--local-time") { Description = "Start of each occurrence by the clocks of the time zone", HelpName = "hh:mm", Required = creating };
        duration = new("--duration") { Description = "Elapsed time of each occurrence, 5 minutes to 24 hours: 1h30m, or ISO 8601 such as PT1H30M", HelpName = "time", Required = creating };
        rrule = new("--rrule") { Description = "Rule for the dates as in RFC 5545, such as FREQ=WEEKLY;BYDAY=SU", HelpName = "rule", Required = creating };
        exdates = new("--exdate") { Description = "Local date without an occurrence" + (creating ? "" : "; replaces the current list. One empty value clears the list"), HelpName = "yyyy-mm-dd" };
        horizonDays = OptionRules.Integer(new("--horizon-days") { Description = "Days ahead for which windows are made, 7 to 90" + Default("60"), HelpName = "n" }, 7, 90);
        severity = WindowOptions.Severity(creating);
        services = WindowOptions.Services(creating);
        autoTransition = OptionRules.Switch("--auto-transition", "Activate each occurrence at its start and complete it at its end" + Default("true"));
        notify = new(creating, "the start of each occurrence");
    }

    private Option[] All => [title, description, timezone, startsOn, localTime, duration, rrule, exdates, horizonDays, severity, services, autoTransition, .. notify.All];

    /// <summary>The names of the options, for a message.</summary>
    public string Names => string.Join(", ", All.Select(option => option.Name));

    /// <summary>The options of a new series.</summary>
    public static SeriesOptions Create() => new(creating: true, named: true);

    /// <summary>The options of a series that is not stored, which therefore needs no title.</summary>
    public static SeriesOptions Preview() => new(creating: true, named: false);

    /// <summary>The options of a change.</summary>
    public static SeriesOptions Update() => new(creating: false, named: false);

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Leaf leaf)
    {
        foreach (var option in All)
        {
            leaf.Add(option);
        }
    }

    /// <summary>The local time that was given.</summary>
    public string? LocalTime(ParseResult parse) => parse.GetValue(localTime);

    /// <summary>The request body of the options that were given.</summary>
    /// <param name="parse">The options.</param>
    /// <param name="untitled">Of a series that is not stored: its title where none was given; then the description may be absent too.</param>
    public JsonBody Body(ParseResult parse, string? untitled = null)
    {
        var body = new JsonBody()
            .Add("title", parse.GetValue(title) ?? untitled)
            .Add("description", parse.GetValue(description) ?? (untitled is null ? null : ""))
            .Add("severity", parse.GetValue(severity))
            .Add("affected_services", parse.GetList(services))
            .Add("auto_transition", parse.GetSwitch(autoTransition))
            .Add("timezone", parse.GetValue(timezone))
            .Add("starts_on", parse.GetValue(startsOn))
            .Add("local_time", parse.GetValue(localTime))
            .Add("duration", parse.GetValue(duration) is [>= '0' and <= '9', ..] shorthand ? $"PT{shorthand.ToUpperInvariant()}" : parse.GetValue(duration))
            .Add("rrule", parse.GetValue(rrule))
            .Add("exdates", parse.GetList(exdates))
            .Add("horizon_days", parse.GetValue(horizonDays));
        notify.AddTo(body, parse);
        return body;
    }
}
