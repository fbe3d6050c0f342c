namespace Xerotier.Gateway.Page;

/// <summary>Since when live data has been unavailable, as documents write it.</summary>
/// <param name="Since">When it was lost.</param>
/// <param name="Today">The UTC day on which they are read: a time alone is read as that day's, so an earlier day is written out.</param>
internal readonly record struct Loss(DateTimeOffset Since, DateTime Today)
{
    /// <summary>RFC 3339, to the second.</summary>
    public string Instant => Since.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ");

    /// <summary>RFC 3339, to the millisecond.</summary>
    public string InstantInMilliseconds => Since.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ");

    /// <summary>As people read it.</summary>
    public string Text => Since.UtcDateTime.ToString(Since.UtcDateTime.Date == Today ? "HH:mm:ss 'UTC'" : "d MMM yyyy, HH:mm:ss 'UTC'");
}
