using System.Threading.RateLimiting;
using Npgsql;
using NpgsqlTypes;
using Xerotier.MaintenanceService.Changes;
using Xerotier.ServiceDefaults.Http;
using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Api;

/// <summary>
/// What the writes of every kind of object have in common. A write is one statement, so one transaction and one round trip: it locks the
/// version that was read (the expression <c>target</c>), claims the idempotency key (<see cref="Claim"/>), writes the object and its row
/// of the change log, or does none of it and says so.
/// </summary>
internal sealed class Writes(ProjectDatabase database, ChangeNotifier changes, DatabaseClock clock) : IDisposable
{
    /// <summary>Takes the key unless another request holds it. A key that another transaction is taking is waited for.</summary>
    public const string Claim = $"""
        claim as (
            insert into idempotency_keys as held (project_id, key, fingerprint, created_at, status, etag, location, body)
            select @project_of_key, @key, @fingerprint, @at, @status, @etag, @location, @body from target where @key is not null
            on conflict (project_id, key) do update set
                fingerprint = excluded.fingerprint, created_at = excluded.created_at, status = excluded.status,
                etag = excluded.etag, location = excluded.location, body = excluded.body
                where held.project_id = @project_of_key and held.created_at <= least(@at, clock_timestamp()) - {Idempotency.Kept}
            returning 1
        )
        """;

    /// <summary>Holds where no key was asked for, or it was taken.</summary>
    public const string Claimed = "(@key is null or exists (select from claim))";

    private const string KeepSql = $"with target as (select), {Claim} select count(*) from claim";

    private readonly ConcurrencyLimiter alone = new(new() { PermitLimit = 1, QueueLimit = 1000 });

    /// <summary>A statement with the parameters of <see cref="Claim"/> and of the change log: <c>@actor</c>, <c>@actor_key_id</c>, <c>@action</c>, <c>@at</c>.</summary>
    public NpgsqlCommand Command(string projectId, Change change, string sql) => Claiming(projectId, change, sql)
        .Text("actor", change.Actor.Name)
        .Text("actor_key_id", change.Actor.KeyId)
        .Text("action", change.Action);

    /// <summary>Runs a write, whose last statement says how many objects it wrote, and signals a possible change even when the outcome is unknown.</summary>
    /// <returns>Whether it wrote.</returns>
    public async Task<bool> RunAsync(NpgsqlCommand write, CancellationToken cancellation)
    {
        await using var command = write;
        try
        {
            await using var row = await command.ExecuteReaderAsync(cancellation);
            var written = 0L;
            do
            {
                while (await row.ReadAsync(cancellation))
                {
                    written = row.GetInt64(0); // the last statement's
                }
            }
            while (await row.NextResultAsync(cancellation));
            return written == 1;
        }
        finally
        {
            changes.Signal();
        }
    }

    /// <summary>Keeps the response to a request that changed nothing; false when another request holds the key.</summary>
    public async Task<bool> KeepAsync(string projectId, Change change, CancellationToken cancellation)
    {
        if (change.Idempotency is null)
        {
            return true;
        }

        await using var command = Claiming(projectId, change, KeepSql);
        return (long)(await command.ExecuteScalarAsync(cancellation))! == 1;
    }

    /// <summary>The response that the request's key has got before; null when it has none.</summary>
    /// <exception cref="ApiException">409: the key was used with another request.</exception>
    public async Task<ApiResponse?> EarlierAsync(string projectId, Idempotency? idempotency, CancellationToken cancellation)
    {
        if (idempotency is null)
        {
            return null;
        }

        await using var command = database.Command(projectId, $"""
            select fingerprint, status, body, etag, location from idempotency_keys
            where project_id = @project and key = @key and created_at > least(@now, clock_timestamp()) - {Idempotency.Kept}
            """).Text("key", idempotency.Key).Time("now", clock.Now);
        var found = await command.ReadAllAsync(
            row => (Fingerprint: row.GetFieldValue<byte[]>(0), Response: new ApiResponse(row.GetInt16(1), row.GetFieldValue<byte[]>(2), row.TextOrNull("etag"), row.TextOrNull("location"))),
            cancellation);
        return found is not [var earlier] ? null
            : earlier.Fingerprint.AsSpan().SequenceEqual(idempotency.Fingerprint) ? earlier.Response
            : throw new ApiException(ApiErrors.IdempotencyConflict);
    }

    /// <summary>
    /// Tries a change until it is written: <paramref name="attempt"/> reads the object, judges the request by it, and writes if it is still
    /// what was read. It is tried again only because another change came first, so it does not go on for ever.
    /// </summary>
    /// <param name="projectId">Whose key the request has.</param>
    /// <param name="idempotency">The request's key.</param>
    /// <param name="attempt">Returns null when another change came first.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<ApiResponse> RepeatAsync(string projectId, Idempotency? idempotency, Func<Task<ApiResponse?>> attempt, CancellationToken cancellation)
    {
        while (true)
        {
            if (await EarlierAsync(projectId, idempotency, cancellation) is { } earlier)
            {
                return earlier;
            }

            if (await attempt() is { } response)
            {
                return response;
            }
        }
    }

    /// <summary><see cref="RepeatAsync"/> for components and incidents, whose writes wait for each other: here, and not with a connection to the database each.</summary>
    public async Task<ApiResponse> RepeatAloneAsync(string projectId, Idempotency? idempotency, Func<Task<ApiResponse?>> attempt, CancellationToken cancellation)
    {
        using var turn = await alone.AcquireAsync(cancellationToken: cancellation);
        return turn.IsAcquired ? await RepeatAsync(projectId, idempotency, attempt, cancellation) : throw new ApiException(ApiErrors.ServiceUnavailable);
    }

    public void Dispose() => alone.Dispose();

    private NpgsqlCommand Claiming(string projectId, Change change, string sql) => database.Command(projectId, sql)
        .Text("key", change.Idempotency?.Key)
        .Text("project_of_key", change.KeyOf ?? projectId)
        .With("fingerprint", NpgsqlDbType.Bytea, change.Idempotency?.Fingerprint)
        .Time("at", change.At)
        .With("status", NpgsqlDbType.Smallint, (short)change.Response.Status)
        .Text("etag", change.Response.ETag)
        .Text("location", change.Response.Location)
        .With("body", NpgsqlDbType.Bytea, change.Response.Body);
}
