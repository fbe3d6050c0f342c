using System.CommandLine;

namespace Xerotier.Xeroctl.Commands;

/// <summary><c>xeroctl events</c>: the audit trail of the whole project.</summary>
internal static class EventsCommand
{
    private static readonly string[] Objects = ["maintenance_window", "maintenance_series", "incident", "component"];

    /// <summary>The command.</summary>
    public static Leaf Leaf()
    {
        var objects = OptionRules.OneOf(new Option<string[]>("--object") { Description = "List only changes of objects of this kind", HelpName = "kind" }, Objects);
        var events = new EventList(namesObjects: true);
        var leaf = new Leaf(
            "events",
            "List the changes of the project's maintenance windows, series and incidents: who did what, and when.",
            "xeroctl events",
            "xeroctl events --object incident --object maintenance_window --all",
            "xeroctl events --limit 1 -o json | jq .data[0].after")
        {
            Remarks = "A project of the platform sees the changes of components, too. Nothing is ever removed from the list.",
        };
        leaf.Add(objects);
        events.AddTo(leaf);
        return leaf.Handle((session, parse, cancel) => events.ShowAsync(
            session, parse, query => session.Call(HttpMethod.Get, $"management/events{query}"), cancel, (parse.GetValue(objects) ?? []).Select(kind => $"object={kind}")));
    }
}
