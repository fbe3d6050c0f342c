using Xerotier.OperatorConsole.Incidents;
using Xerotier.ServiceDefaults;

namespace Xerotier.OperatorConsole.Visits;

/// <summary>The numbers beside the entries of the navigation. What cannot be had within a moment is left out.</summary>
public sealed record Counts
{
    private static readonly TimeSpan Within = TimeSpan.FromMilliseconds(250);

    /// <summary>How many incidents are open on the page; null: not known now.</summary>
    public int? Incidents { get; private init; }

    /// <summary>The newest of the project's drafts; null: not known now.</summary>
    private ListPage<Incident>? NewestDrafts { get; init; }

    /// <summary>How many drafts wait to be published, or are known to; null: not known now.</summary>
    public int? Drafts => NewestDrafts?.Data.Count;

    /// <summary>Whether more wait than that.</summary>
    public bool HasMoreDrafts => NewestDrafts is { HasMore: true };

    /// <summary>The project's health; null: not known now.</summary>
    public HealthDashboardResponse? Health { get; private init; }

    /// <summary>Windows that are in progress or planned; null: not known now.</summary>
    public int? Windows => Health is { Maintenance: { Unavailable: null } windows } ? windows.Active.Count + windows.Upcoming.Count : null;

    /// <summary>Reads them for the project that is signed in.</summary>
    public static async Task<Counts> ReadAsync(Visit visit)
    {
        var isPlatform = visit.Project().IsPlatformProject;
        var page = isPlatform ? OrNullAsync(visit.LivePageAsync(Within)) : Task.FromResult<StatusDocument?>(null);
        var drafts = visit.Drafts is { } known ? Task.FromResult<ListPage<Incident>?>(known)
            : isPlatform ? OrNullAsync<ListPage<Incident>>(IncidentEndpoints.DraftsAsync(visit, Within)!) : Task.FromResult<ListPage<Incident>?>(null);
        var health = visit.Health is { } read ? Task.FromResult<HealthDashboardResponse?>(read)
            : OrNullAsync<HealthDashboardResponse>(visit.Api.GetAsync(visit.OfProject("health/dashboard?limit=1"), ContractsJson.Wire.HealthDashboardResponse, Within)!);
        await Task.WhenAll(page, drafts, health);
        return new() { Incidents = (await page)?.OpenIncidentsTotal, NewestDrafts = await drafts, Health = await health };

        static async Task<T?> OrNullAsync<T>(Task<T?> asked)
            where T : class
        {
            try
            {
                return await asked;
            }
            catch (ApiException)
            {
                return null; // the page itself says what is wrong
            }
        }
    }
}
