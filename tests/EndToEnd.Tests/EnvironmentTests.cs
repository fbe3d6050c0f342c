using System.Text.RegularExpressions;
using Xerotier.TestKit;

namespace Xerotier.EndToEnd.Tests;

/// <summary>Settings in the environment of AppHost reach the services that read them, and nobody else.</summary>
public sealed partial class EnvironmentTests : AppHostTests
{
    private static readonly string[] Projects = ["Console", "FleetSimulator", "Gateway", "HealthCollector", "MaintenanceService", "NotificationService", "StatusService"];

    [Fact]
    public async Task Each_service_has_its_own_settings_and_connection_string_and_no_others()
    {
        Dictionary<string, string> given = new()
        {
            ["ConnectionStrings__unused"] = "not-for-a-service",
            ["Fleet__StaleAfterSeconds"] = "33",
            ["Logging__LogLevel__Default"] = "Information",
            ["Logging__LogLevel__Microsoft"] = "Warning",
            ["ModelStorage__FailuresBeforeOutage"] = "4",
            ["Other__Secret"] = "not-for-a-service",
            ["RateLimits__PublicPerMinute"] = "0",
            ["Simulator__PrivateAgents"] = "2",
            ["Smtp__From"] = "status@example.com",
            ["Smtp__Host"] = "127.0.0.1",
            ["Smtp__Password"] = "not-for-all-services",
            ["Smtp__User"] = "status",
            ["Windows__OpenPerProject"] = "77",
        };
        var host = Start(given);
        await host.ReadyAsync(StartTimeout);
        const string email = "Page__OffersEmail"; // which follows from Smtp__Host
        string[] logging = ["Logging__LogLevel__Default", "Logging__LogLevel__Microsoft"];
        var seen = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var process in host.Processes().Where(id => id != host.Process.Id))
        {
            var program = Path.GetFileName((await File.ReadAllTextAsync($"/proc/{process}/cmdline", TestContext.Current.CancellationToken)).Split('\0')[0]);
            var environment = (await File.ReadAllTextAsync($"/proc/{process}/environ", TestContext.Current.CancellationToken)).Split('\0');
            seen[program] = string.Join(' ', environment.Select(variable => variable.Split('=')[0])
                .Where(name => given.ContainsKey(name) || name == email || name.StartsWith("ConnectionStrings__", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        }

        Assert.Equal(string.Join(' ', logging), seen["Xerotier.Console"]);
        Assert.Equal(string.Join(' ', ["Fleet__StaleAfterSeconds", .. logging, "Simulator__PrivateAgents"]), seen["Xerotier.FleetSimulator"]);
        Assert.Equal(string.Join(' ', ["ConnectionStrings__gatewaydb", .. logging, email, "RateLimits__PublicPerMinute"]), seen["Xerotier.Gateway"]);
        Assert.Equal(string.Join(' ', ["ConnectionStrings__redis", "Fleet__StaleAfterSeconds", .. logging, "RateLimits__PublicPerMinute"]), seen["Xerotier.HealthCollector"]);
        Assert.Equal(string.Join(' ', ["ConnectionStrings__maintenancedb", .. logging, "Windows__OpenPerProject"]), seen["Xerotier.MaintenanceService"]);
        Assert.Equal(string.Join(' ', ["ConnectionStrings__notificationsdb", .. logging, email, "Smtp__From", "Smtp__Host", "Smtp__Password", "Smtp__User"]), seen["Xerotier.NotificationService"]);
        Assert.Equal(string.Join(' ', ["ConnectionStrings__statusdb", .. logging, "ModelStorage__FailuresBeforeOutage", email]), seen["Xerotier.StatusService"]);
        Assert.DoesNotContain(seen, program => !program.Key.StartsWith("Xerotier.", StringComparison.Ordinal) && program.Value.Length > 0); // the stores, the orchestrator, the dashboard
        await StopAsync(host, "TERM");
        Assert.Empty(await host.Errors);
    }

    [Fact]
    public void What_AppHost_hands_on_is_what_the_services_read()
    {
        var read = Projects.ToDictionary(project => project, project => SectionsOf(project).Concat(project == "FleetSimulator" ? [] : SectionsOf("ServiceDefaults")).ToHashSet());
        Assert.Contains("RateLimits", read["Gateway"]);
        Assert.Contains("InternalAuth", read["StatusService"]);
        var all = read.Values.SelectMany(sections => sections).ToHashSet();
        Assert.All(Projects, project => Assert.Equal(read[project].Order(), all.Where(section => AppHostProcess.HandsOn($"{section}__X", project)).Order()));
        Assert.True(AppHostProcess.HandsOn("ASPNETCORE_Kestrel__Certificates__Default__Path", "Gateway"));
        Assert.False(AppHostProcess.HandsOn("ConnectionStrings__gatewaydb", "Gateway")); // AppHost gives it itself
    }

    private static IEnumerable<string> SectionsOf(string project) => Directory
        .GetFiles(Path.Combine(Solution.Folder, project), "*.cs", SearchOption.AllDirectories)
        .Where(file => !file.Contains("/obj/", StringComparison.Ordinal))
        .SelectMany(file => Section().Matches(File.ReadAllText(file)))
        .Select(match => match.Groups["name"].Value);

    [GeneratedRegex("""(BindConfiguration|GetSection)\("(?<name>\w+)"\)""", RegexOptions.ExplicitCapture)]
    private static partial Regex Section();
}
