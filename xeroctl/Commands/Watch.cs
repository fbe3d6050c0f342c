using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Xerotier.Xeroctl.Commands;

/// <summary>Shows something again and again: <c>--watch</c>, <c>--interval</c>.</summary>
internal sealed class Watch
{
    private readonly Option<bool> watch = new("--watch", "-w") { Description = "Keep the output up to date until Ctrl-C; the exit code is then 0" };
    private readonly Option<int?> interval = OptionRules.Integer(new Option<int?>("--interval") { Description = "Seconds between two requests with --watch, 1 to 3600", HelpName = "seconds", DefaultValueFactory = _ => 2 }, 1, 3600);

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Leaf leaf)
    {
        leaf.Add(watch);
        leaf.Add(interval);
    }

    /// <summary>Whether <c>--watch</c> was given.</summary>
    public bool IsOn(ParseResult parse) => parse.GetValue(watch);

    /// <summary>
    /// Sends <paramref name="call"/> and shows the response until Ctrl-C. A terminal is redrawn in place; elsewhere the response is
    /// printed whenever it has changed.
    /// </summary>
    public async Task<int> RunAsync(Session session, ParseResult parse, ApiCall call, Action<Screen, JsonElement> view, CancellationToken cancel)
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
                            session.Show(response, view);
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
                        view(screen, last);
                    }
                });
                await Task.Delay(TimeSpan.FromSeconds(parse.GetValue(interval)!.Value), stop.Token);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return ExitCodes.Ok;
        }
    }
}
