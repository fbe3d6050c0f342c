using Npgsql;
using Xerotier.Projects.V1;
using Xerotier.ServiceDefaults;

namespace Xerotier.NotificationService.Following;

/// <summary>
/// Keeps in the database which projects are suspended, as the Gateway tells it: their subscriptions are told nothing, and what they have
/// missed is not sent (product.md section 2, Suspending).
/// </summary>
internal sealed class Suspensions(ProjectFeed.ProjectFeedClient gateway, NpgsqlDataSource database, Migrations migrations, TimeProvider time, ILogger<Suspensions> logger) : BackgroundService
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(2.5); // a living stream responds twice a second
    private static readonly TimeSpan WriteEvery = TimeSpan.FromSeconds(10); // repairs a database that was restored

    private const string LockSql = "lock table suspended_projects in share row exclusive mode";
    private const string ResumeSql = "delete from suspended_projects where project_id <> all($1)";
    private const string SuspendSql = "insert into suspended_projects select unnest($1) on conflict do nothing";

    private const string HoldSql = "select from subscriptions where project_id = any($1) order by id for update"; // before their messages, see Waiting

    private const string GiveUpSql = """
        with given_up as (
            update deliveries set state = 'failed', next_attempt_at = null, last_error = 'The project is suspended.'
            where state = 'pending' and project_id = any($1) returning subscription_id
        )
        update subscriptions s set failed_count = s.failed_count + counted.count
        from (select subscription_id, count(*) from given_up group by subscription_id) counted where s.id = counted.subscription_id
        """;

    /// <summary>Makes <paramref name="projects"/> the suspended ones.</summary>
    public async Task WriteAsync(string[] projects, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation); // a batch alone is none to the lock
        await using var batch = new NpgsqlBatch(connection, transaction);
        batch.BatchCommands.Add(new(LockSql));
        batch.BatchCommands.Add(new(ResumeSql) { Parameters = { new() { Value = projects } } });
        batch.BatchCommands.Add(new(SuspendSql) { Parameters = { new() { Value = projects } } });
        if (projects.Length > 0)
        {
            batch.BatchCommands.Add(new(HoldSql) { Parameters = { new() { Value = projects } } });
            batch.BatchCommands.Add(new(GiveUpSql) { Parameters = { new() { Value = projects } } });
        }

        await batch.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await migrations.Done.WaitAsync(stoppingToken);
        var failures = new FailureLog(logger, "The suspended projects cannot be written; it is tried again", "The suspended projects are written again");
        var (mark, projects, written) = ("", Array.Empty<string>(), 0L);
        await ServiceClients.WatchAsync(
            cancellation => gateway.WatchProjects(new() { Mark = mark }, cancellationToken: cancellation), TakeAsync, Silence, time, logger, stoppingToken);

        async ValueTask TakeAsync(WatchProjectsResponse response)
        {
            mark = response.Mark;
            if (response.Suspended is { } suspended)
            {
                (projects, written) = ([.. suspended.Projects.Select(project => project.Id)], 0);
            }

            if (written != 0 && time.GetElapsedTime(written) < WriteEvery)
            {
                return;
            }

            try
            {
                await WriteAsync(projects, stoppingToken);
                written = time.GetTimestamp();
                failures.Succeeded();
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                failures.Failed(failure); // the next response tries again
            }
        }
    }
}
