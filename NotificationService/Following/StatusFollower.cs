using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Grpc.Core;
using Npgsql;
using Xerotier.NotificationService.Events;
using Xerotier.NotificationService.Model;
using Xerotier.ServiceDefaults;
using Xerotier.Statuses.V1;

namespace Xerotier.NotificationService.Following;

/// <summary>Follows what components are shown as. A change is held for a minute; one that flaps back within it is not told.</summary>
internal sealed class StatusFollower(
    StatusChanges.StatusChangesClient log, KnownComponents components, NpgsqlDataSource database, Migrations migrations, DeliverySignal signal, TimeProvider time, ILogger<StatusFollower> logger)
    : LogFollower<WatchChangesResponse>("statuses", database, migrations, signal, time, logger)
{
    private const string Hold = "interval '60 s'";

    /// <summary>Each status must hold for the time by itself; what it was before the first of several changes is what it is compared with.</summary>
    private const string HoldSql = $"""
        insert into held_statuses (component_id, number, before, after, since, due_at) values (@component, @number, @before, @after, @since, @since + {Hold})
        on conflict (component_id) do update set number = excluded.number, after = excluded.after, since = excluded.since, due_at = excluded.due_at;
        delete from held_statuses where component_id = @component and before = after
        """;

    private const string DueSql = """
        delete from held_statuses where component_id in (select component_id from held_statuses where due_at <= clock_timestamp() order by component_id for update skip locked)
        returning component_id, number, before, after, since
        """;

    /// <summary>What had held for its time when the next change came, as of a component that changed twice while nobody followed.</summary>
    private const string HeldLongSql = "delete from held_statuses where due_at <= @since returning component_id, number, before, after, since";

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
        await using var clear = connection.Command("delete from held_statuses");
        await clear.ExecuteNonQueryAsync(cancellation);
        return (await log.GetStatusesAsync(new(), cancellationToken: cancellation)).Mark;
    }

    /// <inheritdoc/>
    protected override async Task<IReadOnlyList<NewEvent>> TakeAsync(NpgsqlConnection connection, WatchChangesResponse response, CancellationToken cancellation)
    {
        var held = new List<NewEvent>();
        foreach (var change in response.Changes.Where(change => change.Before.Length > 0)) // what was not shown before has not changed
        {
            await using var heldLong = connection.Command(HeldLongSql).Time("since", change.At.ToDateTimeOffset());
            held.AddRange(await ToldAsync(heldLong, cancellation));
            await using var hold = connection.Command(HoldSql)
                .Text("component", change.ComponentId).Number("number", change.Number).Text("before", change.Before).Text("after", change.After).Time("since", change.At.ToDateTimeOffset());
            await hold.ExecuteNonQueryAsync(cancellation);
        }

        return held;
    }

    /// <inheritdoc/>
    protected override async Task<IReadOnlyList<NewEvent>> TakeDueAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var due = connection.Command(DueSql);
        return await ToldAsync(due, cancellation);
    }

    /// <summary>What is told of the changes that a statement takes, in the order in which they were recorded.</summary>
    private async Task<IReadOnlyList<NewEvent>> ToldAsync(NpgsqlCommand take, CancellationToken cancellation)
    {
        var taken = await take.ReadAllAsync(
            row => (Id: row.GetString(0), Number: row.GetInt64(1), Before: row.GetString(2), After: row.GetString(3), Since: row.GetFieldValue<DateTimeOffset>(4)), cancellation);
        if (taken.Count == 0)
        {
            return [];
        }

        var known = await components.ListAsync(cancellation);
        return [.. taken.OrderBy(change => change.Number).Select(change => new NewEvent(
            KeyOf(change.Id, change.Number), EventTypes.StatusChanged, change.Id, "", Platform: true, [change.Id], change.Since,
            JsonSerializer.SerializeToUtf8Bytes(new JsonObject
            {
                ["id"] = change.Id,
                ["object"] = "component",
                ["name"] = known.FirstOrDefault(component => component.Id == change.Id)?.Name ?? change.Id,
                ["status"] = change.After,
                ["previous_status"] = change.Before,
                ["since"] = change.Since.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
            })))];
    }
}
