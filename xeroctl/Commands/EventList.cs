using System.CommandLine;
using System.Text.Json;

namespace Xerotier.Xeroctl.Commands;

/// <summary>Lists who changed what, and when.</summary>
/// <param name="namesObjects">The list is of several objects, and says of which.</param>
internal sealed class EventList(bool namesObjects = false)
{
    private readonly PagedList list = new();

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Leaf leaf) => list.AddTo(leaf);

    /// <summary>Fetches and shows the list.</summary>
    /// <param name="session">The invocation.</param>
    /// <param name="parse">Its options.</param>
    /// <param name="call">The call for a query string, which starts with <c>?</c> or is empty.</param>
    /// <param name="cancel">Ends it.</param>
    /// <param name="query">Further parameters.</param>
    public Task<int> ShowAsync(Session session, ParseResult parse, Func<string, ApiCall> call, CancellationToken cancel, IEnumerable<string>? query = null) => list.ShowAsync(
        session,
        parse,
        call,
        query ?? [],
        new([new("WHEN"), .. namesObjects ? [new("OBJECT")] : Array.Empty<TableColumn>(), new("ACTION"), new("ACTOR", Shrinks: true), new("CHANGED FIELDS", Shrinks: true)]),
        AddTo,
        "No events found.",
        cancel);

    private void AddTo(Table table, JsonElement item, DateTimeOffset now) => table.Add(
        [DetailView.Cell(item, "occurred_at", now), .. namesObjects ? [ObjectOf(item)] : Array.Empty<TableCell>(), item.Text("action") ?? "", item.Text("actor") ?? "", item.Texts("changed_fields")]);

    /// <summary>The ID of the object, which an event's begins with.</summary>
    private static string ObjectOf(JsonElement item) => item.Text("id") is { } id && id.LastIndexOf('.') is > 0 and var dot ? id[..dot] : "";
}
