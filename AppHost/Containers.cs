using System.ComponentModel;
using System.Diagnostics;

namespace Xerotier.AppHost;

/// <summary>The stores as containers with volumes, where a container engine runs.</summary>
internal static class Containers
{
    private static readonly Lazy<bool> EngineRuns = new(() => Answers("docker") || Answers("podman"));

    /// <summary>Redis, or null without an engine.</summary>
    public static IResourceBuilder<IResourceWithConnectionString>? AddRedis(IDistributedApplicationBuilder builder) =>
        EngineRuns.Value ? builder.AddRedis("redis") : null;

    /// <summary>PostgreSQL with a database for each name, its volume that of the data folder; or null without an engine.</summary>
    public static Dictionary<string, IResourceBuilder<IResourceWithConnectionString>>? AddPostgres(
        IDistributedApplicationBuilder builder, ClusterSettings settings, IReadOnlyList<string> names)
    {
        if (!EngineRuns.Value)
        {
            return null;
        }

        var server = builder.AddPostgres("postgres").WithDataVolume($"xerotier-postgres-{PrivateServers.Hash(settings.DataFolder)}");
        return names.ToDictionary(name => name, name => (IResourceBuilder<IResourceWithConnectionString>)server.AddDatabase(name));
    }

    private static bool Answers(string engine)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(engine, "info") { RedirectStandardOutput = true, RedirectStandardError = true });
            return process is not null && process.WaitForExit(TimeSpan.FromSeconds(5)) && process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false; // not installed
        }
    }
}
