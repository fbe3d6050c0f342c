using System.Text.Json;

namespace Xerotier.Xeroctl.Commands;

/// <summary>The health dashboard as text.</summary>
internal static class DashboardView
{
    /// <summary>Writes the summary and its parts.</summary>
    public static void Write(Screen screen, JsonElement board)
    {
        var (routing, workers, endpoints) = (board.Child("routing"), board.Child("workers"), board.Child("endpoints"));
        var now = screen.Now;
        var routerTable = Routers(routing, now);
        var workerTable = Workers(workers, now);
        var endpointTable = Endpoints(endpoints);
        var windows = WindowView.Table();
        foreach (var window in board.Child("maintenance").Items("active").Concat(board.Child("maintenance").Items("upcoming")))
        {
            WindowView.AddTo(windows, window, now);
        }

        if (!screen.IsTerminal)
        {
            screen.Columns("project", board.Text("project_id") ?? "", board.Text("status") ?? "", board.Text("generated_at") ?? "");
            screen.Columns("routing", routing.Text("status") ?? "", routing.Count("total"), routing.Count("online"), routing.Count("offline"));
            screen.Columns("workers", workers.Text("status") ?? "", workers.Count("total"), workers.Count("healthy"), workers.Count("stale"));
            screen.Columns("endpoints", EndpointStatus(endpoints), endpoints.Count("total"), endpoints.Count("operational"), endpoints.Count("degraded"), endpoints.Count("outage"));
            routerTable.Write(screen, "router");
            workerTable.Write(screen, "worker");
            endpointTable.Write(screen, "endpoint");
            windows.Write(screen, "window");
            return;
        }

        screen.Line(
            new Piece("● ", Tones.Of(board.Text("status"))),
            new Piece($"{board.Text("project_id")} is {board.Text("status")}", Tone.Strong),
            board.Time("generated_at") is { } at ? new Piece($"  as of {Times.Clock(at)}", Tone.Faint) : "");
        screen.Line();
        Summary("Routing", routing.Text("status"), $"{routing.Count("online")} of {routing.Count("total")} routers online");
        Summary("Workers", workers.Text("status"), $"{workers.Count("healthy")} of {workers.Count("total")} healthy, {workers.Count("stale")} stale");
        Summary("Endpoints", EndpointStatus(endpoints), $"{endpoints.Count("operational")} of {endpoints.Count("total")} operational, {endpoints.Count("degraded")} degraded, {endpoints.Count("outage")} in outage{(UnknownEndpoints(endpoints) is > 0 and var unknown ? $", {unknown} unknown" : "")}");
        Section(routerTable);
        Section(workerTable);
        var matched = workers.Number("matched") is not null;
        if (matched || workers.IsTrue("has_more"))
        {
            var found = matched ? $"{workers.Count("matched")} of {workers.Count("total")} workers found" : $"{workers.Count("total")} workers in total";
            screen.Line(new Piece($"{found}{(workers.IsTrue("has_more") ? "; use --limit to show more" : "")}.", Tone.Faint));
        }

        Section(endpointTable);
        Section(windows);

        void Summary(string name, string? status, string text) => screen.Line($"{name,-11}", new Piece($"{status ?? "unknown",-13}", Tones.Of(status ?? "unknown")), text);

        void Section(Table table)
        {
            if (table.Count > 0)
            {
                screen.Line();
                table.Write(screen);
            }
        }
    }

    private static Table Routers(JsonElement routing, DateTimeOffset now)
    {
        var table = new Table(new TableColumn("ROUTER", Shrinks: true, Least: 12), new("REGION", Leaves: 2), new("VERSION", Leaves: 1), new("STATE"), new("HEARTBEAT"));
        foreach (var router in routing.Items("routers"))
        {
            var state = router.Text("state") ?? "";
            table.Add(router.Text("id") ?? "", router.Text("region") ?? "", router.Text("version") ?? "", new(state, Tones.Of(state)), DetailView.Cell(router, "last_heartbeat_at", now));
        }

        return table;
    }

    private static Table Workers(JsonElement workers, DateTimeOffset now)
    {
        var table = new Table(
            new TableColumn("WORKER", Shrinks: true, Least: 12), new("NAME", Shrinks: true, Leaves: 4), new("KIND", Leaves: 1), new("REGION", Leaves: 2), new("STATE"), new("STATUS"), new("LOAD", Leaves: 3), new("HEARTBEAT"),
            new("ENDPOINTS", Shrinks: true, OnlyWide: true), new("MODELS", Shrinks: true, OnlyWide: true));
        foreach (var worker in workers.Items("items").OrderBy(worker => worker.Text("status") == "healthy")) // what needs attention first
        {
            var (state, status) = (worker.Text("state") ?? "", worker.Text("status") ?? "");
            table.Add(
                worker.Text("id") ?? "",
                worker.Text("name") ?? "",
                worker.Text("kind") ?? "",
                worker.Text("region") ?? "",
                new(state, Tones.Of(state)),
                new(status, Tones.Of(status)),
                $"{worker.Count("active_requests")}/{worker.Count("max_concurrent_requests")}",
                DetailView.Cell(worker, "last_heartbeat_at", now),
                worker.Texts("endpoints"),
                worker.Texts("models"));
        }

        return table;
    }

    private static Table Endpoints(JsonElement endpoints)
    {
        var table = new Table(new TableColumn("ENDPOINT", Shrinks: true), new("STATUS"), new("WORKERS"), new("MODELS", Shrinks: true));
        foreach (var endpoint in endpoints.Items("items"))
        {
            var status = endpoint.Text("status") ?? "";
            table.Add(endpoint.Text("slug") ?? "", new(status, Tones.Of(status)), $"{endpoint.Count("workers_healthy")}/{endpoint.Count("workers_total")}", endpoint.Texts("models"));
        }

        return table;
    }

    // The API counts endpoints by status, and the client derives the worst. Endpoints in none of the counts are unknown, which ranks
    // between degraded and outage as everywhere. A project without endpoints is unknown too.
    private static string EndpointStatus(JsonElement endpoints) =>
        endpoints.Number("outage") > 0 ? "outage"
        : endpoints.Number("total") is not > 0 || UnknownEndpoints(endpoints) > 0 ? "unknown"
        : endpoints.Number("degraded") > 0 ? "degraded"
        : "operational";

    private static double UnknownEndpoints(JsonElement endpoints) =>
        (endpoints.Number("total") ?? 0) - (endpoints.Number("operational") ?? 0) - (endpoints.Number("degraded") ?? 0) - (endpoints.Number("outage") ?? 0);
}
