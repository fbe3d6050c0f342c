using System.Globalization;

namespace Xerotier.TestKit;

/// <summary>What the system says of a running process.</summary>
public static class Processes
{
    /// <summary>Memory in MiB, shared pages counted in part (PSS).</summary>
    public static double PssMegabytes(int id) =>
        double.Parse(
            File.ReadLines($"/proc/{id}/smaps_rollup").First(line => line.StartsWith("Pss:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
            CultureInfo.InvariantCulture) / 1024;

    /// <summary>Open files, sockets among them.</summary>
    public static int OpenFiles(int id) => Directory.GetFiles($"/proc/{id}/fd").Length;

    /// <summary>Ids of those whose working directory is <paramref name="folder"/> or below it.</summary>
    public static IReadOnlyList<int> In(string folder)
    {
        var found = new List<int>();
        foreach (var process in new DirectoryInfo("/proc").EnumerateDirectories())
        {
            try
            {
                if (int.TryParse(process.Name, out var id) && $"{new FileInfo(Path.Combine(process.FullName, "cwd")).LinkTarget}/".StartsWith($"{folder}/", StringComparison.Ordinal))
                {
                    found.Add(id);
                }
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // gone in the meantime, or not ours
            }
        }

        return found;
    }
}
