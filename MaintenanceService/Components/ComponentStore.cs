using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Npgsql;
using NpgsqlTypes;
using Xerotier.MaintenanceService.Api;
using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Components;

/// <summary>The components, which are the platform's and no project's. Every write is one statement (<see cref="Writes"/>), judged by all components.</summary>
internal sealed class ComponentStore(NpgsqlDataSource database, Writes writes, NoticeEvents events)
{
    private static readonly JsonTypeInfo<Component> AnyVersion = ContractsJson.FromAnyVersion(ContractsJson.Wire.Options, ContractsJson.Wire.Component);

    /// <summary>Open incidents and drafts that name the component: while there is one, it is not archived.</summary>
    private const string NamingSql = $"select from incidents where (draft or resolved_at is null) and {NoticeEvents.NamesComponent}";

    private const string WriteSql = $"""
        {NoticeEvents.Lock}
        with target as (
            select where {NoticeEvents.SameComponents} and (not @archives or not exists ({NamingSql}))
        ),
        {Writes.Claim},
        written as (
            insert into components (id, name_key, document) select @component, @name_key, @document from target where {Writes.Claimed}
            on conflict (id) do update set name_key = excluded.name_key, document = excluded.document
            returning id, version
        ),
        event as (
            insert into notice_events (project_id, object_id, version, occurred_at, actor, actor_key_id, action, before, after)
            select @project, id, version, @at, @actor, @actor_key_id, @action, @before, @after from written
        )
        select count(*) from written
        """;

    /// <summary>All components, the archived ones too, and how many incidents are open.</summary>
    public async Task<ComponentSet> ReadAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select document, (select count(*) from incidents where resolved_at is null and not draft) from components");
        var rows = await command.ReadAllAsync(row => (Component: StoredComponent.Read(row.GetFieldValue<byte[]>(0)), Open: row.GetInt64(1)), cancellation);
        return new(rows.Select(row => row.Component), rows.Count > 0 ? rows[0].Open : 0);
    }

    /// <summary>Whether an open incident or a draft names the component.</summary>
    public async Task<bool> IsNamedAsync(string id, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand($"select exists ({NamingSql})").Text("component", id);
        return (bool)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>Writes a new component, or replaces <paramref name="before"/>; false when any component has changed since <paramref name="set"/> was read, an incident names what is archived, or another request holds the idempotency key.</summary>
    public Task<bool> WriteAsync(ComponentSet set, StoredComponent? before, StoredComponent next, Change change, CancellationToken cancellation) => writes.RunAsync(
        writes.Command(Caller.Platform, change, WriteSql)
            .Number("components", set.Versions)
            .Text("component", next.Id)
            .With("archives", NpgsqlDbType.Boolean, next.ArchivedAt is not null)
            .Text("name_key", next.NameKey)
            .With("document", NpgsqlDbType.Jsonb, next.ToDocument())
            .With("before", NpgsqlDbType.Jsonb, before is null ? null : JsonSerializer.Serialize(before, ContractsJson.Wire.Component))
            .With("after", NpgsqlDbType.Jsonb, JsonSerializer.Serialize(next, ContractsJson.Wire.Component)),
        cancellation);

    /// <summary>Up to <paramref name="limit"/> changes of a component before the given version, newest first.</summary>
    public async Task<List<ComponentEvent>> ListEventsAsync(string id, long before, int limit, CancellationToken cancellation) =>
        [.. (await events.ListAsync(Caller.Platform, id, before, limit, cancellation)).Select(ToContract)];

    /// <summary>The JSON shape of a change of a component.</summary>
    public static ComponentEvent ToContract(NoticeEvent change) => new()
    {
        Id = change.Id,
        ComponentId = change.ObjectId,
        Action = change.Action,
        Actor = change.Actor,
        ActorKeyId = change.ActorKeyId,
        OccurredAt = change.OccurredAt,
        ChangedFields = change.ChangedFields(AnyVersion),
        Before = NoticeEvents.Read(change.Before, AnyVersion),
        After = NoticeEvents.Read(change.After, AnyVersion)!,
    };
}
