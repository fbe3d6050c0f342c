using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Xerotier.Xeroctl.Commands;

/// <summary><c>xeroctl config</c>: the contexts of the configuration file.</summary>
internal static class ConfigCommands
{
    /// <summary>The group.</summary>
    public static Group Group() => new("config", "Manage contexts: the deployment and project to use.", Init(), Add(), Use(), List(), Show());

    private static Leaf Init()
    {
        var name = Name(arity: ArgumentArity.ZeroOrOne, "Context name (default: \"default\")");
        return new Leaf(
            "init",
            "Set up a context: prompt for the base URL and the API key, check them against the server, and make the context current.",
            "xeroctl config init",
            "xeroctl config init prod --base-url https://xerotier.ai/proj_ABC123/v1 --api-key \"$KEY\"")
        {
            Arguments = { name },
            Remarks = "Prompts only for what --base-url, --api-key, XEROTIER_BASE_URL and XEROTIER_API_KEY do not set. Writes nothing if the server rejects the key.",
        }.Handle(async (session, parse, cancel) =>
        {
            var file = ConfigFile.Load();
            var context = CheckedName(parse.GetValue(name) ?? parse.GetValue(GlobalOptions.Context) ?? "default");
            if (file.Deployments.Exists(deployment => deployment.Name == context))
            {
                await session.ConfirmAsync(() => Task.FromResult(Replace(context)));
                if (!Terminal.CanAsk && !parse.GetValue(GlobalOptions.Yes))
                {
                    throw new CliException(ExitCodes.Conflict, $"{file.Find(context, "").Source}: context '{context}' already exists; use --yes to replace it");
                }
            }

            var address = parse.GetValue(GlobalOptions.BaseUrl) is { } flag ? BaseAddress.Parse(flag, "--base-url")
                : Settings.Variable(GlobalOptions.BaseUrlVariable) is { } variable ? BaseAddress.Parse(variable, GlobalOptions.BaseUrlVariable)
                : ConfigPrompts.Address();
            var key = Settings.Usable(parse.GetValue(GlobalOptions.ApiKey), "--api-key")
                ?? Settings.Usable(Settings.Variable(GlobalOptions.ApiKeyVariable), GlobalOptions.ApiKeyVariable)
                ?? ConfigPrompts.Key();
            var probe = Checked(address, key).HasProject ? new Uri(address.Api, "health/dashboard?limit=1") : new Uri(address.Root, "v1/platform/projects?limit=1");
            var call = new ApiCall(HttpMethod.Get, probe, key);
            if (!session.IsDryRun)
            {
                await session.Client.SendAsync(call, cancel);
            }

            var changed = file.With(file.WithDeployment(context, [("base_url", address.ToString()), ("api_key", key)]));
            return Save(session, changed.With(changed.WithCurrent(context)), key, $"The server accepted the key. Context '{context}' is ready and current.");
        });
    }

    private static Leaf Add()
    {
        var name = Name(ArgumentArity.ExactlyOne, "Context name");
        var variable = new Option<string?>("--api-key-env") { Description = "Environment variable that holds the key, so that the file does not", HelpName = "variable" };
        return new Leaf(
            "add",
            "Add or replace a context. Prompts on a terminal before it replaces one, and does not contact the server. -o json makes JSON the context's default output.",
            "xeroctl config add prod --base-url https://xerotier.ai/proj_ABC123/v1 --api-key-env PROD_KEY",
            "xeroctl config add staging --base-url https://staging.example/proj_XYZ789/v1 --api-key \"$KEY\" -o json",
            "xeroctl config add ops --base-url https://xerotier.ai --api-key \"$PLATFORM_KEY\"")
        {
            name, variable,
        }.Handle(async (session, parse, _) =>
        {
            var context = CheckedName(parse.GetRequiredValue(name));
            var address = BaseAddress.Parse(parse.GetValue(GlobalOptions.BaseUrl) ?? throw new CliException(ExitCodes.Usage, "--base-url is required"), "--base-url");
            var key = Settings.Usable(parse.GetValue(GlobalOptions.ApiKey), "--api-key");
            var keyVariable = parse.GetValue(variable);
            if (key is null == keyVariable is null)
            {
                throw new CliException(ExitCodes.Usage, "use either --api-key or --api-key-env");
            }

            if (keyVariable is not null && !(keyVariable.Length > 0 && keyVariable.All(c => char.IsAsciiLetterOrDigit(c) || c == '_')))
            {
                throw new CliException(ExitCodes.Usage, $"'{TerminalText.Line(keyVariable)}' is not a valid variable name");
            }

            var values = new List<(string, string)> { ("base_url", Checked(address, key ?? Settings.Variable(keyVariable!)).ToString()), key is not null ? ("api_key", key) : ("api_key_env", keyVariable!) };
            if (parse.GetValue(GlobalOptions.Output) is { } output)
            {
                values.Add(("output", output));
            }

            var file = ConfigFile.Load();
            var exists = file.Deployments.Exists(deployment => deployment.Name == context);
            if (exists)
            {
                await session.ConfirmAsync(() => Task.FromResult(Replace(context)));
            }

            var changed = file.With(file.WithDeployment(context, values));
            var isFirst = changed.Current is null;
            var done = $"Context '{context}' is {(exists ? "replaced" : "added")}";
            return Save(
                session,
                isFirst ? changed.With(changed.WithCurrent(context)) : changed,
                key,
                isFirst ? $"{done} and current." : changed.Current!.Text == context ? $"{done}." : $"{done}; run 'xeroctl config use {context}' to make it current.");
        });
    }

    private static Leaf Use()
    {
        var name = Name(ArgumentArity.ExactlyOne, "Context name");
        return new Leaf("use", "Make a context the current one.", "xeroctl config use prod") { name }.Handle((session, parse, _) =>
        {
            var file = ConfigFile.Load();
            var context = file.Find(parse.GetRequiredValue(name), "config use").Name;
            return Task.FromResult(Save(session, file.With(file.WithCurrent(context)), null, $"Context '{context}' is current."));
        });
    }

    private static Leaf List() => new Leaf("list", "List the contexts.", "xeroctl config list").Handle((session, parse, _) =>
    {
        var file = ConfigFile.Load();
        var inEffect = parse.GetValue(GlobalOptions.Context) ?? file.Current?.Text;
        if (Settings.IsJson(parse.GetValue(GlobalOptions.Output), file.Deployments.Find(deployment => deployment.Name == inEffect)))
        {
            session.WriteJson(Json(json =>
            {
                json.WriteString("object", "list");
                json.WriteStartArray("data");
                foreach (var deployment in file.Deployments)
                {
                    json.WriteStartObject();
                    json.WriteString("name", deployment.Name);
                    json.WriteBoolean("current", deployment.Name == file.Current?.Text);
                    json.WriteString("base_url", deployment.BaseUrl?.Text);
                    json.WriteString("api_key_source", deployment.ApiKeyEnvironment?.Text ?? deployment.ApiKey?.Source);
                    json.WriteString("output", deployment.Output?.Text ?? "table");
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            }));
            return Task.FromResult(ExitCodes.Ok);
        }

        var table = new Table(new("CURRENT"), new("NAME"), new("BASE URL", Shrinks: true), new("API KEY", Shrinks: true), new("OUTPUT"));
        foreach (var deployment in file.Deployments)
        {
            table.Add(
                deployment.Name == file.Current?.Text ? "*" : "",
                deployment.Name,
                deployment.BaseUrl?.Text ?? "",
                KeyText(deployment),
                deployment.Output?.Text ?? "table");
        }

        table.Write(session.Screen());
        return Task.FromResult(ExitCodes.Ok);
    });

    private static Leaf Show()
    {
        var name = Name(ArgumentArity.ZeroOrOne, "Context name (default: the current context)");
        return new Leaf("show", "Show the settings in effect and their sources. It hides keys.", "xeroctl config show", "xeroctl config show prod") { name }.Handle((session, parse, _) =>
        {
            var file = ConfigFile.Load();
            var chosen = parse.GetValue(name) ?? parse.GetValue(GlobalOptions.Context);
            var context = chosen is not null ? file.Find(chosen, "config show") : file.Current is { } current ? file.Find(current.Text, current.Source) : null;
            var keySetting = context is { ApiKeyEnvironment: { } variable } ? new(KeyText(context), variable.Source) : context?.ApiKey;
            var address = Effective(parse.GetValue(GlobalOptions.BaseUrl), "--base-url", GlobalOptions.BaseUrlVariable, context?.BaseUrl);
            var key = Effective(parse.GetValue(GlobalOptions.ApiKey), "--api-key", GlobalOptions.ApiKeyVariable, keySetting);
            var flag = parse.GetValue(GlobalOptions.Output);
            var output = flag is not null ? new ConfigValue(flag, "--output") : context?.Output ?? new("table", "");
            if (Settings.IsJson(flag, context))
            {
                session.WriteJson(Json(json =>
                {
                    json.WriteString("object", "config");
                    json.WriteString("file", file.Path);
                    json.WriteBoolean("file_exists", File.Exists(file.Path));
                    json.WriteString("context", context?.Name);
                    json.WriteString("base_url", address?.Text);
                    json.WriteString("base_url_source", address?.Source);
                    json.WriteString("api_key_source", key == keySetting && context?.ApiKeyEnvironment is { } named ? named.Text : key?.Source);
                    json.WriteString("output", output.Text);
                    json.WriteString("output_source", output.Source.Length > 0 ? output.Source : null);
                }));
                return Task.FromResult(ExitCodes.Ok);
            }

            var screen = session.Screen();
            Row("file", file.Path, File.Exists(file.Path) ? "" : "does not exist");
            Row("context", context?.Name ?? "none", context?.Source ?? "");
            Row("base_url", address?.Text ?? "", address?.Source ?? "not set");
            Row("api_key", key is null ? "" : key.Text.StartsWith('$') ? key.Text : TerminalText.Mask(key.Text), key?.Source ?? "not set");
            Row("output", output.Text, output.Source);
            return Task.FromResult(ExitCodes.Ok);

            ConfigValue? Effective(string? given, string option, string variable, ConfigValue? setting) =>
                given is not null ? new(given, option)
                : chosen is null && Settings.Variable(variable) is { } set ? new(set, variable)
                : setting ?? (Settings.Variable(variable) is { } fallback ? new(fallback, variable) : null);

            void Row(string what, string value, string source)
            {
                if (screen.IsTerminal)
                {
                    screen.Line(new Piece($"{what,-10}", Tone.Faint), value, new Piece(source.Length > 0 ? $"  {source}" : "", Tone.Faint));
                }
                else
                {
                    screen.Columns(what, value, source);
                }
            }
        });
    }

    /// <summary>A document without keys. It says where a key comes from: a place in the file, an option or the name of a variable.</summary>
    private static byte[] Json(Action<Utf8JsonWriter> members)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }

    private static Argument<string> Name(ArgumentArity arity, string description) => new("name") { Description = description, Arity = arity, CompletionSources = { _ => Candidates.Contexts() } };

    private static string CheckedName(string name) => ConfigFile.IsName(name)
        ? name
        : throw new CliException(ExitCodes.Usage, $"'{TerminalText.Line(name)}' is not a valid context name; use letters, digits, - and _");

    // A platform key needs no project. For any other key, reading the project throws where the URL has none.
    private static BaseAddress Checked(BaseAddress address, string? key) => Settings.IsPlatformKey(key) || address.Project.Length > 0 ? address : throw new InvalidOperationException();

    private static string Replace(string context) => $"Context '{context}' already exists. Replace it?";

    private static string KeyText(Deployment deployment) =>
        deployment.ApiKeyEnvironment is { } variable ? $"${variable.Text}" : deployment.ApiKey is { } key ? TerminalText.Mask(key.Text) : "";

    private static int Save(Session session, ConfigFile file, string? key, string done)
    {
        if (session.IsDryRun)
        {
            foreach (var line in file.ToString().TrimEnd('\n').Split('\n'))
            {
                var text = TerminalText.Redact(line, key);
                session.Screen().Paragraph(text == line && text.Split('=')[0].Trim() == "api_key" ? $"{line[..(line.IndexOf('=', StringComparison.Ordinal) + 1)]} \"****\"" : text);
            }

            return ExitCodes.Ok;
        }

        file.Save();
        Terminal.Error.WriteLine(done);
        return ExitCodes.Ok;
    }
}
