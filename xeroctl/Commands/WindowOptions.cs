using System.CommandLine;

namespace Xerotier.Xeroctl.Commands;

/// <summary>The options that set a window's fields.</summary>
/// <param name="creating">Whether the window is new: some options are required then, and the API has defaults for others.</param>
internal sealed class WindowOptions(bool creating)
{
    private static readonly string[] Severities = ["info", "warning", "critical"];

    private readonly Option<string?> title = Title(required: creating);
    private readonly Option<string?> description = Description(required: creating);
    private readonly Option<string?> startsAt = new("--starts-at") { Description = $"Start time. {Times.Syntax}", HelpName = "time", Required = creating };
    private readonly Option<string?> endsAt = new("--ends-at") { Description = "End time, in the same form", HelpName = "time", Required = creating };
    private readonly Option<string?> severity = Severity(creating);
    private readonly Option<string?> status = OptionRules.OneOf(
        new Option<string?>("--status") { Description = "scheduled, active, completed or cancelled" + (creating ? " (default: scheduled)" : ""), HelpName = "state" }, States);

    private readonly Option<string[]> services = Services(creating);
    private readonly Option<bool?> autoTransition = OptionRules.Switch("--auto-transition", "Activate the window at its start and complete it at its end");
    private readonly NotifyOptions notify = new(creating, "the start");

    /// <summary>The states of a window.</summary>
    public static readonly string[] States = ["scheduled", "active", "completed", "cancelled"];

    /// <summary><c>--title</c>, of a window or of each of a series.</summary>
    public static Option<string?> Title(bool required) => new("--title") { Description = "Short title, 1 to 200 characters", HelpName = "text", Required = required };

    /// <summary><c>--description</c>, of a window or of each of a series.</summary>
    public static Option<string?> Description(bool required) => new("--description") { Description = "Description for the status page, up to 2000 characters", HelpName = "text", Required = required };

    /// <summary><c>--severity</c>, of a window or of each of a series.</summary>
    public static Option<string?> Severity(bool creating) => OptionRules.OneOf(
        new Option<string?>("--severity") { Description = "info, warning or critical" + (creating ? " (default: info)" : ""), HelpName = "level" }, Severities);

    /// <summary><c>--affected-service</c>, of a window or of each of a series.</summary>
    public static Option<string[]> Services(bool creating) => new("--affected-service")
    {
        Description = creating ? "Affected service of the status page; omit it if all are affected" : "Affected service; replaces the current list. One empty value clears the list",
        HelpName = "name",
        CompletionSources = { "Dashboard", "Inference Routing", "Shared Agents", "Model Storage" },
    };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Leaf leaf)
    {
        foreach (var option in (Option[])[title, description, startsAt, endsAt, severity, services, status, autoTransition, .. notify.All])
        {
            leaf.Add(option);
        }
    }

    /// <summary>The request body of the options that were given.</summary>
    public JsonBody Body(Session session, ParseResult parse)
    {
        var body = new JsonBody()
            .Add("title", parse.GetValue(title))
            .Add("description", parse.GetValue(description))
            .Add("severity", parse.GetValue(severity))
            .Add("affected_services", parse.GetList(services))
            .Add("starts_at", session.Time(startsAt))
            .Add("ends_at", session.Time(endsAt))
            .Add("status", parse.GetValue(status))
            .Add("auto_transition", parse.GetSwitch(autoTransition));
        notify.AddTo(body, parse);
        return body;
    }
}
