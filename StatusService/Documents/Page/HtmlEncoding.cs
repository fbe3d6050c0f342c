using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;

namespace Xerotier.StatusService.Documents.Page;

/// <summary>
/// Writes text into HTML as it is, in every script and with every emoji; escaped is only what HTML reads itself, and the @ of the stale
/// marks, which no title may forge. The framework's own encoder makes nine bytes of an emoji's four.
/// </summary>
internal sealed unsafe class PlainHtmlEncoder : HtmlEncoder
{
    private static readonly SearchValues<char> Escaped = SearchValues.Create("&<>\"'@");

    /// <inheritdoc/>
    public override int MaxOutputCharactersPerInputCharacter => "&#64;".Length;

    /// <inheritdoc/>
    public override bool WillEncode(int unicodeScalar) => unicodeScalar <= char.MaxValue && Escaped.Contains((char)unicodeScalar);

    /// <inheritdoc/>
    public override int FindFirstCharacterToEncode(char* text, int textLength) => new ReadOnlySpan<char>(text, textLength).IndexOfAny(Escaped);

    /// <inheritdoc/>
    public override bool TryEncodeUnicodeScalar(int unicodeScalar, char* buffer, int bufferLength, out int numberOfCharactersWritten) =>
        new Span<char>(buffer, bufferLength).TryWrite(CultureInfo.InvariantCulture, $"&#{unicodeScalar};", out numberOfCharactersWritten);
}

/// <summary>Writes text into JSON in the same way: twelve bytes would be made of an emoji's four.</summary>
internal sealed unsafe class PlainJsonEncoder : JavaScriptEncoder
{
    private static readonly SearchValues<char> Escaped = SearchValues.Create([.. "\"\\@", .. Enumerable.Range(0, ' ').Select(control => (char)control)]);

    /// <inheritdoc/>
    public override int MaxOutputCharactersPerInputCharacter => "\\u0040".Length;

    /// <inheritdoc/>
    public override bool WillEncode(int unicodeScalar) => unicodeScalar <= char.MaxValue && Escaped.Contains((char)unicodeScalar);

    /// <inheritdoc/>
    public override int FindFirstCharacterToEncode(char* text, int textLength) => new ReadOnlySpan<char>(text, textLength).IndexOfAny(Escaped);

    /// <inheritdoc/>
    public override bool TryEncodeUnicodeScalar(int unicodeScalar, char* buffer, int bufferLength, out int numberOfCharactersWritten)
    {
        var place = new Span<char>(buffer, bufferLength);
        return unicodeScalar is '"' or '\\'
            ? place.TryWrite($"\\{(char)unicodeScalar}", out numberOfCharactersWritten)
            : place.TryWrite(CultureInfo.InvariantCulture, $"\\u{unicodeScalar:x4}", out numberOfCharactersWritten);
    }
}
