namespace Xerotier.Xeroctl.Commands;

/// <summary>Ids of windows on the command line: complete, or a prefix that only one window has.</summary>
internal static class WindowIds
{
    private const string Prefix = "mw_";
    private const int ShortestPrefix = 7; // mw_ and 4 characters: less is a typing error rather than a choice
    private const int CompleteLength = 29;

    /// <summary>Runs <paramref name="action"/> with the id; where no window has it, with the id that it is a unique prefix of.</summary>
    /// <exception cref="CliException">No window has the id or the prefix, or several have the prefix.</exception>
    public static async Task<int> WithIdAsync(Session session, string id, Func<string, Task<int>> action, CancellationToken cancel)
    {
        id = Session.Id(id, "window");
        try
        {
            return await action(id);
        }
        catch (CliException failure) when (failure.ExitCode == ExitCodes.NotFound && IsPrefix(id))
        {
            if (await FindAsync(session, id, cancel) is { } complete)
            {
                return await action(complete);
            }

            throw;
        }
    }

    private static bool IsPrefix(string id) =>
        id.StartsWith(Prefix, StringComparison.Ordinal) && id.Length is >= ShortestPrefix and < CompleteLength;

    private static async Task<string?> FindAsync(Session session, string prefix, CancellationToken cancel)
    {
        string? found = null;
        for (string? after = ""; after is not null;)
        {
            var page = (await session.Client.SendAsync(session.Call(HttpMethod.Get, $"management/maintenance?limit=100{after}"), cancel)).Json;
            foreach (var id in page.Items("data").Select(window => window.Text("id") ?? "").Where(id => id.StartsWith(prefix, StringComparison.Ordinal)))
            {
                found = found is null || found == id ? id
                    : throw new CliException(ExitCodes.Usage, $"'{prefix}' matches more than one window, such as {TerminalText.Line(found)} and {TerminalText.Line(id)}; use more characters of the ID");
            }

            after = page.IsTrue("has_more") && page.Text("last_id") is { Length: > 0 } last ? $"&after={Uri.EscapeDataString(last)}" : null;
        }

        return found;
    }
}
