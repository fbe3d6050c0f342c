namespace Xerotier.Xeroctl.Output;

/// <summary>The tones of statuses.</summary>
internal static class Tones
{
    /// <summary>The tone of a status or an overall level.</summary>
    public static Tone Of(string? status) => status switch
    {
        "operational" or "healthy" or "online" or "ready" => Tone.Good,
        "degraded" or "draining" or "unknown" => Tone.Warning,
        "maintenance" => Tone.Info,
        "outage" or "partial_outage" or "major_outage" or "stale" or "offline" => Tone.Bad,
        _ => Tone.None,
    };
}
