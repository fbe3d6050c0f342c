using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Xerotier.Xeroctl.Commands;

/// <summary>Ids of one kind on the command line: complete, or a prefix that only one object has.</summary>
/// <param name="What">What has such an id, in the singular.</param>
/// <param name="Prefix">How the ids begin.</param>
/// <param name="List">The call that lists all objects, for a query string without its question mark.</param>
internal sealed record IdKind(string What, string Prefix, Func<Session, string, ApiCall> List)
{
    private const int RandomLength = 20;
    private const int ShortestRandom = 4; // less is a typing error rather than a choice

    /// <summary>The project's maintenance windows.</summary>
    public static IdKind Window { get; } = new("window", "mw_", (session, query) => session.Call(HttpMethod.Get, $"management/maintenance?{query}"));

    /// <summary>The project's series of maintenance windows.</summary>
    public static IdKind Series { get; } = new("series", "mws_", (session, query) => session.Call(HttpMethod.Get, $"management/maintenance-series?{query}"));

    /// <summary>The project's incidents.</summary>
    public static IdKind Incident { get; } = new("incident", "inc_", (session, query) => session.Call(HttpMethod.Get, $"management/incidents?{query}"));

    /// <summary>The updates of one incident, which no call lists.</summary>
    public static IdKind Update { get; } = new("update", "upd_", (_, _) => throw new NotSupportedException());

    /// <summary>The platform's components.</summary>
    public static IdKind Component { get; } = new("component", "cmp_", (session, query) => session.PlatformCall(HttpMethod.Get, $"components?archived=true&{query}"));

    /// <summary>The project's subscriptions.</summary>
    public static IdKind Subscription { get; } = new("subscription", "sub_", (session, query) => session.Call(HttpMethod.Get, $"management/subscriptions?{query}"));

    /// <summary>The page's subscribers.</summary>
    public static IdKind Subscriber { get; } = new("subscriber", "sub_", (session, query) => session.PlatformCall(HttpMethod.Get, $"subscribers?{query}"));

    /// <summary>The messages to one subscription.</summary>
    public static IdKind DeliveryOf(string subscription) => new("delivery", "msg_", (session, query) => session.Call(HttpMethod.Get, $"management/subscriptions/{subscription}/deliveries?{query}"));

    /// <summary>Runs <paramref name="action"/> with the id; where no object has it, with the id that it is a unique prefix of.</summary>
    /// <exception cref="CliException">No object has the id or the prefix, or several have the prefix.</exception>
    public async Task<int> WithIdAsync(Session session, string id, Func<string, Task<int>> action, CancellationToken cancel)
    {
        id = Session.Id(id, What);
        try
        {
            return await action(id);
        }
        catch (CliException failure) when (failure.ExitCode == ExitCodes.NotFound && IsPrefix(id))
        {
            var ids = new List<string>();
            await foreach (var item in ItemsAsync(session, cancel))
            {
                ids.Add(item.Text("id") ?? "");
            }

            if (Match(id, ids) is { } complete)
            {
                return await action(complete);
            }

            throw;
        }
    }

    /// <summary>Whether it has the form of a complete id.</summary>
    public bool IsComplete(string id) => id.StartsWith(Prefix, StringComparison.Ordinal) && id.Length >= Prefix.Length + RandomLength;

    /// <summary>The one id that begins with <paramref name="prefix"/>, or null.</summary>
    /// <exception cref="CliException">There are several.</exception>
    public string? Match(string prefix, IEnumerable<string> ids)
    {
        string? found = null;
        foreach (var id in ids.Where(id => IsPrefix(prefix) && id.StartsWith(prefix, StringComparison.Ordinal)))
        {
            found = found is null || found == id || id == prefix ? id
                : found == prefix ? found
                : throw new CliException(ExitCodes.Usage, $"'{prefix}' matches more than one {What}, such as {TerminalText.Line(found)} and {TerminalText.Line(id)}; use more characters of the ID");
        }

        return found;
    }

    /// <summary>All objects, page by page.</summary>
    public async IAsyncEnumerable<JsonElement> ItemsAsync(Session session, [EnumeratorCancellation] CancellationToken cancel)
    {
        for (string? after = ""; after is not null;)
        {
            var page = (await session.Client.SendAsync(List(session, $"limit=100{after}"), cancel)).Json;
            foreach (var item in page.Items("data"))
            {
                yield return item;
            }

            after = page.IsTrue("has_more") && page.Text("last_id") is { Length: > 0 } last ? $"&after={Uri.EscapeDataString(last)}" : null;
        }
    }

    private bool IsPrefix(string id) => id.StartsWith(Prefix, StringComparison.Ordinal) && id.Length >= Prefix.Length + ShortestRandom && !IsComplete(id);
}
