using System.Diagnostics;
using System.Globalization;

namespace Xerotier.TestKit;

/// <summary>Makes the time of day of processes be off, by <c>clock-offset.c</c>, which is preloaded into them. Needs a C compiler.</summary>
public sealed class ClockOffset : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("xerotier-clock-").FullName;
    private readonly string file;

    private ClockOffset()
    {
        file = Path.Combine(folder, "seconds");
        Set(TimeSpan.Zero);
    }

    /// <summary>What the process needs in its environment.</summary>
    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        ["LD_PRELOAD"] = Library,
        ["CLOCK_OFFSET_FILE"] = file,
    };

    private string Library => Path.Combine(folder, "clock-offset.so");

    /// <summary>Compiles it; null where there is no C compiler.</summary>
    /// <exception cref="InvalidOperationException">The compiler fails.</exception>
    public static ClockOffset? TryCreate()
    {
        var compiler = ((string[])["clang", "cc"]).FirstOrDefault(name =>
            (System.Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, name))));
        if (compiler is null)
        {
            return null;
        }

        var offset = new ClockOffset();
        using var compile = Process.Start(compiler, ["-shared", "-fPIC", "-O1", "-o", offset.Library, Path.Combine(Solution.Folder, "tests", "TestKit", "clock-offset.c"), "-ldl"]);
        compile.WaitForExit();
        return compile.ExitCode == 0 ? offset : throw new InvalidOperationException($"{compiler} fails with {compile.ExitCode}.");
    }

    /// <summary>From now on the clocks are ahead by <paramref name="by"/>, in whole seconds; behind when it is negative.</summary>
    public void Set(TimeSpan by)
    {
        var next = $"{file}.next";
        File.WriteAllText(next, ((long)by.TotalSeconds).ToString(CultureInfo.InvariantCulture));
        File.Move(next, file, overwrite: true); // nobody reads half of it
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(folder, recursive: true);
}
