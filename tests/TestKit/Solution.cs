namespace Xerotier.TestKit;

/// <summary>Where things are in the source tree that the tests were built from.</summary>
public static class Solution
{
    /// <summary>The folder of Xerotier.sln.</summary>
    public static string Folder { get; } = Find(AppContext.BaseDirectory);

    /// <summary>The built executable of a project of this solution, in the configuration that the tests were built in.</summary>
    public static string Executable(string project)
    {
        var output = Path.Combine(AppContext.BaseDirectory.TrimEnd('/').Split('/')[^3..]); // bin/Release/net10.0
        return Path.Combine(Folder, project, output, $"Xerotier.{project}");
    }

    /// <summary>Creates a folder for data of a cluster. Not by CreateTempSubdirectory: only its owner could reach that, and PostgreSQL runs as another user.</summary>
    public static string NewDataFolder() => Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), $"xerotier-data-{Guid.NewGuid():N}")).FullName;

    private static string Find(string folder) =>
        File.Exists(Path.Combine(folder, "Xerotier.sln")) ? folder
        : Find(Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("Xerotier.sln is not above the tests."));
}
