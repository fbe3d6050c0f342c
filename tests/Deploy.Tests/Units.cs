using Xerotier.TestKit;

namespace Xerotier.Deploy.Tests;

/// <summary>deploy/systemd.</summary>
internal static class Units
{
    /// <summary>The folder of the units.</summary>
    public static readonly string Folder = Path.Combine(Solution.Folder, "deploy", "systemd");

    private static readonly Lazy<Dictionary<string, Dictionary<string, string>>> Secrets = new(() => Variables.OfSecrets("local", "/etc/xerotier-status"));

    /// <summary>The settings of a unit with those that all units have, in order.</summary>
    public static IEnumerable<(string Name, string Value)> SettingsOf(string service) =>
        ((string[])[Path.Combine(Folder, $"xerotier-{service}.service"), Path.Combine(Folder, "xerotier-.service.d", "common.conf")])
        .SelectMany(File.ReadLines).Where(line => line.Contains('=', StringComparison.Ordinal) && line[0] != '#').Select(line => line.Split('=', 2)).Select(pair => (pair[0], pair[1]));

    /// <summary>The variables of a service, with those of its files as deploy/make-secrets makes them. A file whose name begins with <c>-</c> may be missing, and is.</summary>
    public static Dictionary<string, string> EnvironmentOf(string service)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in SettingsOf(service))
        {
            foreach (var variable in name switch
            {
                "Environment" => value.Split(' ').Select(pair => pair.Split('=', 2)).Select(pair => KeyValuePair.Create(pair[0], pair[1])),
                "EnvironmentFile" when value[0] != '-' => Secrets.Value[value],
                _ => [],
            })
            {
                environment.Add(variable.Key, variable.Value);
            }
        }

        return environment;
    }
}
