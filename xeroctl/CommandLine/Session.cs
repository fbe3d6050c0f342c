using System.CommandLine;
using System.Text;
using System.Text.Json;

namespace Xerotier.Xeroctl.CommandLine;

/// <summary>One invocation of a command: its settings, its connection and where it writes.</summary>
internal sealed class Session(ParseResult parse) : IDisposable
{
    private Settings? settings;
    private ApiClient? client;

    /// <summary>The clock for relative times.</summary>
    public TimeProvider Clock { get; } = TimeProvider.System;

    /// <summary>Where to send requests, and how to print.</summary>
    /// <exception cref="CliException">The configuration is wrong or incomplete.</exception>
    public Settings Settings => settings ??= Settings.Resolve(parse);

    /// <summary>Whether the command must send and write nothing.</summary>
    public bool IsDryRun => parse.GetValue(GlobalOptions.DryRun);

    /// <summary>The sender of requests.</summary>
    public ApiClient Client => client ??= new(parse.GetValue(GlobalOptions.Verbose), TimeSpan.FromSeconds(parse.GetValue(GlobalOptions.Timeout)!.Value));

    private TextWriter Output => parse.InvocationConfiguration.Output;

    /// <summary>A call of the project's API.</summary>
    public ApiCall Call(HttpMethod method, string path, byte[]? body = null) => new(method, new Uri(Settings.Address.Api, path), Settings.Key(platform: false)) { Body = body };

    /// <summary>A call of the platform's own API, at the host's root.</summary>
    public ApiCall PlatformCall(HttpMethod method, string path, byte[]? body = null) => new(method, new Uri(Settings.Address.Root, $"v1/platform/{path}"), Settings.Key(platform: true)) { Body = body };

    /// <summary>A call of what everybody can read, at the host's root.</summary>
    public ApiCall PublicCall(string path) => new(HttpMethod.Get, new Uri(Settings.Address.Root, path), null);

    /// <summary>
    /// Sends <paramref name="call"/> and shows the response: unchanged with <c>-o json</c>, else with <paramref name="view"/>. What the
    /// operator should know of the change goes to standard error.
    /// </summary>
    public async Task<int> ShowAsync(ApiCall call, Action<Screen, JsonElement> view, CancellationToken cancel)
    {
        if (DryRun(call))
        {
            return ExitCodes.Ok;
        }

        var response = await Client.SendAsync(call, cancel);
        Show(response, view);
        Output.Flush();
        foreach (var warning in response.Json.Items("warnings"))
        {
            await Terminal.Error.WriteLineAsync(TerminalText.Line($"xeroctl: warning: {warning.Text("message") ?? warning.Text("code")}{(warning.Text("id") is { } id ? $" ({id})" : "")}"));
        }

        return ExitCodes.Ok;
    }

    /// <summary>Shows a response: unchanged with <c>-o json</c>, else with <paramref name="view"/>.</summary>
    public void Show(ApiResponse response, Action<Screen, JsonElement> view)
    {
        if (Settings.Json)
        {
            WriteJson(response.Body);
        }
        else
        {
            view(Screen(), response.Json);
        }
    }

    /// <summary>With <c>--dry-run</c>, prints the request instead of sending it.</summary>
    /// <returns>Whether it did.</returns>
    public bool DryRun(ApiCall call)
    {
        if (!IsDryRun)
        {
            return false;
        }

        Output.Write($"{call.Method} {call.Address}\n");
        foreach (var (name, value) in call.Headers())
        {
            Output.Write($"{name}: {TerminalText.Line(TerminalText.Redact(value, call.Key))}\n");
        }

        if (call.Body is not null)
        {
            Output.Write($"Content-Type: application/json\n\n{Encoding.UTF8.GetString(call.Body)}\n");
        }

        return true;
    }

    /// <summary>
    /// Writes JSON byte for byte. On a terminal, characters that would control it become <c>\u</c> escapes of the same document, and the
    /// text ends in a line break.
    /// </summary>
    public void WriteJson(byte[] json)
    {
        Output.Flush();
        if (Terminal.IsOutput)
        {
            Output.Write(TerminalText.Json(Encoding.UTF8.GetString(json)).TrimEnd('\n') + "\n");
            Output.Flush();
            return;
        }

        using var stream = Terminal.Output();
        stream.Write(json);
        stream.Flush();
    }

    /// <summary>Standard output as this command writes it for people or pipes.</summary>
    public Screen Screen() => new(Output, Terminal.IsOutput, Terminal.HasColor, Terminal.Width, Clock.GetUtcNow());

    /// <summary>Asks before something that cannot be undone. Without a terminal, or with <c>--yes</c>, it does not ask.</summary>
    /// <exception cref="CliException">The person declined.</exception>
    public async Task ConfirmAsync(Func<Task<string>> question)
    {
        if (parse.GetValue(GlobalOptions.Yes) || IsDryRun || !Terminal.CanAsk)
        {
            return;
        }

        if (!Terminal.Confirm(await question()))
        {
            throw new CliException(ExitCodes.Failure, "nothing was changed");
        }
    }

    /// <summary>Reads an option that takes a time.</summary>
    /// <returns>Its wire form, or null where the option was not given.</returns>
    /// <exception cref="CliException">It is not a time.</exception>
    public string? Time(Option<string?> option)
    {
        if (parse.GetValue(option) is not { } text)
        {
            return null;
        }

        var (value, error) = Times.Parse(text, Clock.GetUtcNow());
        return error is null ? Times.Wire(value) : throw new CliException(ExitCodes.Usage, $"{option.Name}: {TerminalText.Line(error)}");
    }

    /// <summary>Checks an id before it becomes a part of a URL.</summary>
    /// <exception cref="CliException">It cannot be one.</exception>
    public static string Id(string text, string what) =>
        text.Length is > 0 and <= 128 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-')
            ? text
            : throw new CliException(ExitCodes.Usage, $"'{TerminalText.Line(text)}' is not a valid {what} id");

    /// <inheritdoc/>
    public void Dispose() => client?.Dispose();
}
