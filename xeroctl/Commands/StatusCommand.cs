using System.CommandLine;

namespace Xerotier.Xeroctl.Commands;

/// <summary><c>xeroctl status</c>: the public page's data, and an exit code for scripts.</summary>
internal static class StatusCommand
{
    /// <summary>The command.</summary>
    public static Leaf Leaf()
    {
        var watch = new Watch();
        var open = new Option<bool>("--open") { Description = "Open the status page in a browser; print its address if there is none" };
        var leaf = new Leaf(
            "status",
            "Show the platform's overall status, its open incidents and its services with their last days. Needs no API key.",
            "xeroctl status",
            "xeroctl status --watch",
            "xeroctl status --open",
            "xeroctl status >/dev/null || echo \"not operational ($?)\"")
        {
            Remarks = "Exits with 0 only if the platform is operational and the data is live, with 8 if it is not operational or the data is stale, and with 7 if the server is unreachable. "
                + "--watch redraws a terminal in place. In a pipe, it prints the whole status each time it changes.",
        };
        watch.AddTo(leaf);
        leaf.Add(open);
        return leaf.Handle(async (session, parse, cancel) =>
        {
            if (parse.GetValue(open))
            {
                return watch.IsOn(parse) ? throw new CliException(ExitCodes.Usage, "use either --open or --watch") : await OpenAsync(session);
            }

            var call = session.PublicCall("status.json");
            if (session.DryRun(call))
            {
                return ExitCodes.Ok;
            }

            if (watch.IsOn(parse))
            {
                return await watch.RunAsync(session, parse, call, StatusView.Write, cancel);
            }

            var response = await session.Client.SendAsync(call, cancel);
            session.Show(response, StatusView.Write);
            return response.Json.Child("overall").Text("key") == "operational" && response.Json.Text("stale_since") is null ? ExitCodes.Ok : ExitCodes.NotOperational;
        });
    }

    private static async Task<int> OpenAsync(Session session)
    {
        var page = new Uri(session.Settings.Address.Root, "status");
        if (session.IsDryRun || !await Browser.OpenAsync(page))
        {
            session.Screen().Paragraph(page.AbsoluteUri);
        }

        return ExitCodes.Ok;
    }
}
