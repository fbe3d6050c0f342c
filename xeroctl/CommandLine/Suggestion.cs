using System.CommandLine;

namespace Xerotier.Xeroctl.CommandLine;

/// <summary>
/// Finds the word that a person probably meant. System.CommandLine has suggestions of its own, but it makes them for the values of
/// an unknown option too, and offers <c>-h</c> for any short word.
/// </summary>
internal static class Suggestion
{
    /// <summary>The subcommand or option of <paramref name="command"/> that is most like <paramref name="word"/>, if one is similar.</summary>
    public static string? For(Command command, string word) =>
        command.Subcommands.Where(sub => !sub.Hidden).Select(sub => sub.Name)
            .Concat(HelpText.OwnOptions(command).Concat(GlobalOptions.All).Select(option => option.Name))
            .Select(name => (Name: name, Distance: Distance(name, word)))
            .Where(candidate => candidate.Distance <= 1 + (word.Length / 4))
            .OrderBy(candidate => candidate.Distance)
            .Select(candidate => candidate.Name)
            .FirstOrDefault();

    // The Levenshtein distance: how many letters to insert, remove or replace.
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)));
            }
        }

        return row[^1];
    }
}
