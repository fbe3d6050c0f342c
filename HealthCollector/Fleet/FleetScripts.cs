namespace Xerotier.HealthCollector.Fleet;

/// <summary>The scripts of <see cref="FleetStore"/>. Each file begins with its keys and arguments.</summary>
internal static class FleetScripts
{
    /// <summary>Writes heartbeats of fleets of one bucket.</summary>
    public static string Write { get; } = Load("write.lua");

    /// <summary>Counts the platform's routers and shared agents in one bucket.</summary>
    public static string Count { get; } = Load("count.lua");

    /// <summary>Reads senders of one fleet.</summary>
    public static string Read { get; } = Load("read.lua");

    private static string Load(string name)
    {
        using var stream = typeof(FleetScripts).Assembly.GetManifestResourceStream(typeof(FleetScripts), name)
            ?? throw new InvalidOperationException($"The script {name} is not embedded.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
