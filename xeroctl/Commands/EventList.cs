using System.CommandLine;
using System.Text.Json;

namespace Xerotier.Xeroctl.Commands;

/// <summary>Lists who changed what of an object, and when.</summary>
internal sealed class EventList
{
    private readonly PagedList list = new();

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Leaf leaf) => list.AddTo(leaf);

    /// <summary>Fetches and shows the list.</summary>
    /// <param name="session">The invocation.</param>
    /// <param name="parse">Its options.</param>
    /// <param name="call">The call for a query string, which starts with <c>?</c> or is empty.</param>
    /// <param name="cancel">Ends it.</param>
    public Task<int> ShowAsync(Session session, ParseResult parse, Func<string, ApiCall> call, CancellationToken cancel) => list.ShowAsync(
        session,
        parse,
        call,
        [],
        new(new("WHEN"), new("ACTION"), new("ACTOR", Shrinks: true), new("CHANGED FIELDS", Shrinks: true)),
        AddTo,
        "No events found.",
        cancel);

    private static void AddTo(Table table, JsonElement item, DateTimeOffset now) =>
        table.Add(DetailView.Cell(item, "occurred_at", now), item.Text("action") ?? "", item.Text("actor") ?? "", item.Texts("changed_fields"));
}
