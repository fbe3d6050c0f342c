using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Grpc.Core;
using Npgsql;
using NpgsqlTypes;
using Xerotier.Changes.V1;
using Xerotier.NotificationService.Events;
using Xerotier.NotificationService.Model;
using Xerotier.ServiceDefaults;

namespace Xerotier.NotificationService.Following;

/// <summary>Follows the changes of windows, series and incidents, and tells of windows when their time comes.</summary>
internal sealed class ChangeFollower(
    ChangeLog.ChangeLogClient log, KnownComponents components, NpgsqlDataSource database, Migrations migrations, DeliverySignal signal, TimeProvider time, ILogger<ChangeFollower> logger)
    : LogFollower<WatchChangesResponse>("changes", database, migrations, signal, time, logger)
{
    /// <summary>A reminder that is told later than this after its time is marked as late.</summary>
    private static readonly TimeSpan LateAfter = TimeSpan.FromMinutes(1);

    private const string PutSql = """
        insert into windows (id, project_id, platform, version, data) select * from unnest(@ids, @projects, @platforms, @versions, @data)
        on conflict (id) do update set version = excluded.version, data = excluded.data
        """;

    private const string PlanSql = "insert into plans (window_id, kind, name, due_at) select * from unnest(@windows, @kinds, @names, @due) on conflict do nothing";

    /// <summary>What is planned of a window but for reminders that are due already and have not been taken.</summary>
    private const string DropSql = $"delete from plans where window_id = @id and not (kind = '{WindowPlan.Reminder}' and name = any(@kept) and due_at <= @at)";

    private const string DueSql = """
        with due as (select window_id, kind, name from plans where due_at <= clock_timestamp() order by due_at, window_id, kind, name limit 500 for update skip locked)
        delete from plans p using due, windows w where (p.window_id, p.kind, p.name) = (due.window_id, due.kind, due.name) and w.id = p.window_id
        returning p.kind, p.name, p.due_at, w.platform, w.data, clock_timestamp()
        """;

    /// <summary>The other reminders of a window that were missed, where more is due than is taken at once.</summary>
    private const string MissedSql = $"delete from plans where window_id = any(@windows) and kind = '{WindowPlan.Reminder}' and due_at < clock_timestamp() - @late";

    /// <inheritdoc/>
    protected override AsyncServerStreamingCall<WatchChangesResponse> Open(string mark, CancellationToken cancellation) => log.WatchChanges(new() { Mark = mark }, cancellationToken: cancellation);

    /// <inheritdoc/>
    protected override string MarkOf(WatchChangesResponse response) => response.Mark;

    /// <inheritdoc/>
    protected override bool IsUpToDate(WatchChangesResponse response) => response.UpToDate;

    /// <inheritdoc/>
    protected override bool IsNews(WatchChangesResponse response) => response.Changes.Count > 0;

    /// <inheritdoc/>
    protected override async Task<string> BeginAsync(NpgsqlConnection connection, string refused, CancellationToken cancellation)
    {
        await using var clear = connection.Command("delete from windows");
        await clear.ExecuteNonQueryAsync(cancellation);
        await using var clock = connection.Command("select clock_timestamp()"); // by which it is judged, everywhere here, what has passed: the own clock may be off
        DateTimeOffset now = (DateTime)(await clock.ExecuteScalarAsync(cancellation))!;
        var mark = "";
        using var call = log.GetSnapshot(new() { Mark = refused }, cancellationToken: cancellation);
        while (await call.ResponseStream.MoveNext(cancellation))
        {
            var page = call.ResponseStream.Current;
            mark = mark.Length == 0 ? page.Mark : mark;
            List<KnownWindow> windows = [.. page.Windows.Select(window => new KnownWindow(window.ProjectId, window.Platform, window.Version, Window(window.Json)!, window.Json))];
            await PutAsync(connection, windows, cancellation);
            await PlanAsync(connection, windows.Select(known => known.Window), now, cancellation);
            await KeepAsync(cancellation);
        }

        return mark;
    }

    /// <inheritdoc/>
    protected override async Task<IReadOnlyList<NewEvent>> TakeAsync(NpgsqlConnection connection, WatchChangesResponse response, CancellationToken cancellation)
    {
        var events = new List<NewEvent>();
        foreach (var change in InTime(response.Changes))
        {
            var happened = change.ObjectId.Split('_')[0] switch
            {
                "mw" => await TakeWindowAsync(connection, change, cancellation),
                "mws" => await TakeSeriesAsync(change, cancellation),
                "inc" => TakeIncident(change),
                _ => null, // of a later release
            };
            if (happened is not null)
            {
                events.Add(happened);
            }
        }

        return events;
    }

    /// <inheritdoc/>
    protected override async Task<IReadOnlyList<NewEvent>> TakeDueAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = connection.Command(DueSql);
        var due = await command.ReadAllAsync(
            row => (
                Plan: new WindowPlan(row.GetString(0), row.GetString(1), row.GetFieldValue<DateTimeOffset>(2)), Platform: row.GetBoolean(3), Data: row.GetFieldValue<byte[]>(4),
                Now: row.GetFieldValue<DateTimeOffset>(5)),
            cancellation);
        var events = new List<NewEvent>();
        var lateOf = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (plan, platform, data, now) in due.OrderBy(d => d.Plan.DueAt))
        {
            var window = Window(ByteString.CopyFrom(data))!;
            var affected = await components.NamedAsync(window.AffectedServices, cancellation);
            if (plan.Kind == WindowPlan.Overrunning)
            {
                events.Add(Event(EventTypes.MaintenanceOverrunning, plan.DueAt, data));
            }
            else if (window.StartsAt > now)
            {
                var late = now - plan.DueAt > LateAfter;
                if (!late || lateOf.Add(window.Id)) // of several that were missed, the first
                {
                    var reminder = JsonNode.Parse(data)!.AsObject();
                    (reminder["reminder"], reminder["late"]) = (plan.Name, late);
                    events.Add(Event(EventTypes.MaintenanceReminder, plan.DueAt, JsonSerializer.SerializeToUtf8Bytes(reminder)));
                }
            }

            NewEvent Event(string type, DateTimeOffset at, byte[] told) => new(WindowNews.KeyOf(window, plan), type, window.Id, window.ProjectId, platform, affected, at, told);
        }

        if (lateOf.Count > 0)
        {
            await using var missed = connection.Command(MissedSql).Texts("windows", lateOf).With("late", NpgsqlDbType.Interval, LateAfter);
            await missed.ExecuteNonQueryAsync(cancellation);
        }

        return events;
    }

    /// <summary>Changes, which come object by object, as they happened; those of one object stay in their order, whatever clocks say.</summary>
    private static IEnumerable<Change> InTime(IEnumerable<Change> changes)
    {
        var last = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        return changes.Select(change =>
        {
            var at = change.OccurredAt.ToDateTimeOffset();
            return (Change: change, At: last[change.ObjectId] = last.TryGetValue(change.ObjectId, out var before) && before > at ? before : at);
        }).ToList().OrderBy(change => change.At).Select(change => change.Change);
    }

    private async Task<NewEvent?> TakeWindowAsync(NpgsqlConnection connection, Change change, CancellationToken cancellation)
    {
        var (before, after, at) = (Window(change.Before), Window(change.After), change.OccurredAt.ToDateTimeOffset());
        if (after is { Status: WindowStatus.Scheduled or WindowStatus.Active })
        {
            await PutAsync(connection, [new(change.ProjectId, change.Platform, change.Version, after, change.After)], cancellation);
            if (WindowNews.ChangesPlans(before, after))
            {
                await using var drop = connection.Command(DropSql).Text("id", after.Id).Texts("kept", WindowNews.KeptReminders(before, after)).Time("at", at);
                await drop.ExecuteNonQueryAsync(cancellation);
                await PlanAsync(connection, [after], at, cancellation);
            }
        }
        else
        {
            await using var forget = connection.Command("delete from windows where id = @id").Text("id", change.ObjectId);
            await forget.ExecuteNonQueryAsync(cancellation);
        }

        return WindowNews.TypeOf(before, after, at, change.WithSeries) is { } type ? await MaintenanceAsync(change, type, after!.AffectedServices, cancellation) : null;
    }

    private async Task<NewEvent?> TakeSeriesAsync(Change change, CancellationToken cancellation)
    {
        var (before, after) = (Read(change.Before, ContractsJson.Wire.MaintenanceSeries), Read(change.After, ContractsJson.Wire.MaintenanceSeries));
        return SeriesNews.TypeOf(before, after, change.ToCome) is { } type ? await MaintenanceAsync(change, type, after!.AffectedServices, cancellation) : null;
    }

    private async Task<NewEvent> MaintenanceAsync(Change change, string type, IReadOnlyList<string> services, CancellationToken cancellation) => new(
        KeyOf(change.ObjectId, change.Version), type, change.ObjectId, change.ProjectId, change.Platform,
        await components.NamedAsync(services, cancellation), change.OccurredAt.ToDateTimeOffset(), change.After.ToByteArray());

    private static NewEvent? TakeIncident(Change change)
    {
        var (after, current) = (Read(change.After, ContractsJson.Wire.Incident), Read(change.Current, ContractsJson.Wire.Incident));
        if (IncidentNews.Of(change.Action, after, current, change.OccurredAt.ToDateTimeOffset()) is not var (type, update))
        {
            return null;
        }

        var earlier = IncidentNews.AsOf(update, after!, current!);
        return new(
            $"{change.ObjectId}.{update.Id}", type, change.ObjectId, change.ProjectId, Platform: true, [.. (earlier ?? current!).Components.Select(component => component.Id)],
            change.OccurredAt.ToDateTimeOffset(), earlier is null ? change.Current.ToByteArray() : JsonSerializer.SerializeToUtf8Bytes(earlier, ContractsJson.Wire.Incident));
    }

    private static async Task PutAsync(NpgsqlConnection connection, IReadOnlyList<KnownWindow> windows, CancellationToken cancellation)
    {
        await using var put = connection.Command(PutSql)
            .Texts("ids", windows.Select(known => known.Window.Id))
            .Texts("projects", windows.Select(known => known.ProjectId))
            .With("platforms", NpgsqlDbType.Array | NpgsqlDbType.Boolean, windows.Select(known => known.Platform).ToArray())
            .With("versions", NpgsqlDbType.Array | NpgsqlDbType.Bigint, windows.Select(known => known.Version).ToArray())
            .With("data", NpgsqlDbType.Array | NpgsqlDbType.Bytea, windows.Select(known => known.Json.ToByteArray()).ToArray());
        await put.ExecuteNonQueryAsync(cancellation);
    }

    private static async Task PlanAsync(NpgsqlConnection connection, IEnumerable<MaintenanceWindow> windows, DateTimeOffset at, CancellationToken cancellation)
    {
        var plans = windows.SelectMany(window => WindowNews.PlansOf(window, at), (window, plan) => (WindowId: window.Id, Plan: plan)).ToList();
        await using var add = connection.Command(PlanSql)
            .Texts("windows", plans.Select(one => one.WindowId))
            .Texts("kinds", plans.Select(one => one.Plan.Kind))
            .Texts("names", plans.Select(one => one.Plan.Name))
            .With("due", NpgsqlDbType.Array | NpgsqlDbType.TimestampTz, plans.Select(one => one.Plan.DueAt).ToArray());
        await add.ExecuteNonQueryAsync(cancellation);
    }

    private static MaintenanceWindow? Window(ByteString json) => Read(json, ContractsJson.Wire.MaintenanceWindow);

    private static T? Read<T>(ByteString json, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class => json.IsEmpty ? null : JsonSerializer.Deserialize(json.Span, ContractsJson.FromAnyVersion(ContractsJson.Wire.Options, type));

    /// <summary>A window that is scheduled or active, as it is kept.</summary>
    private sealed record KnownWindow(string ProjectId, bool Platform, long Version, MaintenanceWindow Window, ByteString Json);
}
