using System.ComponentModel.DataAnnotations;

namespace Xerotier.FleetSimulator;

/// <summary>
/// The simulated fleet: the section <c>Simulator</c> (<c>Simulator__Routers=5 Simulator__SilentRouters=2</c>) or the command line
/// (<c>--routers 5 --silent-routers 2</c>).
/// </summary>
public sealed class SimulatorOptions
{
    /// <summary>The settings by their names on the command line.</summary>
    internal static readonly Dictionary<string, string> CommandLine = new()
    {
        ["--routers"] = "Simulator:Routers",
        ["--shared-agents"] = "Simulator:SharedAgents",
        ["--private-agents"] = "Simulator:PrivateAgents",
        ["--silent-routers"] = "Simulator:SilentRouters",
        ["--silent-shared-agents"] = "Simulator:SilentSharedAgents",
        ["--silent-private-agents"] = "Simulator:SilentPrivateAgents",
    };

    /// <summary>The Gateway's gRPC address, <c>http://host:port</c>. Required.</summary>
    [ConfigurationKeyName("XEROTIER_GRPC_URL")]
    [Required]
    [Url]
    public string GrpcUrl { get; set; } = "";

    /// <summary>A platform key: routers and shared agents report with it. Required.</summary>
    [ConfigurationKeyName("XEROTIER_PLATFORM_KEY")]
    [Required]
    public string PlatformKey { get; set; } = "";

    /// <summary>A key of the demo project with scope <c>heartbeat</c>: private agents report with it. Required.</summary>
    [ConfigurationKeyName("XEROTIER_API_KEY")]
    [Required]
    public string ApiKey { get; set; } = "";

    /// <summary>The demo project's address, <c>http://host/&lt;project id&gt;/v1</c>; it contains the project's id. Required.</summary>
    [ConfigurationKeyName("XEROTIER_BASE_URL")]
    [Required]
    [RegularExpression("^https?://[^/]+/proj_[A-Za-z0-9]{6,32}/v1/?$")]
    public string BaseUrl { get; set; } = "";

    /// <summary>Routers. 0 to 100,000, default 3.</summary>
    [Range(0, 100_000)]
    public int Routers { get; set; } = 3;

    /// <summary>Shared agents. 0 to 100,000, default 8.</summary>
    [Range(0, 100_000)]
    public int SharedAgents { get; set; } = 8;

    /// <summary>Private agents of the demo project. 0 to 20,000, default 4.</summary>
    [Range(0, 20_000)]
    public int PrivateAgents { get; set; } = 4;

    /// <summary>Routers that are silent at start. Default 0.</summary>
    [Range(0, 100_000)]
    public int SilentRouters { get; set; }

    /// <summary>Shared agents that are silent at start. Default 0.</summary>
    [Range(0, 100_000)]
    public int SilentSharedAgents { get; set; }

    /// <summary>Private agents that are silent at start. Default 0.</summary>
    [Range(0, 20_000)]
    public int SilentPrivateAgents { get; set; }

    /// <summary>Age in seconds at which the platform considers a sender stale, default 30: the collector's own setting, of the section <c>Fleet</c>. The fleet sends three times as often, and at least twice a minute.</summary>
    public double StaleAfterSeconds { get; set; } = 30;

    internal SenderCounts Fleet => new(Routers, SharedAgents, PrivateAgents);

    internal SenderCounts Silent => new(SilentRouters, SilentSharedAgents, SilentPrivateAgents);

    internal TimeSpan Interval => TimeSpan.FromSeconds(Math.Clamp(StaleAfterSeconds / 3, 0.03, 30)); // a stream may be silent for a minute

    internal string ProjectId => new Uri(BaseUrl).Segments[1].TrimEnd('/');
}
