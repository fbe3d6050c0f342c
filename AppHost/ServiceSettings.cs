using System.Collections;

namespace Xerotier.AppHost;

/// <summary>
/// Settings of services that the caller's environment holds, such as <c>Fleet__StaleAfterSeconds=5</c>: each reaches the services that read
/// its section, and nothing else that AppHost starts. Connection strings are none of them: AppHost itself gives each service its own.
/// </summary>
internal static class ServiceSettings
{
    private const string Separator = "__";

    private static readonly string[] Common = ["InternalAuth", "InternalTls", "Kestrel", "Logging", "Page"];

    private static readonly Dictionary<string, string[]> Sections = new()
    {
        ["Console"] = [.. Common, "Demo"],
        ["Gateway"] = [.. Common, "Console", "Demo", "Gateway", "Keys", "Platform", "RateLimits"],
        ["HealthCollector"] = [.. Common, "Fleet", "RateLimits", "Streams"],
        ["MaintenanceService"] = [.. Common, "Demo", "Incidents", "Windows"],
        ["NotificationService"] = [.. Common, "Notifications", "Smtp"],
        ["StatusService"] = [.. Common, "Demo", "History", "Incidents", "ModelStorage", "Probes"],
        ["FleetSimulator"] = ["Fleet", "Logging", "Simulator"],
    };

    /// <summary>Prefixes that the framework takes off.</summary>
    private static readonly string[] Prefixes = ["ASPNETCORE_", "DOTNET_"];

    private static readonly Dictionary<string, string> Given = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
        .Where(variable => ((string)variable.Key).IndexOf(Separator, StringComparison.Ordinal) > 0)
        .ToDictionary(variable => (string)variable.Key, variable => (string)variable.Value!);

    /// <summary>Whether <paramref name="project"/> (its name, such as <c>Gateway</c>) reads the section of <paramref name="variable"/>.</summary>
    public static bool Reads(string project, string variable)
    {
        var name = Prefixes.FirstOrDefault(prefix => variable.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)) is { } prefix ? variable[prefix.Length..] : variable;
        var section = name[..name.IndexOf(Separator, StringComparison.Ordinal)];
        return Sections[project].Contains(section, StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Takes the settings out of this process's environment before it starts anything, for whatever it starts would inherit them. A test that runs AppHost keeps its own.</summary>
    public static IDistributedApplicationBuilder WithdrawServiceSettings(this IDistributedApplicationBuilder builder)
    {
        var given = Given; // now, and not when it is empty
        builder.Eventing.Subscribe<BeforeStartEvent>((_, _) =>
        {
            foreach (var name in LocalCluster.IsThisProcess ? given.Keys : Enumerable.Empty<string>())
            {
                Environment.SetEnvironmentVariable(name, null);
            }

            return Task.CompletedTask;
        });
        return builder;
    }

    /// <summary>Hands on the settings that <paramref name="name"/> reads, on this machine; a manifest has no setting of its maker.</summary>
    public static IResourceBuilder<ProjectResource> WithServiceSettings(this IResourceBuilder<ProjectResource> project, string name)
    {
        foreach (var (variable, value) in project.ApplicationBuilder.ExecutionContext.IsRunMode ? Given.Where(setting => Reads(name, setting.Key)) : [])
        {
            project.WithEnvironment(variable, value);
        }

        return project;
    }
}
