using System.Globalization;

namespace Xerotier.AppHost;

/// <summary>Whether a cluster is a demo, which its data folder remembers from its first start on: what is real stays real, and an example history is never taken for one.</summary>
/// <param name="HasFleet">A simulated fleet speaks.</param>
/// <param name="Seed">What the example history follows from; 0: there is none.</param>
/// <param name="Day">The UTC day of the demo's first start: its history lies before it, whichever service is late.</param>
internal sealed record DemoMode(bool HasFleet, int Seed = 0, DateOnly Day = default)
{
    /// <summary>The seed where none is given.</summary>
    public const int DefaultSeed = 18;

    private const string File = "kind";
    private const string Demo = "demo";
    private const string Real = "real";

    /// <summary>There is an example history, and the pages say so.</summary>
    public bool IsDemo => Seed > 0;

    /// <summary>What <paramref name="folder"/> is, or becomes now.</summary>
    /// <param name="folder">The data folder.</param>
    /// <param name="refused">Whether the start is to be without demo (<c>--no-demo</c>).</param>
    /// <param name="seed">The seed, should this become a demo; 0: it does not.</param>
    /// <exception cref="SetupException">It is a demo, and that is refused.</exception>
    public static DemoMode Of(string folder, bool refused, int seed)
    {
        var file = Path.Combine(folder, File);
        var known = System.IO.File.Exists(file) ? PrivateServers.ReadSecrets(file) : [];
        switch (known.GetValueOrDefault("kind"))
        {
            case Demo when refused:
                throw new SetupException($"The data folder {folder} holds a demo, and stays one: set XEROTIER_DATA to another folder, or leave --no-demo out.");
            case Demo:
                return new(HasFleet: true, int.Parse(known["seed"], CultureInfo.InvariantCulture), DateOnly.ParseExact(known["day"], "O", CultureInfo.InvariantCulture));
            case Real:
                return new(HasFleet: false);
        }

        var day = DateOnly.FromDateTime(DateTime.UtcNow);
        if (refused || seed > 0)
        {
            PrivateServers.WriteSecret(file, refused ? $"kind={Real}\n" : string.Create(CultureInfo.InvariantCulture, $"kind={Demo}\nseed={seed}\nday={day:O}\n"));
        }

        return refused ? new(HasFleet: false) : new(HasFleet: true, seed, day);
    }
}

/// <summary>How services learn that they are a demo's.</summary>
internal static class DemoExtensions
{
    /// <summary>Lets a service put its part of the example history into its database, while that is fresh.</summary>
    public static IResourceBuilder<ProjectResource> WithDemo(this IResourceBuilder<ProjectResource> service, DemoMode demo) =>
        !service.ApplicationBuilder.ExecutionContext.IsRunMode ? service
        : demo.IsDemo ? service.WithEnvironment("Demo__Seed", demo.Seed.ToString(CultureInfo.InvariantCulture)).WithEnvironment("Demo__Day", demo.Day.ToString("O", CultureInfo.InvariantCulture))
        : service.WithEnvironment("Demo__Seed", "0"); // whatever the caller's environment says

    /// <summary>Lets the Gateway sign in, once, whoever has the link that the terminal shows.</summary>
    public static IResourceBuilder<ProjectResource> WithSignInLink(this IResourceBuilder<ProjectResource> gateway, ClusterSettings cluster) => cluster.SignInToken is null ? gateway
        : gateway.WithEnvironment("Console__SignInToken", gateway.ApplicationBuilder.AddSecret("console-sign-in-token", cluster.SignInToken));

    /// <summary>Lets the Gateway's own pages show the status in a frame: the console does, beside what breaks it.</summary>
    public static IResourceBuilder<ProjectResource> WithDemoFrame(this IResourceBuilder<ProjectResource> gateway, DemoMode demo) =>
        demo.IsDemo ? gateway.WithLocalDefault("Page:EmbedOrigins:0", "'self'") : gateway;

    /// <summary>Tells a service, the console, where the simulated fleet is silenced and spoken again.</summary>
    public static IResourceBuilder<ProjectResource> WithDemoControls(this IResourceBuilder<ProjectResource> service, IResourceBuilder<ProjectResource>? fleet) =>
        fleet is null || !service.ApplicationBuilder.ExecutionContext.IsRunMode ? service : service.WithEnvironment("Demo__FleetUrl", fleet.GetEndpoint("http"));
}
