namespace Xerotier.Xeroctl.Output;

/// <summary>A cell of a <see cref="Table"/>.</summary>
/// <param name="Text">What a person reads.</param>
/// <param name="Tone">Its meaning.</param>
/// <param name="Exact">What a pipe gets, if it is not <paramref name="Text"/>.</param>
internal readonly record struct TableCell(string Text, Tone Tone = Tone.None, string? Exact = null)
{
    public static implicit operator TableCell(string text) => new(text);
}
