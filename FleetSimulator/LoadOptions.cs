using System.ComponentModel.DataAnnotations;

namespace Xerotier.FleetSimulator;

/// <summary>Options of a load test: <c>FleetSimulator load --url … --key … [options]</c>.</summary>
public sealed class LoadOptions
{
    /// <summary>gRPC address. Required.</summary>
    [Required]
    public string Url { get; set; } = "";

    /// <summary>A platform key, or a project key if <see cref="Kind"/> is private and <see cref="Projects"/> is 0. Required.</summary>
    [Required]
    public string Key { get; set; } = "";

    /// <summary><c>shared</c> (default), <c>private</c> or <c>router</c>.</summary>
    [AllowedValues("shared", "private", "router")]
    public string Kind { get; set; } = "shared";

    /// <summary>Id of the project whose endpoints shared agents serve. Without it they serve none.</summary>
    public string Project { get; set; } = "";

    /// <summary>Projects over which private agents are spread, one after the other, as a relay sends them. 0 (default) to 1,000,000: they are the key's project's.</summary>
    [Range(0, 1_000_000)]
    public int Projects { get; set; }

    /// <summary>Distinct ids. 1 to 10,000,000, default 100,000.</summary>
    [Range(1, 10_000_000)]
    public int Agents { get; set; } = 100_000;

    /// <summary>Heartbeats in a message. 1 to 1,000, default 100.</summary>
    [Range(1, 1000)]
    public int Batch { get; set; } = 100;

    /// <summary>Streams. 1 to 10,000, default 16.</summary>
    [Range(1, 10_000)]
    public int Streams { get; set; } = 16;

    /// <summary>Messages of a stream that can wait for acknowledgement. 1 to 1,000, default 4.</summary>
    [ConfigurationKeyName("in-flight")]
    [Range(1, 1000)]
    public int InFlight { get; set; } = 4;

    /// <summary>Heartbeats per second over all streams. 0 (default): as many as the server acknowledges.</summary>
    [Range(0, 10_000_000)]
    public int Rate { get; set; }

    /// <summary>Finds the most that the server keeps up with: heartbeats per second of the first step, each further one has half as many more. 0 (default) to 10,000,000: no ramp.</summary>
    [Range(0, 10_000_000)]
    public int Ramp { get; set; }

    /// <summary>Steps of a ramp at most. 1 to 40, default 15.</summary>
    [Range(1, 40)]
    public int Steps { get; set; } = 15;

    /// <summary>Processes whose cores and memory a ramp shows, such as <c>gateway=4711,redis=4712</c>.</summary>
    public string Processes { get; set; } = "";

    /// <summary>Seconds of measurement, and of each step of a ramp. Default 10.</summary>
    [Range(0.1, 86_400)]
    public double Seconds { get; set; } = 10;

    /// <summary>Seconds of warmup before the measurement. Default 2.</summary>
    [Range(0, 3600)]
    public double Warmup { get; set; } = 2;
}
