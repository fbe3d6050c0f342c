using System.CommandLine;
using System.Text.Json;

namespace Xerotier.Xeroctl.Commands;

/// <summary>Lists something page by page: <c>--limit</c>, <c>--all</c>.</summary>
internal sealed class PagedList
{
    private readonly Option<int?> limit = OptionRules.Integer(new Option<int?>("--limit") { Description = "Maximum number of results, 1 to 100 (default: 20); with --all, the number per request", HelpName = "n" }, 1, 100);
    private readonly Option<bool> all = new("--all") { Description = "Fetch every page; with -o json, print one document per page" };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Leaf leaf)
    {
        leaf.Add(limit);
        leaf.Add(all);
    }

    /// <summary>Fetches and shows the list.</summary>
    /// <param name="session">The invocation.</param>
    /// <param name="parse">Its options.</param>
    /// <param name="call">The call for a query string, which starts with <c>?</c> or is empty.</param>
    /// <param name="query">Further parameters.</param>
    /// <param name="table">The empty table.</param>
    /// <param name="add">Adds one item to the table.</param>
    /// <param name="none">The message for a person when the list is empty.</param>
    /// <param name="cancel">Ends it.</param>
    public async Task<int> ShowAsync(
        Session session, ParseResult parse, Func<string, ApiCall> call, IEnumerable<string> query, Table table, Action<Table, JsonElement, DateTimeOffset> add, string none, CancellationToken cancel)
    {
        var walk = parse.GetValue(all);
        string[] parameters = [.. query, .. (parse.GetValue(limit) ?? (walk ? 100 : null)) is { } count ? [$"limit={count}"] : Array.Empty<string>()];
        string? after = null;
        while (true)
        {
            string[] page = after is null ? parameters : [.. parameters, $"after={Uri.EscapeDataString(after)}"];
            var request = call(page.Length == 0 ? "" : "?" + string.Join('&', page));
            if (session.DryRun(request))
            {
                return ExitCodes.Ok;
            }

            var response = await session.Client.SendAsync(request, cancel);
            var screen = session.Screen();
            if (session.Settings.Json)
            {
                session.WriteJson(response.Body);
            }

            foreach (var item in response.Json.Items("data"))
            {
                add(table, item, screen.Now);
            }

            var last = response.Json.Text("last_id");
            if (walk && response.Json.IsTrue("has_more") && last is { Length: > 0 } && last != after)
            {
                after = last;
                if (session.Settings.Json && !screen.IsTerminal)
                {
                    session.WriteJson("\n"u8.ToArray());
                }

                continue;
            }

            if (!session.Settings.Json)
            {
                Write(screen, table, response.Json.IsTrue("has_more"), none);
            }

            return ExitCodes.Ok;
        }
    }

    private static void Write(Screen screen, Table table, bool hasMore, string none)
    {
        if (table.Count > 0 || !screen.IsTerminal)
        {
            table.Write(screen);
        }
        else
        {
            Terminal.Error.WriteLine(none);
        }

        if (hasMore && screen.IsTerminal)
        {
            screen.Line(new Piece("More results exist; use --all to list them.", Tone.Faint));
        }
    }
}
