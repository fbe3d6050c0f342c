using System.CommandLine;

namespace Xerotier.Xeroctl.Commands;

/// <summary>The options for what subscribers are told of a window, or of each of a series.</summary>
/// <param name="creating">Whether the object is new.</param>
/// <param name="start">What the reminders come before.</param>
internal sealed class NotifyOptions(bool creating, string start)
{
    private readonly Option<string[]> reminders = new("--reminder")
    {
        Description = $"Reminder to subscribers before {start}, such as -30m, -24h or -7d; up to 5" + (creating ? " (default: -24h and -1h)" : ". Replaces the current list"),
        HelpName = "offset",
    };

    private readonly Option<bool> noReminders = new("--no-reminders") { Description = "Do not remind subscribers" };
    private readonly Option<bool?> noNotify = OptionRules.Switch("--no-notify", creating ? "Do not notify subscribers" : "Do not notify subscribers; false: notify them again");

    /// <summary>The options.</summary>
    public Option[] All => [reminders, noReminders, noNotify];

    /// <summary>Adds what was given to a request body.</summary>
    /// <exception cref="CliException">Both reminders and none.</exception>
    public void AddTo(JsonBody body, ParseResult parse)
    {
        var none = parse.GetValue(noReminders);
        if (none && parse.GetResult(reminders) is not null)
        {
            throw new CliException(ExitCodes.Usage, "use either --reminder or --no-reminders");
        }

        body.Add("reminders", none ? [] : parse.GetList(reminders)).Add("notify", !parse.GetSwitch(noNotify));
    }
}
