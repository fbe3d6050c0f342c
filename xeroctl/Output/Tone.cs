namespace Xerotier.Xeroctl.Output;

/// <summary>The meaning of a piece of text, shown as a color where colors are on. The words alone carry the same meaning.</summary>
internal enum Tone
{
    /// <summary>Plain.</summary>
    None,

    /// <summary>Emphasized.</summary>
    Strong,

    /// <summary>Less important.</summary>
    Faint,

    /// <summary>In order.</summary>
    Good,

    /// <summary>Needs attention.</summary>
    Warning,

    /// <summary>Broken.</summary>
    Bad,

    /// <summary>Worth knowing.</summary>
    Info,
}
