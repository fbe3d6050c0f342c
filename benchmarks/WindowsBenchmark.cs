using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Npgsql;
using Xerotier.TestKit;

namespace Xerotier.Bench;

/// <summary>Maintenance windows with a million of them there: scheduling through the Gateway beside pgbench doing the same inserts, the list, and the way to the page.</summary>
internal static partial class WindowsBenchmark
{
    private static readonly int Windows = int.Parse(Environment.GetEnvironmentVariable("XEROTIER_BENCH_WINDOWS") ?? "1000000", CultureInfo.InvariantCulture);
    private const int Clients = 16;
    private const int Rounds = 5;
    private static readonly TimeSpan Each = TimeSpan.FromSeconds(5);

    public static async Task<Report> RunAsync()
    {
        await using var cluster = await Cluster.StartAsync(new()
        {
            Settings = new Dictionary<string, string?> { ["RateLimits__KeyPerMinute"] = "0", ["RateLimits__ProjectPerMinute"] = "0", ["RateLimits__PublicPerMinute"] = "0" },
        });
        var database = Tools.DatabaseOf(cluster, "maintenancedb");
        await LoadAsync(database, cluster.ProjectId);

        var windows = new Uri(cluster.BaseUrl + "/management/maintenance");
        var authorization = $"Authorization: Bearer {cluster.ApiKey}";
        var body = Body("Benchmark").ToJsonString();
        var script = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(script, Inserts);
            _ = await Tools.WrkPostAsync(windows, Clients, TimeSpan.FromSeconds(3), body, authorization);
            _ = await PgbenchAsync(database, script, TimeSpan.FromSeconds(1));
            List<WrkResult> ours = [];
            List<double> theirs = [];
            for (var round = 0; round < Rounds; round++)
            {
                ours.Add(await Tools.WrkPostAsync(windows, Clients, Each, body, authorization));
                theirs.Add(await PgbenchAsync(database, script, Each));
            }

            var (create, inserts) = (ours.OrderBy(o => o.RequestsPerSecond).ElementAt(Rounds / 2), theirs.Order().ElementAt(Rounds / 2));
            await Tools.ExecuteAsync(database, "vacuum analyze windows");
            _ = await Tools.WrkAsync(windows, Clients, TimeSpan.FromSeconds(1), authorization);
            var list = await Tools.WrkAsync(windows, Clients, Each, authorization);
            var one = await Tools.WrkAsync(windows, 1, Each, authorization);
            var page = await PageDelaysAsync(cluster, windows);
            return new("windows", string.Create(CultureInfo.InvariantCulture, $"{Windows:N0} windows of 10,000 projects are there; {Clients} clients; PostgreSQL is the cluster's own, with its default durability."),
            [
                new("schedule through the Gateway; pgbench: begin, window, audit row, commit", create.ToString(), string.Create(CultureInfo.InvariantCulture, $"{inserts:N0}/s"), Ratio.OfRounds([.. ours.Select(o => o.RequestsPerSecond)], theirs), "≥ 0.4 ×"),
                new("list of 20 through the Gateway, all clients", list.ToString()),
                new("list of 20 through the Gateway, one client", one.ToString()),
                new("scheduled until it is on the page", string.Create(CultureInfo.InvariantCulture, $"median {page[page.Count / 2]:0} ms, worst {page[^1]:0} ms"), Goal: "≤ 500 ms"),
            ]);
        }
        finally
        {
            File.Delete(script);
        }
    }

    /// <summary>What MaintenanceService writes for a new window, as pgbench's script.</summary>
    private const string Inserts = """
        \set n random(1, 1000000000)
        begin;
        insert into windows (project_id, id, platform, title, description, severity, affected_services, starts_at, ends_at, status, auto_transition, version, created_by, created_at, updated_at, completed_at)
        values ('proj_pgbench', 'mw_' || left(md5(:n::text || random()::text), 26), true, 'Benchmark', 'Planned work on a part of the platform.', 'info', array['Model Storage'], '2030-01-01T00:00:00Z', '2030-01-01T01:00:00Z', 'completed', false, 1, 'pgbench', now(), now(), now());
        insert into window_events (project_id, window_id, version, occurred_at, actor, actor_key_id, action, after)
        values ('proj_pgbench', 'mw_' || left(md5(:n::text || random()::text), 26), 1, now(), 'pgbench', 'key_pgbench', 'created',
            '{"id":"mw_7k3q2abcdefghijklmnopqrstu","title":"Benchmark","status":"completed","ends_at":"2030-01-01T01:00:00+00:00","version":1,"platform": true,"severity":"info","starts_at":"2030-01-01T00:00:00+00:00","created_at":"2026-05-22T02:00:00.123456+00:00","created_by":"pgbench","project_id":"proj_pgbench","updated_at":"2026-05-22T02:00:00.123456+00:00","description":"Planned work on a part of the platform.","cancelled_at": null,"completed_at": null,"auto_transition": false,"affected_services":["Model Storage"]}');
        commit;

        """;

    private static JsonObject Body(string title) => new()
    {
        ["title"] = title,
        ["description"] = "Planned work on a part of the platform.",
        ["affected_services"] = new JsonArray("Model Storage"),
        ["starts_at"] = "2030-01-01T00:00:00Z",
        ["ends_at"] = "2030-01-01T01:00:00Z",
        ["status"] = "completed",
    };

    private static async Task<double> PgbenchAsync(NpgsqlConnectionStringBuilder database, string script, TimeSpan duration)
    {
        var output = await Tools.RunAsync(
            "pgbench",
            new Dictionary<string, string?> { ["PGPASSWORD"] = database.Password },
            "-n", "-M", "prepared", "-c", $"{Clients}", "-j", "2", "-T", $"{(int)duration.TotalSeconds}", "-f", script,
            "-h", "127.0.0.1", "-p", $"{database.Port}", "-U", database.Username!, database.Database!);
        return double.Parse(Tps().Match(output).Groups[1].Value, CultureInfo.InvariantCulture);
    }

    /// <summary>Milliseconds from a window's acknowledgement until the page's data shows it, sorted.</summary>
    private static async Task<List<double>> PageDelaysAsync(Cluster cluster, Uri windows)
    {
        using var api = cluster.Http(cluster.ApiKey);
        using var visitor = cluster.Http();
        var delays = new List<double>();
        for (var i = 0; i < 20; i++)
        {
            var body = Body($"Seen {i}");
            body["starts_at"] = string.Create(CultureInfo.InvariantCulture, $"2031-01-01T00:{i:00}:00Z");
            body["ends_at"] = "2031-01-02T00:00:00Z";
            (await api.PostAsJsonAsync(windows, body)).EnsureSuccessStatusCode();
            var watch = Stopwatch.StartNew();
            while (!(await visitor.GetStringAsync(new Uri("/status.json", UriKind.Relative))).Contains($"\"Seen {i}\"", StringComparison.Ordinal))
            {
                await Task.Delay(2);
            }

            delays.Add(watch.Elapsed.TotalMilliseconds);
            await Task.Delay(Random.Shared.Next(100));
        }

        delays.Sort();
        return delays;
    }

    private static async Task LoadAsync(NpgsqlConnectionStringBuilder database, string project)
    {
        await Tools.ExecuteAsync(database, $"""
            insert into windows (project_id, id, title, description, severity, affected_services, starts_at, ends_at, status, version, created_by, created_at, updated_at, completed_at, cancelled_at)
            select
                case when n % 10000 = 0 then '{project}' else 'proj_load' || n % 10000 end,
                'mw_' || lpad(translate(n::text, '0189', 'abcd'), 26, 'a'),
                'Window ' || n, 'Planned work on a part of the platform.', 'info', array['Model Storage'],
                start, start + interval '1 hour' * (1 + n % 48),
                state, 1, 'load', start, start,
                case when state = 'completed' then start end, case when state = 'cancelled' then start end
            from generate_series(1, {Windows}) n,
                lateral (select timestamptz '2025-06-01Z' + interval '1 second' * ((n::bigint * 7919) % 63072000) as start,
                    case when n % 100 = 1 then 'active' when n % 50 = 2 then 'scheduled' when n % 5 = 3 then 'cancelled' else 'completed' end as state) v
            """);
        await Tools.ExecuteAsync(database, "vacuum analyze windows");
    }

    [GeneratedRegex(@"tps = ([\d.]+)")]
    private static partial Regex Tps();
}
