using System.ComponentModel.DataAnnotations;

namespace Xerotier.HealthCollector.Ingest;

/// <summary>How long a stream of heartbeats may last (product.md section 5). Section <c>Streams</c>.</summary>
public sealed class StreamOptions
{
    /// <summary>Seconds without a message after which a stream ends. 1 to 3,600, default 60.</summary>
    [Range(1, 3600)]
    public double IdleSeconds { get; set; } = 60;

    /// <summary>Minutes after which a stream ends with its next message, give or take a tenth at random: its sender opens another one, perhaps at another replica. 0.1 to 1,440, default 30.</summary>
    [Range(0.1, 1440)]
    public double LifetimeMinutes { get; set; } = 30;
}
