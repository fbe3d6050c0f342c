using System.Globalization;
using Microsoft.Extensions.Options;
using Xerotier.MaintenanceService.Api;
using Xerotier.MaintenanceService.Changes;
using Xerotier.MaintenanceService.Components;
using Xerotier.MaintenanceService.Incidents;
using Xerotier.ServiceDefaults.Http;
using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Notices;

/// <summary>Where drafts of incidents go that nobody has written. Section <c>Incidents</c>.</summary>
public sealed class DraftOptions
{
    /// <summary>Id of the project, one of the platform's own; default: the oldest of them.</summary>
    public string? DraftProject { get; set; }
}

/// <summary>Drafts an incident for an outage that the StatusService sees (incidents.md section 11): one for each component and outage, whatever becomes of it.</summary>
internal sealed class OutageDrafts(
    NoticeStore notices, IncidentStore incidents, ComponentStore components, Writes writes, Suspensions projects, IOptions<DraftOptions> options, DatabaseClock clock)
{
    /// <summary>The most characters of a reason, so that the body of an update has room for it.</summary>
    private const int LongestReason = 1000;

    /// <summary>Drafts the incident of an outage, unless it has one, or an open incident names the component.</summary>
    /// <returns>The id of the draft, or of what the outage has in its place.</returns>
    /// <exception cref="ApiException">404: there is no such component. 409: there is no project for drafts.</exception>
    public async Task<string> DraftAsync(string componentId, DateTimeOffset since, string reason, CancellationToken cancellation)
    {
        var actor = new Actor(Actor.System, null);
        var id = "";
        await writes.RepeatAloneAsync(
            Caller.Platform,
            idempotency: null,
            async () =>
            {
                if (await notices.FindForOutageAsync(componentId, since, cancellation) is { } existing)
                {
                    id = existing.Id;
                    return new ApiResponse(StatusCodes.Status200OK, []);
                }

                var project = options.Value.DraftProject is { Length: > 0 } given ? given
                    : projects.OldestOfPlatform ?? throw new ApiException(ApiErrors.InvalidStateTransition("There is no project of the platform that drafts could be made in."));
                var set = await components.ReadAsync(cancellation);
                var component = set.Find(componentId) is { ArchivedAt: null } found ? found : throw ComponentWriter.NotFound();
                var now = clock.Now;
                var draft = IncidentRules.Create(Fields(component, since, reason, now), project, actor.Name, set, now).Value;
                var response = ApiResponse.Ok(draft, ContractsJson.Wire.Incident);
                id = draft.Id;
                return await incidents.CreateAsync(set, draft, (componentId, since), new(actor, "created", draft.CreatedAt, response, null), cancellation) ? response : null;
            },
            cancellation);
        return id;
    }

    /// <summary>Deletes the draft of an outage if nobody has touched it.</summary>
    /// <returns>Whether there was one.</returns>
    public async Task<bool> DiscardAsync(string componentId, DateTimeOffset since, CancellationToken cancellation)
    {
        if (await notices.FindForOutageAsync(componentId, since, cancellation) is not var (project, id)
            || await incidents.FindAsync(project, id, cancellation) is not { Draft: true, CreatedBy: Actor.System, Version: 1 } draft)
        {
            return false;
        }

        var response = ApiResponse.Deleted(new() { Id = id }, ContractsJson.Wire.IncidentDeleted);
        return await incidents.DeleteAsync(draft, new(new(Actor.System, null), "deleted", clock.Now, response, null), cancellation);
    }

    private static IncidentCreate Fields(StoredComponent component, DateTimeOffset since, string reason, DateTimeOffset now)
    {
        var earliest = now - IncidentRules.FarthestBack + TimeSpan.FromSeconds(1); // an outage may be older than an incident may be
        var start = since > now ? now : since < earliest ? earliest : since;
        var why = reason.Length == 0 ? "" : $": {(reason.Length > LongestReason ? reason[..LongestReason] : reason)}";
        return new()
        {
            Title = $"{component.Name} is down",
            Body = string.Create(CultureInfo.InvariantCulture, $"{component.Name} has been down since {since:yyyy-MM-dd HH:mm:ss} UTC{why}."),
            Components = [new() { Id = component.Id, Status = DeclaredStatus.Outage }],
            StartedAt = ServiceDefaults.Http.Timestamps.ToMicroseconds(start),
            Draft = true,
        };
    }
}
