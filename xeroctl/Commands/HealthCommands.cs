using System.CommandLine;

namespace Xerotier.Xeroctl.Commands;

/// <summary><c>xeroctl health</c>.</summary>
internal static class HealthCommands
{
    /// <summary>The group.</summary>
    public static Group Group() => new("health", "Show the health of the project's routing, workers and endpoints.", Dashboard());

    private static Leaf Dashboard()
    {
        var watch = new Watch();
        var limit = OptionRules.Integer(new Option<int?>("--limit") { Description = "Maximum number of workers to list, 1 to 1000 (default: 100); counts always cover all workers", HelpName = "n" }, 1, 1000);
        var search = new Option<string?>("--query") { Description = "List only workers whose ID or name contains this, in any case of letters", HelpName = "text" };
        var leaf = new Leaf(
            "dashboard",
            "Show the health of the project: routers, workers, endpoints and maintenance.",
            "xeroctl health dashboard",
            "xeroctl health dashboard --watch",
            "xeroctl health dashboard --query gpu-b",
            "xeroctl health dashboard -o json | jq .workers.stale")
        {
            Remarks = "--watch redraws a terminal in place. In a pipe, it prints the whole dashboard each time something other than an age changes.",
        };
        watch.AddTo(leaf);
        leaf.Add(search);
        leaf.Add(limit);
        return leaf.Handle((session, parse, cancel) =>
        {
            string[] query =
            [
                .. parse.GetValue(search) is { } text ? [$"q={Uri.EscapeDataString(text)}"] : Array.Empty<string>(),
                .. parse.GetValue(limit) is { } count ? [$"limit={count}"] : Array.Empty<string>(),
            ];
            var call = session.Call(HttpMethod.Get, query.Length > 0 ? $"health/dashboard?{string.Join('&', query)}" : "health/dashboard");
            return watch.IsOn(parse) && !session.IsDryRun
                ? watch.RunAsync(session, parse, call, DashboardView.Write, cancel)
                : session.ShowAsync(call, DashboardView.Write, cancel);
        });
    }
}
