using System.Text;
using Tomlyn.Parsing;
using Tomlyn.Syntax;

namespace Xerotier.Xeroctl.Configuration;

/// <summary>
/// The configuration file. It is read as a syntax tree, so that every error names its line, and changed in place, so that
/// comments and layout stay as their author left them.
/// </summary>
internal sealed class ConfigFile
{
    private readonly DocumentSyntax document;
    private readonly string text;

    private ConfigFile(string path, string text)
    {
        (Path, this.text) = (path, text);
        document = SyntaxParser.Parse(text, path, validate: true);
        foreach (var message in document.Diagnostics)
        {
            if (message.Kind == DiagnosticMessageKind.Error)
            {
                throw Wrong(message.Span.Start.Line, TerminalText.Line(message.Message.TrimEnd('.')));
            }
        }

        foreach (var entry in document.KeyValues)
        {
            Read([], entry);
        }

        foreach (var table in document.Tables)
        {
            var path0 = KeyPath(table.Name!);
            if (table is TableArraySyntax || path0 is not ["deployment", _])
            {
                throw Wrong(Line(table), $"[{TerminalText.Line(string.Join('.', path0))}] is not known here; the tables of this file are [deployment.<name>]");
            }

            At(path0[1], Line(table));
            foreach (var entry in table.Items)
            {
                Read(path0, entry);
            }
        }
    }

    /// <summary>The file's path, whether it exists or not.</summary>
    public string Path { get; }

    /// <summary>The context to use when none is named.</summary>
    public ConfigValue? Current { get; private set; }

    /// <summary>The contexts in the order of the file.</summary>
    public List<Deployment> Deployments { get; } = [];

    /// <summary>The file's place: <c>$XDG_CONFIG_HOME/xeroctl/config.toml</c>, by default under <c>~/.config</c>.</summary>
    /// <exception cref="CliException">Neither variable is set.</exception>
    public static string DefaultPath
    {
        get
        {
            var folder = Environment.GetEnvironmentVariable("XDG_CONFIG_HOME") ?? "";
            if (!System.IO.Path.IsPathFullyQualified(folder))
            {
                folder = System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify), ".config");
            }

            // The owner of the working directory must not decide where the key goes.
            return System.IO.Path.IsPathFullyQualified(folder)
                ? System.IO.Path.Combine(folder, "xeroctl", "config.toml")
                : throw new CliException(ExitCodes.Usage, "no place for the configuration; set HOME or XDG_CONFIG_HOME to an absolute path");
        }
    }

    /// <summary>Reads the file; a missing file is empty.</summary>
    /// <exception cref="CliException">It cannot be read or is invalid.</exception>
    public static ConfigFile Load()
    {
        var path = DefaultPath;
        try
        {
            return new(path, new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(File.ReadAllBytes(path)).TrimStart('\uFEFF'));
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            return new(path, "");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or DecoderFallbackException)
        {
            throw new CliException(ExitCodes.Usage, $"{path}:1: the configuration cannot be read: {failure.Message}");
        }
    }

    /// <summary>The context of that name.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="source">Where the name comes from, for the error message.</param>
    /// <exception cref="CliException">It does not exist.</exception>
    public Deployment Find(string name, string source) =>
        Deployments.Find(deployment => deployment.Name == name)
        ?? throw new CliException(ExitCodes.Usage, $"{source}: no context '{TerminalText.Line(name)}' in {Path}{(Deployments.Count == 0 ? "; add one with 'xeroctl config init'" : $"; contexts: {string.Join(", ", Deployments.Select(deployment => TerminalText.Line(deployment.Name)))}")}");

    /// <summary>The file's text with <paramref name="name"/> as the current context.</summary>
    public string WithCurrent(string name)
    {
        var line = $"current = {Quote(name)}";
        foreach (var entry in document.KeyValues)
        {
            if (KeyPath(entry.Key!) is ["current"])
            {
                return Replace(entry.Value!.Span, Quote(name));
            }
        }

        return text.Length == 0 ? line + "\n" : $"{line}\n{(text.StartsWith('[') ? "\n" : "")}{text}";
    }

    /// <summary>The file's text with that context added or replaced.</summary>
    /// <exception cref="CliException">It is not written as a table of its own.</exception>
    public string WithDeployment(string name, IEnumerable<(string Key, string Value)> values)
    {
        var table = $"[deployment.{name}]\n{string.Concat(values.Select(value => $"{value.Key} = {Quote(value.Value)}\n"))}";
        foreach (var existing in document.Tables)
        {
            if (KeyPath(existing.Name!) is ["deployment", var other] && other == name)
            {
                var start = existing.OpenBracket!.Span.Offset;
                var end = existing.Items.ChildrenCount == 0 ? existing.CloseBracket!.Span : existing.Items.GetChild(existing.Items.ChildrenCount - 1)!.Value!.Span;
                var after = end.Offset + end.Length;
                var newline = text.IndexOf('\n', after);
                return text[..start] + table + (newline < 0 ? "" : text[(newline + 1)..]);
            }
        }

        return Deployments.Exists(deployment => deployment.Name == name)
            ? throw new CliException(ExitCodes.Usage, $"{Find(name, "").Source}: the context '{name}' is not written as a table [deployment.{name}]; change it by hand")
            : text.Length == 0 ? table : $"{text.TrimEnd('\n')}\n\n{table}";
    }

    /// <summary>The same file with other text, checked.</summary>
    /// <exception cref="CliException">The text is wrong.</exception>
    public ConfigFile With(string newText) => new(Path, newText);

    /// <summary>Writes the file with mode 600: completely and flushed beside the old one, then renamed over it.</summary>
    /// <exception cref="CliException">It cannot be written.</exception>
    public void Save()
    {
        try
        {
            var target = new FileInfo(Path).LinkTarget is null ? Path : File.ResolveLinkTarget(Path, returnFinalTarget: true)!.FullName;
            var folder = System.IO.Path.GetDirectoryName(target)!;
            var temporary = System.IO.Path.Combine(folder, $".config.{Environment.ProcessId}.tmp");
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(folder);
            }
            else
            {
                Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }

            File.Delete(temporary);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            using (var stream = new FileStream(temporary, options))
            {
                stream.Write(Encoding.UTF8.GetBytes(text));
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, target, overwrite: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCodes.Failure, $"{Path}: the configuration cannot be written: {failure.Message}");
        }
    }

    /// <summary>The file's text.</summary>
    public override string ToString() => text;

    /// <summary>Whether a context may have that name when xeroctl writes it.</summary>
    public static bool IsName(string name) => name.Length is > 0 and <= 64 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');

    private void Read(string[] table, KeyValueSyntax entry)
    {
        string[] path = [.. table, .. KeyPath(entry.Key!)];
        if (entry.Value is InlineTableSyntax inline && path.Length < 3)
        {
            foreach (var item in inline.Items)
            {
                Read(path, item.KeyValue!);
            }

            return;
        }

        var name = TerminalText.Line(path[^1]);
        if (path is not (["current"] or ["deployment", _, "base_url" or "api_key" or "api_key_env" or "output"]))
        {
            throw Wrong(Line(entry), path is ["deployment", _, _]
                ? $"'{name}' is not known here; a context has base_url, api_key or api_key_env, and output"
                : $"'{TerminalText.Line(string.Join('.', path))}' is not known here; the file has current and [deployment.<name>]");
        }

        if (entry.Value is not StringValueSyntax { Value: { } value })
        {
            throw Wrong(Line(entry), $"'{name}' must be a quoted string");
        }

        var setting = new ConfigValue(value, $"{Path}:{Line(entry) + 1}");
        if (path.Length == 1)
        {
            Current = setting;
            return;
        }

        var deployment = At(path[1], Line(entry));
        _ = path[2] switch
        {
            "base_url" => deployment.BaseUrl = setting,
            "api_key" => deployment.ApiKey = setting,
            "api_key_env" => deployment.ApiKeyEnvironment = setting,
            _ => value is "table" or "json" ? deployment.Output = setting : throw Wrong(Line(entry), "output must be \"table\" or \"json\""),
        };
        if (deployment is { ApiKey: not null, ApiKeyEnvironment: not null })
        {
            throw Wrong(Line(entry), $"the context '{TerminalText.Line(deployment.Name)}' has both api_key and api_key_env; keep one");
        }
    }

    private Deployment At(string name, int line)
    {
        if (Deployments.Find(deployment => deployment.Name == name) is not { } found)
        {
            Deployments.Add(found = new(name, $"{Path}:{line + 1}"));
        }

        return found;
    }

    private CliException Wrong(int line, string what) => new(ExitCodes.Usage, $"{Path}:{line + 1}: {what}");

    private string Replace(SourceSpan span, string value) => string.Concat(text.AsSpan(0, span.Offset), value, text.AsSpan(span.Offset + span.Length));

    private static int Line(SyntaxNode node) => node.Span.Start.Line;

    private static string[] KeyPath(KeySyntax key) => [Part(key.Key!), .. key.DotKeys.Select(dot => Part(dot.Key!))];

    private static string Part(BareKeyOrStringValueSyntax part) => part switch
    {
        BareKeySyntax bare => bare.Key!.Text!,
        StringValueSyntax quoted => quoted.Value!,
        _ => part.ToString(),
    };

    // A basic TOML string. URLs, keys and names with control characters were rejected before.
    private static string Quote(string value) => $"\"{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
