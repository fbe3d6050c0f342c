using System.Text;

namespace Xerotier.Xeroctl;

/// <summary>What the process is connected to.</summary>
internal static class Terminal
{
    /// <summary>Whether a person reads standard output.</summary>
    public static bool IsOutput => !Console.IsOutputRedirected;

    /// <summary>Whether a person can be asked: they can type, and see the question.</summary>
    public static bool CanAsk => !Console.IsInputRedirected && (!Console.IsErrorRedirected || !Console.IsOutputRedirected);

    /// <summary>Whether standard output may have colours (https://no-color.org).</summary>
    public static bool HasColour => IsOutput && Settings.Variable("NO_COLOR") is null && Settings.Variable("TERM") is not (null or "dumb");

    /// <summary>Columns of the terminal; 80 where they are not known.</summary>
    public static int Width => IsOutput && Console.WindowWidth is > 0 and var width ? width : 80;

    /// <summary>Rows of the terminal; 24 where they are not known.</summary>
    public static int Height => IsOutput && Console.WindowHeight is > 0 and var height ? height : 24;

    /// <summary>Asks a question; anything but yes is no.</summary>
    public static bool Confirm(string question)
    {
        var writer = Console.IsErrorRedirected ? Console.Out : Console.Error;
        writer.Write($"{Printable.Line(question)} [y/N] ");
        writer.Flush();
        using var input = new StreamReader(Console.OpenStandardInput(), Encoding.UTF8, false, 256, leaveOpen: true);
        var answer = input.ReadLine();
        if (answer is null)
        {
            writer.WriteLine();
        }

        return answer?.Trim().ToUpperInvariant() is "Y" or "YES";
    }
}
