using System.Text.Json.Nodes;
using Xerotier.TestKit;

namespace Xerotier.Deploy.Tests;

/// <summary>deploy/compose.yaml.</summary>
internal static class Compose
{
    private static readonly Lazy<Dictionary<string, Dictionary<string, string>>> Secrets = new(() => Variables.OfSecrets("compose", "secrets"));

    /// <summary>The file.</summary>
    public static JsonObject File { get; } = (JsonObject)Yaml.Read(System.IO.File.ReadAllText(Path.Combine(Solution.Folder, "deploy", "compose.yaml"))).Single();

    /// <summary>Its services, the stores among them.</summary>
    public static JsonObject Services => (JsonObject)File["services"]!;

    /// <summary>The variables of a service, with those of its files as deploy/make-secrets makes them.</summary>
    public static Dictionary<string, string> EnvironmentOf(string service)
    {
        var environment = Services[service]!["env_file"]!.AsArray().SelectMany(file => Secrets.Value[$"{file}"]).ToDictionary();
        foreach (var (name, value) in (JsonObject)Services[service]!["environment"]!)
        {
            environment[name] = $"{value}";
        }

        return environment;
    }
}
