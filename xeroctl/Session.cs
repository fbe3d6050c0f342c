using System.CommandLine;
using System.Text;
using System.Text.Json;

namespace Xerotier.Xeroctl;

/// <summary>One invocation of a command: its settings, its connection and where it writes.</summary>
internal sealed class Session(ParseResult parse) : IDisposable
{
    private Settings? settings;
    private ApiClient? client;

    /// <summary>The clock that relative times count from.</summary>
    public TimeProvider Clock { get; } = TimeProvider.System;

    /// <summary>Where to send requests, and how to print.</summary>
    /// <exception cref="CliException">The configuration is wrong or incomplete.</exception>
    public Settings Settings => settings ??= Settings.Resolve(parse);

    /// <summary>Whether nothing may be sent or written.</summary>
    public bool IsDryRun => parse.GetValue(GlobalOptions.DryRun);

    /// <summary>The sender of requests.</summary>
    public ApiClient Client => client ??= new(parse.GetValue(GlobalOptions.Verbose), TimeSpan.FromSeconds(parse.GetValue(GlobalOptions.Timeout)!.Value));

    private TextWriter Output => parse.InvocationConfiguration.Output;

    /// <summary>A call of the project's API.</summary>
    public ApiCall Call(HttpMethod method, string path, byte[]? body = null) => new(method, new Uri(Settings.Address.Api, path), Settings.Key(platform: false)) { Body = body };

    /// <summary>A call of the platform's own API, at the host's root.</summary>
    public ApiCall PlatformCall(HttpMethod method, string path, byte[]? body = null) => new(method, new Uri(Settings.Address.Root, $"v1/platform/{path}"), Settings.Key(platform: true)) { Body = body };

    /// <summary>Sends <paramref name="call"/> and shows its answer: as it came with <c>-o json</c>, else with <paramref name="view"/>.</summary>
    public async Task<int> ShowAsync(ApiCall call, Action<Screen, JsonElement> view, CancellationToken cancel)
    {
        if (DryRun(call))
        {
            return ExitCodes.Ok;
        }

        var answer = await Client.SendAsync(call, cancel);
        Show(answer, view);
        return ExitCodes.Ok;
    }

    /// <summary>Shows an answer: as it came with <c>-o json</c>, else with <paramref name="view"/>.</summary>
    public void Show(ApiAnswer answer, Action<Screen, JsonElement> view)
    {
        if (Settings.Json)
        {
            WriteJson(answer.Body);
        }
        else
        {
            view(Screen(), answer.Json);
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
            Output.Write($"{name}: {Printable.Line(Printable.WithoutKeys(value, call.Key))}\n");
        }

        if (call.Body is not null)
        {
            Output.Write($"Content-Type: application/json\n\n{Encoding.UTF8.GetString(call.Body)}\n");
        }

        return true;
    }

    /// <summary>
    /// Writes JSON byte for byte. Only a terminal gets what it would obey, such as a raw escape character, as the same document's
    /// <c>\u</c> escapes, and a line break at the end.
    /// </summary>
    public void WriteJson(byte[] json)
    {
        Output.Flush();
        if (Terminal.IsOutput)
        {
            Output.Write(Printable.Json(Encoding.UTF8.GetString(json)).TrimEnd('\n') + "\n");
            Output.Flush();
            return;
        }

        using var stream = Terminal.Output();
        stream.Write(json);
        stream.Flush();
    }

    /// <summary>Standard output as this command writes it for people or pipes.</summary>
    public Screen Screen() => new(Output, Terminal.IsOutput, Terminal.HasColour, Terminal.Width, Clock.GetUtcNow());

    /// <summary>Asks before something that cannot be undone; without a terminal, or with <c>--yes</c>, it goes ahead.</summary>
    /// <exception cref="CliException">The answer was not yes.</exception>
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
    /// <exception cref="CliException">It is no time.</exception>
    public string? Time(Option<string?> option)
    {
        if (parse.GetValue(option) is not { } text)
        {
            return null;
        }

        var (value, error) = Times.Parse(text, Clock.GetUtcNow());
        return error is null ? Times.Wire(value) : throw new CliException(ExitCodes.Usage, $"{option.Name}: {Printable.Line(error)}");
    }

    /// <summary>Checks an id before it becomes a part of a URL.</summary>
    /// <exception cref="CliException">It cannot be one.</exception>
    public static string Id(string text, string what) =>
        text.Length is > 0 and <= 128 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-')
            ? text
            : throw new CliException(ExitCodes.Usage, $"'{Printable.Line(text)}' is no {what} id");

    /// <inheritdoc/>
    public void Dispose() => client?.Dispose();
}

/// <summary>A JSON object that is built member by member; what is null is left out.</summary>
internal sealed class JsonBody
{
    private readonly List<Action<Utf8JsonWriter>> members = [];

    /// <summary>Whether nothing was added.</summary>
    public bool IsEmpty => members.Count == 0;

    /// <summary>Adds a text.</summary>
    public JsonBody Add(string name, string? value) => value is null ? this : Add(writer => writer.WriteString(name, value));

    /// <summary>Adds a truth value.</summary>
    public JsonBody Add(string name, bool? value) => value is null ? this : Add(writer => writer.WriteBoolean(name, value.Value));

    /// <summary>Adds a list of texts.</summary>
    public JsonBody Add(string name, IReadOnlyCollection<string>? values) => values is null ? this : Add(writer =>
    {
        writer.WriteStartArray(name);
        foreach (var value in values)
        {
            writer.WriteStringValue(value);
        }

        writer.WriteEndArray();
    });

    /// <summary>The object's bytes.</summary>
    public byte[] ToBytes()
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            members.ForEach(member => member(writer));
            writer.WriteEndObject();
        }

        return stream.ToArray();
    }

    private JsonBody Add(Action<Utf8JsonWriter> member)
    {
        members.Add(member);
        return this;
    }
}
