using Xerotier.MaintenanceService.Components;
using Xerotier.MaintenanceService.Model;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.MaintenanceService.Incidents;

/// <summary>The rules of incidents (incidents.md section 11) as functions of the record, the request, the components and the time.</summary>
internal static class IncidentRules
{
    /// <summary>The most incidents that are open at once.</summary>
    public const int MostOpen = 50;

    /// <summary>The most updates of an incident.</summary>
    public const int MostUpdates = 200;

    /// <summary>How long ago an incident may have begun.</summary>
    public static readonly TimeSpan FarthestBack = TimeSpan.FromDays(90);

    /// <summary>How long after it was resolved an incident can be reopened.</summary>
    public static readonly TimeSpan ReopenedWithin = TimeSpan.FromHours(24);

    /// <summary>A new incident with its first update.</summary>
    /// <param name="fields">Checked fields, with everything that is required.</param>
    /// <param name="projectId">The project.</param>
    /// <param name="creator">Name of the key, or of the product.</param>
    /// <param name="set">All components.</param>
    /// <param name="now">The time.</param>
    public static RuleResult<StoredIncident> Create(IncidentCreate fields, string projectId, string creator, ComponentSet set, DateTimeOffset now)
    {
        now = Timestamps.ToMicroseconds(now);
        var startedAt = fields.StartedAt ?? now;
        var update = NewUpdate(
            new() { Body = fields.Body, Components = fields.Components, At = fields.At ?? startedAt, Notify = fields.Notify }, fields.Status ?? IncidentStatus.Investigating, creator, now);
        var error = StartError(startedAt, now)
            ?? (update.Status == IncidentStatus.Postmortem ? ApiErrors.Invalid("'status' of a new incident cannot be postmortem: resolve it first.", "status") : null)
            ?? UpdateError(update, startedAt, set, known: [], now);
        return error is not null ? error : Derive(
            new()
            {
                Id = Id.New(StoredIncident.IdPrefix),
                ProjectId = projectId,
                Title = fields.Title,
                Status = update.Status,
                Impact = IncidentImpact.None,
                ImpactOverride = fields.ImpactOverride,
                StartedAt = startedAt,
                ResolvedAt = null,
                Components = [],
                Updates = [update],
                UpdatesCount = 1,
                CreatedBy = creator,
                CreatedAt = now,
                UpdatedAt = now,
                Draft = fields.Draft ?? false,
                Version = 0,
            },
            set,
            now,
            wasOpen: false);
    }

    /// <summary>Changes the fields of an incident. Values that it already has change nothing.</summary>
    /// <param name="incident">The incident.</param>
    /// <param name="fields">Checked fields; what is null stays.</param>
    /// <param name="removesOverride">Whether the impact is computed again.</param>
    /// <param name="set">All components.</param>
    /// <param name="now">The time.</param>
    public static RuleResult<StoredIncident> Change(StoredIncident incident, IncidentChange fields, bool removesOverride, ComponentSet set, DateTimeOffset now)
    {
        now = Later(now, incident);
        var next = incident with
        {
            Title = fields.Title ?? incident.Title,
            ImpactOverride = removesOverride ? null : fields.ImpactOverride ?? incident.ImpactOverride,
            StartedAt = fields.StartedAt ?? incident.StartedAt,
        };
        if (next == incident)
        {
            return incident;
        }

        var error = next.StartedAt == incident.StartedAt ? null
            : StartError(next.StartedAt, now)
            ?? (next.StartedAt > incident.Updates.Min(update => update.At) ? ApiErrors.Invalid("'started_at' must not be after the 'at' of an update.", "started_at") : null);
        return error is not null ? error : Derive(next, set, now, incident.IsOpen);
    }

    /// <summary>Posts an update.</summary>
    /// <param name="incident">The incident.</param>
    /// <param name="fields">Checked fields, with everything that is required.</param>
    /// <param name="creator">Name of the key.</param>
    /// <param name="set">All components.</param>
    /// <param name="now">The time.</param>
    public static RuleResult<StoredIncident> Post(StoredIncident incident, IncidentUpdateCreate fields, string creator, ComponentSet set, DateTimeOffset now)
    {
        now = Later(now, incident);
        var update = NewUpdate(fields, fields.Status ?? incident.Status, creator, now);
        IReadOnlyList<IncidentUpdate> updates = [.. incident.Updates, update];
        var error = TransitionError(incident, update.Status, now)
            ?? UpdateError(update, incident.StartedAt, set, known: [], now)
            ?? OrderError(updates)
            ?? (updates.Count > MostUpdates ? ApiErrors.QuotaExceeded($"The incident has {MostUpdates} updates.") : null);
        return error is not null ? error : Derive(incident with { Updates = updates }, set, now, incident.IsOpen);
    }

    /// <summary>Edits an update. Values that it already has change nothing. What nobody has seen yet, a draft's, is not marked as edited.</summary>
    /// <param name="incident">The incident.</param>
    /// <param name="updateId">The update, which exists.</param>
    /// <param name="fields">Checked fields; what is null stays.</param>
    /// <param name="set">All components.</param>
    /// <param name="now">The time.</param>
    public static RuleResult<StoredIncident> Edit(StoredIncident incident, string updateId, IncidentUpdateChange fields, ComponentSet set, DateTimeOffset now)
    {
        now = Later(now, incident);
        var update = incident.Updates.Single(update => update.Id == updateId);
        var next = update with
        {
            Body = fields.Body ?? update.Body,
            At = fields.At ?? update.At,
            Components = fields.Components is { } components && !components.SequenceEqual(update.Components) ? components : update.Components,
        };
        if (next == update)
        {
            return incident;
        }

        next = next with { EditedAt = incident.Draft ? null : now };
        IReadOnlyList<IncidentUpdate> updates = [.. incident.Updates.Select(other => other.Id == updateId ? next : other)];
        var error = UpdateError(next, incident.StartedAt, set, known: update.Components, now) ?? OrderError(updates);
        return error is not null ? error : Derive(incident with { Updates = updates }, set, now, incident.IsOpen);
    }

    /// <summary>Publishes a draft: all that it says is posted now. A published incident stays as it is.</summary>
    public static RuleResult<StoredIncident> Publish(StoredIncident incident, ComponentSet set, DateTimeOffset now)
    {
        now = Later(now, incident);
        return incident.Draft
            ? Derive(incident with { Draft = false, Updates = [.. incident.Updates.Select(update => update with { PostedAt = now })] }, set, now, wasOpen: false)
            : incident;
    }

    /// <summary>Why the incident may not be deleted; null when it may.</summary>
    public static ApiError? DeleteError(StoredIncident incident) =>
        incident.Draft ? null : ApiErrors.InvalidStateTransition("A published incident cannot be deleted: resolve it.");

    private static IncidentUpdate NewUpdate(IncidentUpdateCreate fields, IncidentStatus status, string creator, DateTimeOffset now) => new()
    {
        Id = Id.New("upd_"),
        Status = status,
        Body = fields.Body,
        Components = fields.Components ?? [],
        At = fields.At ?? now,
        PostedAt = now,
        EditedAt = null,
        CreatedBy = creator,
        Notify = fields.Notify ?? true,
    };

    private static ApiError? TransitionError(StoredIncident incident, IncidentStatus to, DateTimeOffset now) => (incident.Status, to) switch
    {
        (IncidentStatus.Resolved, IncidentStatus.Investigating) => now - incident.Updates.Last(update => update.Status == IncidentStatus.Resolved).PostedAt <= ReopenedWithin
            ? null
            : ApiErrors.InvalidStateTransition("An incident can be reopened within 24 hours after it was resolved: create another one."),
        (IncidentStatus.Resolved or IncidentStatus.Postmortem, IncidentStatus.Postmortem) => null,
        (IncidentStatus.Resolved, _) => ApiErrors.InvalidStateTransition($"A resolved incident cannot become {to.Wire()}: post a postmortem, or reopen it as investigating."),
        (IncidentStatus.Postmortem, _) => ApiErrors.InvalidStateTransition("An incident with a postmortem takes further postmortems only."),
        (_, IncidentStatus.Postmortem) => ApiErrors.InvalidStateTransition("Resolve the incident before its postmortem."),
        _ => null,
    };

    private static ApiError? StartError(DateTimeOffset startedAt, DateTimeOffset now) => startedAt <= now && startedAt >= now - FarthestBack
        ? null
        : ApiErrors.Invalid("'started_at' must lie within the last 90 days.", "started_at");

    /// <param name="update">The update.</param>
    /// <param name="startedAt">When the incident began.</param>
    /// <param name="set">All components.</param>
    /// <param name="known">What the update named before, which may have been archived since.</param>
    /// <param name="now">The time.</param>
    private static ApiError? UpdateError(IncidentUpdate update, DateTimeOffset startedAt, ComponentSet set, IReadOnlyList<ComponentDeclaration> known, DateTimeOffset now) =>
        update.At < startedAt ? ApiErrors.Invalid("'at' must not be before the incident's 'started_at'.", "at")
        : update.At > now ? ApiErrors.Invalid("'at' must not lie in the future.", "at")
        : update.Components.Select(declared => declared.Id).FirstOrDefault(id => known.All(before => before.Id != id) && set.Find(id) is not { ArchivedAt: null }) is { } unknown
            ? ApiErrors.Invalid($"'components' names '{JsonFields.Shorten(unknown)}', which is no component, or an archived one.", "components")
        : update.Status is IncidentStatus.Resolved or IncidentStatus.Postmortem && update.Components.Any(declared => declared.Status != DeclaredStatus.Operational)
            ? ApiErrors.Invalid($"'components' of an update that is {update.Status.Wire()} can only be operational.", "components")
        : null;

    /// <summary>What resolves, reopens or looks back does not speak of an earlier instant than anything that was posted before it.</summary>
    private static ApiError? OrderError(IReadOnlyList<IncidentUpdate> updates)
    {
        var latest = updates[0].At;
        for (var i = 1; i < updates.Count; i++)
        {
            var (before, update) = (updates[i - 1], updates[i]);
            if (update.At < latest && (update.Status is IncidentStatus.Resolved or IncidentStatus.Postmortem || before.Status == IncidentStatus.Resolved))
            {
                return ApiErrors.Invalid("'at' of an update that resolves or reopens the incident, or of a postmortem, must not be before that of any update posted earlier.", "at");
            }

            latest = update.At > latest ? update.At : latest;
        }

        return null;
    }

    /// <summary>The next version, with everything that follows from the updates; 409 when it is open, was not, and too many others are.</summary>
    private static RuleResult<StoredIncident> Derive(StoredIncident incident, ComponentSet set, DateTimeOffset now, bool wasOpen)
    {
        var status = incident.Updates[^1].Status;
        var next = incident with
        {
            Status = status,
            Impact = incident.ImpactOverride ?? Declarations.Impact(incident.Updates, set),
            ResolvedAt = status is IncidentStatus.Resolved or IncidentStatus.Postmortem ? incident.Updates.Last(update => update.Status == IncidentStatus.Resolved).At : null,
            Components = Declarations.Now(incident.Updates, set),
            UpdatesCount = incident.Updates.Count,
            UpdatedAt = now,
            Version = incident.Version + 1,
        };
        return next.IsOpen && !wasOpen && set.OpenIncidents >= MostOpen ? ApiErrors.QuotaExceeded($"{MostOpen} incidents are open; resolve one first.") : next;
    }

    /// <summary>A clock that was set back must not make an incident older than its last change.</summary>
    private static DateTimeOffset Later(DateTimeOffset now, StoredIncident incident) =>
        Timestamps.ToMicroseconds(now) is var time && time < incident.UpdatedAt ? incident.UpdatedAt : time;
}
