using System.Xml;

namespace Xerotier.StatusService.Documents.Content;

/// <summary>Text of people in XML, which has no way to write some characters.</summary>
internal static class TextInXml
{
    /// <summary>The text with U+FFFD for every character that no XML may hold: most control characters, half surrogates, U+FFFE and U+FFFF.</summary>
    public static string Clean(string text) => text.All(XmlConvert.IsXmlChar) ? text
        : string.Concat(text.EnumerateRunes().Select(rune => rune.IsBmp && !XmlConvert.IsXmlChar((char)rune.Value) ? "\uFFFD" : rune.ToString()));

    /// <summary>How many bytes the text takes as the content of an element.</summary>
    public static int Size(string text)
    {
        var size = System.Text.Encoding.UTF8.GetByteCount(text);
        foreach (var c in text)
        {
            size += c switch { '&' => 4, '<' or '>' => 3, '\r' => 4, _ => 0 };
        }

        return size;
    }
}
