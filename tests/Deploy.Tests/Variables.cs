using System.Collections;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Xerotier.TestKit;

namespace Xerotier.Deploy.Tests;

/// <summary>Variables of the environment, and whether a service reads them.</summary>
internal static partial class Variables
{
    /// <summary>The services by their names in the topology.</summary>
    public static readonly IReadOnlyDictionary<string, string> Projects = new Dictionary<string, string>
    {
        ["console"] = "Console",
        ["gateway"] = "Gateway",
        ["healthcollector"] = "HealthCollector",
        ["maintenanceservice"] = "MaintenanceService",
        ["notificationservice"] = "NotificationService",
        ["statusservice"] = "StatusService",
    };

    /// <summary>Of the runtime and the host, which say nothing of a name that they do not know. LivePageTests has the effect of the last one.</summary>
    private static readonly string[] OfTheRuntime = ["ASPNETCORE_HTTP_PORTS", "DOTNET_EnableDiagnostics", "DOTNET_shutdownTimeoutSeconds"];

    /// <summary>Those of a file, one in each line.</summary>
    public static Dictionary<string, string> OfFile(string file) => File.ReadLines(file).Where(line => line.Length > 0 && line[0] != '#')
        .Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);

    /// <summary>Runs deploy/make-secrets.</summary>
    public static void MakeSecrets(string folder, string place)
    {
        using var make = Process.Start(Path.Combine(Solution.Folder, "deploy", "make-secrets"), [folder, place]);
        make.WaitForExit();
        Assert.Equal(0, make.ExitCode);
    }

    /// <summary>The variables of the files that deploy/make-secrets makes for a place, each file by its path below <paramref name="path"/>.</summary>
    public static Dictionary<string, Dictionary<string, string>> OfSecrets(string place, string path)
    {
        var folder = Directory.CreateTempSubdirectory("xerotier-secrets-").FullName;
        MakeSecrets(folder, place);
        var files = Directory.GetFiles(folder, "*.env").ToDictionary(file => $"{path}/{Path.GetFileName(file)}", OfFile);
        Directory.Delete(folder, recursive: true);
        return files;
    }

    /// <summary>Why <paramref name="service"/> does not read a variable, or takes its value for a wrong one; null: it reads it.</summary>
    public static string? Refusal(string service, string name, string value)
    {
        var sources = SourcesOf(Projects[service]);
        return name.Split("__") switch
        {
            [_] => OfTheRuntime.Contains(name) || sources.Contains($"\"{name}\"", StringComparison.Ordinal) ? null : "nothing asks for it",
            ["ConnectionStrings", var store] => Regex.IsMatch(SourcesOf(Projects[service], own: true), $@"Add(Postgres|Redis)\(""{store}""|const string Name = ""{store}"";[^}}]*AddPostgres\(Name,") ? null : "it has no such store",
            ["services", var other, var endpoint, var number] =>
                !int.TryParse(number, out _) ? "its end must be a number" : Asked(service).Contains((other, endpoint)) ? null : "it does not ask that service",
            [var section, .. var path] => AppHostProcess.HandsOn(name, Projects[service])
                ? Bound(sources, service, section).Select(type => Mismatch(type, path, value)).DefaultIfEmpty("nothing binds its section").Aggregate((one, other) => one is null || other is null ? null : one)
                : "it has no such section",
            _ => "it is empty",
        };
    }

    /// <summary>The endpoints of other services that a service asks.</summary>
    public static HashSet<(string Service, string Endpoint)> Asked(string service)
    {
        var sources = SourcesOf(Projects[service], own: true);
        HashSet<(string Service, string Endpoint)> asked = [.. Clients().Matches(sources).Select(client => (client.Groups["service"].Value, client.Groups["endpoint"] is { Success: true, Value: var given } ? given : "grpc"))];
        if (service == "console")
        {
            asked.Add(("gateway", "internal")); // Console/Api/Gateways.cs
        }

        if (service == "gateway")
        {
            foreach (Match upstream in Upstreams().Matches(sources))
            {
                var name = upstream.Groups["service"] is { Success: true, Value: var given } ? given : "console";
                asked.Add((name, "http"));
                if (upstream.Groups["grpc"].Value == "true")
                {
                    asked.Add((name, "grpc"));
                }
            }
        }

        return asked;
    }

    private static string SourcesOf(string project, bool own = false) => string.Concat(((string[])(own ? [project] : [project, "ServiceDefaults"]))
        .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Solution.Folder, folder), "*.cs", SearchOption.AllDirectories))
        .Where(file => !file.Contains("/obj/", StringComparison.Ordinal)).Select(File.ReadAllText));

    /// <summary>The option classes that a section is bound to.</summary>
    private static IEnumerable<Type> Bound(string sources, string service, string section)
    {
        var assemblies = new[] { Assembly.LoadFrom($"{Solution.Executable(Projects[service])}.dll"), typeof(ServiceDefaults.ServiceHost).Assembly };
        return Bindings().Matches(sources).Where(binding => binding.Groups["section"].Value.Equals(section, StringComparison.OrdinalIgnoreCase))
            .Select(binding => assemblies.SelectMany(assembly => assembly.GetTypes()).First(type => type.Name == binding.Groups["type"].Value));
    }

    private static string? Mismatch(Type type, ReadOnlySpan<string> path, string value)
    {
        if (path is [var name, .. var rest])
        {
            var inner = type.IsGenericType && type.IsAssignableTo(typeof(IEnumerable)) && int.TryParse(name, out _) ? type.GetGenericArguments()[0]
                : type.GetProperty(name, BindingFlags.Instance | BindingFlags.Public | BindingFlags.IgnoreCase)?.PropertyType;
            return inner is null ? $"{type.Name} has no {name}" : Mismatch(inner, rest, value);
        }

        try
        {
            return TypeDescriptor.GetConverter(type).ConvertFromString(null, CultureInfo.InvariantCulture, value) is null ? $"'{value}' is no {type.Name}" : null;
        }
        catch (Exception wrong) when (wrong is ArgumentException or FormatException or NotSupportedException)
        {
            return $"'{value}' is no {type.Name}";
        }
    }

    [GeneratedRegex("""AddServiceClient<[\w.]+>\("(?<service>\w+)"(, endpoint: "(?<endpoint>\w+)")?\)""", RegexOptions.ExplicitCapture)]
    private static partial Regex Clients();

    [GeneratedRegex("""Service\(("(?<service>\w+)"|Console), grpc: (?<grpc>true|false)\)""", RegexOptions.ExplicitCapture)]
    private static partial Regex Upstreams();

    [GeneratedRegex("""AddOptions<(?<type>\w+)>\(\)\s*\.Bind(Configuration)?\((\w+\.)*(GetSection\()?"(?<section>\w+)"\)""", RegexOptions.ExplicitCapture)]
    private static partial Regex Bindings();
}
