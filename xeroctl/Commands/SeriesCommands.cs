using System.CommandLine;

namespace Xerotier.Xeroctl.Commands;

/// <summary><c>xeroctl maintenance series</c>: windows that recur at a local time.</summary>
internal static class SeriesCommands
{
    private const string Series = "management/maintenance-series";

    private const string Remarks =
        "The occurrences of a series are ordinary maintenance windows, made ahead up to its horizon; 'xeroctl maintenance list' shows them. Each starts at the same local time on every date, also after the clocks have changed. "
        + "A local time that does not exist, because the clocks are put forward, moves forward by the gap; one that exists twice, because they are put back, is the earlier of the two.";

    /// <summary>The group.</summary>
    public static Group Group() => new("series", "Manage the project's recurring maintenance windows.", List(), Show(), Create(), Update(), Cancel(), Preview());

    private static Leaf List()
    {
        var list = new PagedList();
        var leaf = new Leaf("list", "List series of maintenance windows, newest first.", "xeroctl maintenance series list", "xeroctl maintenance series list --all");
        list.AddTo(leaf);
        return leaf.Handle((session, parse, cancel) => list.ShowAsync(
            session,
            parse,
            query => session.Call(HttpMethod.Get, $"{Series}{query}"),
            [],
            SeriesView.Table(),
            SeriesView.AddTo,
            "No series found.",
            cancel));
    }

    private static Leaf Show()
    {
        var id = Id();
        return new Leaf("show", "Show a series with all its fields.", "xeroctl maintenance series show mws_abc123") { id }.Handle((session, parse, cancel) =>
            IdKind.Series.WithIdAsync(
                session,
                parse.GetRequiredValue(id),
                series => session.ShowAsync(session.Call(HttpMethod.Get, Path(series)), (screen, json) => SeriesView.Details(screen, null, json), cancel),
                cancel));
    }

    private static Leaf Create()
    {
        var options = SeriesOptions.Create();
        var key = new IdempotencyKey();
        var leaf = new Leaf(
            "create",
            "Create a series of maintenance windows.",
            """
            xeroctl maintenance series create \
              --title "Weekly database maintenance" \
              --description "Brief read-only window." \
              --affected-service "Model Storage" \
              --timezone Europe/Berlin --starts-on 2026-06-01 --local-time 02:30 --duration 1h30m \
              --rrule "FREQ=WEEKLY;BYDAY=SU" --exdate 2026-12-27
            """,
            """
            xeroctl maintenance series create --title "Patch day" --description "" \
              --timezone America/New_York --starts-on 2026-06-01 --local-time 22:00 --duration 2h \
              --rrule "FREQ=MONTHLY;BYDAY=2TU"
            """)
        {
            Remarks = Remarks,
        };
        options.AddTo(leaf);
        leaf.Add(key);
        return leaf.Handle((session, parse, cancel) =>
        {
            var call = session.Call(HttpMethod.Post, Series, options.Body(parse).ToBytes()) with { IdempotencyKey = key.Of(parse) };
            return session.ShowAsync(call, (screen, json) => SeriesView.Details(screen, "Created", json), cancel);
        });
    }

    private static Leaf Update()
    {
        var id = Id();
        var options = SeriesOptions.Update();
        var leaf = new Leaf(
            "update",
            "Update a series; fields you omit keep their value. Its occurrences that have not begun change with it, but not those that were changed individually.",
            "xeroctl maintenance series update mws_abc123 --local-time 03:30",
            "xeroctl maintenance series update mws_abc123 --exdate 2026-12-27 --exdate 2027-01-03")
        {
            id,
        };
        options.AddTo(leaf);
        return leaf.Handle((session, parse, cancel) =>
        {
            var body = options.Body(parse);
            return body.IsEmpty
                ? throw new CliException(ExitCodes.Usage, $"nothing to update; use at least one of {options.Names}")
                : IdKind.Series.WithIdAsync(
                    session,
                    parse.GetRequiredValue(id),
                    series => session.ShowAsync(session.Call(HttpMethod.Patch, Path(series), body.ToBytes()), (screen, json) => SeriesView.Details(screen, "Updated", json), cancel),
                    cancel);
        });
    }

    private static Leaf Cancel()
    {
        var id = Id();
        return new Leaf("cancel", "Cancel a series and its occurrences that have not begun. Prompts on a terminal.", "xeroctl maintenance series cancel mws_abc123") { id }.Handle((session, parse, cancel) =>
            IdKind.Series.WithIdAsync(
                session,
                parse.GetRequiredValue(id),
                async series =>
                {
                    string? etag = null;
                    await session.ConfirmAsync(async () =>
                    {
                        var read = await session.Client.SendAsync(session.Call(HttpMethod.Get, Path(series)), cancel);
                        etag = read.ETag;
                        return $"Cancel “{read.Json.Text("title")}” ({read.Json.Text("id")}) and its occurrences that have not begun?";
                    });
                    return await session.ShowAsync(session.Call(HttpMethod.Delete, Path(series)) with { IfMatch = etag }, (screen, json) => SeriesView.Details(screen, "Cancelled", json), cancel);
                },
                cancel));
    }

    private static Leaf Preview()
    {
        var options = SeriesOptions.Preview();
        var leaf = new Leaf(
            "preview",
            "Show the next 10 occurrences that a series would have, and what daylight saving moves. Stores nothing.",
            """
            xeroctl maintenance series preview --timezone Europe/Berlin --starts-on 2027-03-21 \
              --local-time 02:30 --duration 1h30m --rrule "FREQ=WEEKLY;BYDAY=SU"
            """)
        {
            Remarks = Remarks,
        };
        options.AddTo(leaf);
        return leaf.Handle((session, parse, cancel) => session.ShowAsync(
            session.Call(HttpMethod.Post, $"{Series}/preview", options.Body(parse, untitled: "Preview").ToBytes()),
            (screen, json) => SeriesView.Preview(screen, json, options.LocalTime(parse)),
            cancel));
    }

    private static Argument<string> Id() => new("id")
    {
        Description = "ID of the series, such as mws_abc123, or a unique prefix of it",
        CompletionSources = { context => Candidates.Series(context.ParseResult) },
    };

    private static string Path(string id) => $"{Series}/{id}";
}
