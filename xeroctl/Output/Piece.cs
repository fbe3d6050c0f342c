namespace Xerotier.Xeroctl.Output;

/// <summary>A piece of one line.</summary>
/// <param name="Text">The text; made safe when it is written.</param>
/// <param name="Tone">Its meaning.</param>
internal readonly record struct Piece(string Text, Tone Tone = Tone.None)
{
    public static implicit operator Piece(string text) => new(text);
}
