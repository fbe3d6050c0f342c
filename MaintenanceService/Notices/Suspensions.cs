using Npgsql;
using Xerotier.MaintenanceService.Changes;
using Xerotier.Projects.V1;
using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Notices;

/// <summary>
/// Keeps in the database which projects are suspended, as the Gateway tells it: their windows are in no public document (product.md
/// section 2, Suspending). While no Gateway responds, and after a start without one, the set that was heard last holds.
/// </summary>
internal sealed class Suspensions(
    ProjectFeed.ProjectFeedClient gateway, NpgsqlDataSource database, Migrations migrations, ChangeFeed changes, TimeProvider time, ILogger<Suspensions> logger)
    : BackgroundService
{
    /// <summary>A live stream sends a response twice a second.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(2.5);

    /// <summary>Writing the set again this often repairs a database that was restored from a backup meanwhile.</summary>
    private static readonly TimeSpan WriteEvery = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Replicas may write sets of different age, one after the other because of the lock. Each writes again when it hears of a newer one,
    /// so that the newest is the last.
    /// </summary>
    private const string LockSql = "select from suspended_projects_version for update";

    private const string WriteSql = """
        with gone as (delete from suspended_projects where project_id <> all($1) returning 1),
        added as (insert into suspended_projects select unnest($1) on conflict do nothing returning 1)
        update suspended_projects_version set version = version + 1 where exists (select from gone) or exists (select from added)
        """;

    /// <summary>The oldest project of the platform, as the Gateway told last; null: there is none, or it has not told yet.</summary>
    public string? OldestOfPlatform { get; private set; }

    /// <summary>Makes <paramref name="projects"/> the suspended ones.</summary>
    public async Task WriteAsync(string[] projects, CancellationToken cancellation)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(new(LockSql));
        batch.BatchCommands.Add(new(WriteSql) { Parameters = { new() { Value = projects } } });
        await batch.ExecuteNonQueryAsync(cancellation);
        if (batch.BatchCommands[1].RecordsAffected > 0)
        {
            changes.Wake();
        }
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
                OldestOfPlatform = response.OldestOfPlatform is { Length: > 0 } oldest ? oldest : null;
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
