using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Xerotier.Xeroctl.Commands;

/// <summary><c>xeroctl health</c>.</summary>
internal static class HealthCommands
{
    /// <summary>The group.</summary>
    public static Group Group() => new("health", "Show the health of the project's routing, workers and endpoints.", Dashboard());

    private static Leaf Dashboard()
    {
        var watch = new Option<bool>("--watch", "-w") { Description = "Keep the output up to date until Ctrl-C; the exit code is then 0" };
        var interval = OptionRules.Integer(new Option<int?>("--interval") { Description = "Seconds between two requests with --watch, 1 to 3600", HelpName = "seconds", DefaultValueFactory = _ => 2 }, 1, 3600);
        var limit = OptionRules.Integer(new Option<int?>("--limit") { Description = "Maximum number of workers to list, 1 to 1000 (default: 100); counts always cover all workers", HelpName = "n" }, 1, 1000);
        return new Leaf(
            "dashboard",
            "Show the health of the project: routers, workers, endpoints and maintenance.",
            "xeroctl health dashboard",
            "xeroctl health dashboard --watch",
            "xeroctl health dashboard -o json | jq .workers.stale")
        {
            Options = { watch, interval, limit },
            Remarks = "--watch redraws a terminal in place. In a pipe, it prints the whole dashboard each time something other than an age changes.",
        }.Handle(async (session, parse, cancel) =>
        {
            var call = session.Call(HttpMethod.Get, parse.GetValue(limit) is { } count ? $"health/dashboard?limit={count}" : "health/dashboard");
            return parse.GetValue(watch) && !session.IsDryRun
                ? await WatchAsync(session, call, TimeSpan.FromSeconds(parse.GetValue(interval)!.Value), cancel)
                : await session.ShowAsync(call, DashboardView.Write, cancel);
        });
    }

    private static async Task<int> WatchAsync(Session session, ApiCall call, TimeSpan interval, CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        var live = Terminal.CanRedraw && !session.Settings.Json;
        using var alternate = live ? new AlternateScreen() : null;
        alternate?.Draw(screen => screen.Line(new Piece($"Connecting to {call.Address.Authority} …", Tone.Faint)));
        JsonElement last = default;
        try
        {
            while (true)
            {
                string? problem = null;
                try
                {
                    var response = await session.Client.SendAsync(call, stop.Token);
                    if (response.Status != 304)
                    {
                        last = response.Json;
                        call = live ? call : call with { IfNoneMatch = response.ETag };
                        if (!live)
                        {
                            session.Show(response, DashboardView.Write);
                            if (session.Settings.Json && !Terminal.IsOutput)
                            {
                                session.WriteJson("\n"u8.ToArray());
                            }

                            session.Screen().Flush();
                        }
                    }
                }
                catch (CliException failure) when (failure.ExitCode is ExitCodes.Unreachable or ExitCodes.RateLimited or ExitCodes.Failure)
                {
                    problem = failure.Message; // these can pass; a wrong key or command line cannot
                    if (!live)
                    {
                        await Terminal.Error.WriteLineAsync($"xeroctl: {TerminalText.Line(problem)}");
                    }
                }

                alternate?.Draw(screen =>
                {
                    if (problem is not null)
                    {
                        screen.Paragraph(problem, tone: Tone.Bad);
                        screen.Line();
                    }

                    if (last.ValueKind == JsonValueKind.Object)
                    {
                        DashboardView.Write(screen, last);
                    }
                });
                await Task.Delay(interval, stop.Token);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return ExitCodes.Ok;
        }
    }
}
