using Npgsql;
using Xerotier.MaintenanceService.Api;
using Xerotier.MaintenanceService.Changes;
using Xerotier.MaintenanceService.Components;
using Xerotier.MaintenanceService.Incidents;
using Xerotier.MaintenanceService.Model;
using Xerotier.MaintenanceService.Windows;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Demo;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.MaintenanceService.Demo;

/// <summary>
/// Writes a demo's example incidents and windows into a fresh database, by the rules and with the audit trail that requests at those times
/// would have left. What the story says has the same ids on every replica and at every attempt, so each step is done once, whoever tries it.
/// </summary>
internal sealed class DemoNotices(
    NpgsqlDataSource database, Migrations migrations, IncidentStore incidents, WindowStore windows, ComponentStore components, DemoOptions options, DatabaseClock clock, TimeProvider time, ILogger<DemoNotices> logger) : BackgroundService
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);
    private static readonly Caller Writer = new("", DemoStory.Project, "", PlatformProject: true, []);
    private static readonly Actor Actor = new(DemoStory.Project, null);

    /// <summary>Does what is left to do.</summary>
    public async Task SeedAsync(CancellationToken cancellation)
    {
        if (await BeginAsync(cancellation) is not { } story)
        {
            return;
        }

        foreach (var (incident, number) in story.Incidents.Select((incident, number) => (incident, number)))
        {
            await WriteAsync(story, incident, number, cancellation);
        }

        foreach (var (window, number) in story.Windows.Select((window, number) => (window, number)))
        {
            await WriteAsync(story, window, number, cancellation);
        }

        await using var command = database.CreateCommand("update demo set done = true");
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!options.IsDemo)
        {
            return;
        }

        await migrations.Done.WaitAsync(stoppingToken);
        var failures = new FailureLog(logger, "The demo's incidents and windows cannot be written; it is tried again", "The demo's incidents and windows are written");
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await SeedAsync(stoppingToken);
                failures.Succeeded();
                return;
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                failures.Failed(failure);
            }

            await Task.Delay(RetryAfter, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>The story that this database has, or gets because nothing was ever written here; null: none, or all of it is there.</summary>
    private async Task<DemoStory?> BeginAsync(CancellationToken cancellation)
    {
        await using (var begin = database.CreateCommand("""
            insert into demo (seed, day) select @seed, @day
            where not exists (select from windows) and not exists (select from window_events) and not exists (select from incidents) and not exists (select from series)
            on conflict do nothing
            """))
        {
            begin.Parameters.AddWithValue("seed", options.Seed);
            begin.Parameters.AddWithValue("day", options.StoryAt(clock.Now)!.Day);
            await begin.ExecuteNonQueryAsync(cancellation);
        }

        await using var read = database.CreateCommand("select seed, day from demo where not done");
        return (await read.ReadAllAsync(row => DemoStory.Of(row.GetInt32(0), row.GetFieldValue<DateOnly>(1)), cancellation)).SingleOrDefault();
    }

    private async Task WriteAsync(DemoStory story, DemoIncident incident, int number, CancellationToken cancellation)
    {
        StoredIncident? current = null;
        foreach (var update in incident.Updates)
        {
            var set = await components.ReadAsync(cancellation);
            var next = (current is null
                ? IncidentRules.Create(
                    new() { Title = incident.Title, Body = update.Body, Status = update.Status, Components = update.Components, StartedAt = update.At, At = update.At, Notify = false },
                    story.ProjectId, Actor.Name, set, update.PostedAt)
                : IncidentRules.Post(
                    current, new() { Body = update.Body, Status = update.Status, Components = update.Components, At = update.At, Notify = false }, Actor.Name, set, update.PostedAt)).Value;
            next = next with
            {
                Id = story.IdOf(StoredIncident.IdPrefix, number),
                Updates = [.. next.Updates.Select((each, step) => each with { Id = story.IdOf("upd_", (10 * number) + step) })],
            };
            var change = new Change(Actor, current is null ? "created" : "posted", next.UpdatedAt, ApiResponse.Ok(next, ContractsJson.Wire.Incident), Idempotency: null);

            // Neither writes what is there already.
            _ = current is null
                ? await incidents.CreateAsync(set, next, outage: null, change, cancellation)
                : await incidents.ReplaceAsync(set, current, next, next.Updates[^1].Id, change, cancellation);
            current = next;
        }
    }

    private async Task WriteAsync(DemoStory story, DemoWindow window, int number, CancellationToken cancellation)
    {
        var isPlanned = DateOnly.FromDateTime(window.Span.From.UtcDateTime) >= story.Day;
        var planned = new MaintenanceWindowUpdate
        {
            Title = window.Title,
            Description = window.Description,
            Severity = window.Severity,
            AffectedServices = [window.Service],
            StartsAt = window.Span.From,
            EndsAt = window.Span.To,
            AutoTransition = isPlanned,
            Notify = isPlanned, // nobody is told of what is over
        };
        var current = Lifecycle.Create(planned, Writer with { ProjectId = story.ProjectId }, window.PlannedAt) with { Id = story.IdOf(StoredWindow.IdPrefix, number) };
        if (await windows.FindAsync(story.ProjectId, current.Id, cancellation) is null)
        {
            await windows.CreateAsync(current, mostOpen: 0, ChangeOf(current, "created"), cancellation);
        }

        foreach (var (status, at) in (IEnumerable<(WindowStatus, DateTimeOffset)>)(isPlanned ? [] : [(WindowStatus.Active, window.Span.From), (WindowStatus.Completed, window.Span.To)]))
        {
            var next = Lifecycle.Change(current, new() { Status = status }, at).Value;
            await windows.ReplaceAsync(current, next, ChangeOf(next, Lifecycle.Action(current.Status, status)), cancellation);
            current = next;
        }

        static Change ChangeOf(StoredWindow window, string action) =>
            new(Actor, action, window.UpdatedAt, ApiResponse.Ok(window, ContractsJson.Wire.MaintenanceWindow), Idempotency: null);
    }
}
