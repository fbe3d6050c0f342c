using Npgsql;
using NpgsqlTypes;
using Xerotier.MaintenanceService.Model;
using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Windows;

/// <summary>Warns of other open windows of the project that affect the same service at the same time (recurring.md section 19). They are the operator's to judge: nothing is refused.</summary>
internal sealed class Overlaps(ProjectDatabase database)
{
    /// <summary>The most windows that are warned of: those that start first.</summary>
    public const int Most = 10;

    /// <summary>Names of services are compared without regard to case; a window that names none affects all.</summary>
    private static readonly string FindSql = $"""
        select id, title from windows w
        where project_id = @project and status in ('scheduled', 'active') and starts_at < @last_end and ends_at > @first_start
            and id <> @id and (@series is null or series_id is distinct from @series)
            and exists (select from unnest(@starts, @ends) planned (start, until) where starts_at < until and ends_at > start)
            and (cardinality(@services) = 0 or cardinality(affected_services) = 0
                or exists (select from unnest(affected_services) affected join unnest(@services) named on upper(affected) = upper(named)))
        order by starts_at, id limit {Most}
        """;

    /// <summary>What the operator of <paramref name="window"/> should know; null when there is nothing, or it is over.</summary>
    public Task<IReadOnlyList<Warning>?> FindAsync(StoredWindow window, CancellationToken cancellation) =>
        FindAsync(window.ProjectId, window.Id, seriesId: null, window.AffectedServices, window.Status.IsFinal() ? [] : [window], cancellation);

    /// <summary>What the operator of planned windows should know; null when there is nothing.</summary>
    /// <param name="projectId">The project.</param>
    /// <param name="id">The window that is planned, or another id.</param>
    /// <param name="seriesId">The series whose windows are planned; null: they are of none.</param>
    /// <param name="services">The names of the affected services.</param>
    /// <param name="planned">The windows.</param>
    /// <param name="cancellation">Cancels the call.</param>
    public async Task<IReadOnlyList<Warning>?> FindAsync(
        string projectId, string id, string? seriesId, IReadOnlyList<string> services, IReadOnlyCollection<StoredWindow> planned, CancellationToken cancellation)
    {
        if (planned.Count == 0)
        {
            return null;
        }

        await using var command = Command(projectId, id, seriesId, services, [.. planned.Select(window => (window.StartsAt, window.EndsAt))]);
        var found = await command.ReadAllAsync(
            row => new Warning { Code = "overlaps", Message = $"“{row.GetString(1)}” is planned for the same service at the same time.", Id = row.GetString(0) }, cancellation);
        return found.Count > 0 ? found : null;
    }

    internal NpgsqlCommand Command(string projectId, string id, string? seriesId, IEnumerable<string> services, IReadOnlyCollection<(DateTimeOffset Start, DateTimeOffset End)> times) =>
        database.Command(projectId, FindSql)
            .Text("id", id)
            .Text("series", seriesId)
            .Texts("services", services)
            .Time("first_start", times.Min(time => time.Start))
            .Time("last_end", times.Max(time => time.End))
            .With("starts", NpgsqlDbType.Array | NpgsqlDbType.TimestampTz, times.Select(time => time.Start.UtcDateTime).ToArray())
            .With("ends", NpgsqlDbType.Array | NpgsqlDbType.TimestampTz, times.Select(time => time.End.UtcDateTime).ToArray());
}
