using Xerotier.MaintenanceService.Model;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.MaintenanceService.Components;

/// <summary>The rules of components (incidents.md section 10) as functions of the record, the request, the other components and the time.</summary>
internal static class ComponentRules
{
    /// <summary>The most that are not archived.</summary>
    public const int Most = 50;

    /// <summary>How many days back a component may begin.</summary>
    public const int MostDaysBack = 90;

    /// <summary>The distance from the last component to a new one, so that others fit in between.</summary>
    private const int Step = 10;

    /// <summary>A new component.</summary>
    /// <param name="fields">Checked fields, with everything that is required.</param>
    /// <param name="set">All components.</param>
    /// <param name="now">The time.</param>
    public static RuleResult<StoredComponent> Create(ComponentCreate fields, ComponentSet set, DateTimeOffset now)
    {
        now = Timestamps.ToMicroseconds(now);
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        var last = set.Live.Select(component => component.Position).DefaultIfEmpty(0).Max();
        var component = new StoredComponent
        {
            Id = Id.New(StoredComponent.IdPrefix),
            Name = fields.Name,
            Description = NullIfEmpty(fields.Description),
            Group = fields.Group,
            Position = fields.Position ?? (int)Math.Min((long)last + Step, int.MaxValue),
            StartDate = fields.StartDate ?? today,
            OnlyShowIfDegraded = fields.OnlyShowIfDegraded ?? false,
            Probe = fields.Probe,
            BuiltIn = false,
            CreatedAt = now,
            UpdatedAt = now,
            ArchivedAt = null,
            Version = 1,
            Probed = fields.Probe is null ? [] : [new(now, null)],
        };
        var error = StartDateError(component.StartDate, today)
            ?? NameError(component, set)
            ?? (set.Live.Count() >= Most ? ApiErrors.QuotaExceeded($"There are {Most} components; archive one first.") : null);
        return new(error is null ? component : null, error);
    }

    /// <summary>What <paramref name="fields"/> make of <paramref name="component"/>. Values that it already has change nothing.</summary>
    /// <param name="component">The component.</param>
    /// <param name="fields">Checked fields; what is null stays.</param>
    /// <param name="removed">Names of the fields that lose their value.</param>
    /// <param name="set">All components.</param>
    /// <param name="now">The time.</param>
    public static RuleResult<StoredComponent> Change(
        StoredComponent component, ComponentUpdate fields, IReadOnlyCollection<string> removed, ComponentSet set, DateTimeOffset now)
    {
        now = Later(now, component);
        var next = component with
        {
            Name = fields.Name ?? component.Name,
            Description = removed.Contains("description") ? null : NullIfEmpty(fields.Description ?? component.Description),
            Group = removed.Contains("group") ? null : fields.Group ?? component.Group,
            Position = fields.Position ?? component.Position,
            StartDate = fields.StartDate ?? component.StartDate,
            OnlyShowIfDegraded = fields.OnlyShowIfDegraded ?? component.OnlyShowIfDegraded,
            Probe = removed.Contains("probe") ? null : fields.Probe ?? component.Probe,
        };
        if (next == component)
        {
            return component;
        }

        if (component.ArchivedAt is not null)
        {
            return ApiErrors.InvalidStateTransition("The component is archived and cannot be changed any more.");
        }

        if (component.BuiltIn && (next.Name, next.StartDate, next.Probe) != (component.Name, component.StartDate, component.Probe))
        {
            return ApiErrors.InvalidStateTransition("A built-in component keeps its name and its start date, and has no probe of its own.");
        }

        var error = next.StartDate == component.StartDate ? null
            : next.StartDate > component.StartDate ? ApiErrors.Invalid("'start_date' can only become earlier.", "start_date")
            : StartDateError(next.StartDate, DateOnly.FromDateTime(now.UtcDateTime));
        error ??= NameError(next, set);
        return error is not null ? error : next with
        {
            Probed = Probed(component, next.Probe is not null, now),
            Version = component.Version + 1,
            UpdatedAt = now,
        };
    }

    /// <summary>The archived component.</summary>
    /// <param name="component">The component.</param>
    /// <param name="isNamed">Whether an open incident or a draft names it.</param>
    /// <param name="now">The time.</param>
    public static RuleResult<StoredComponent> Archive(StoredComponent component, bool isNamed, DateTimeOffset now)
    {
        if (component.ArchivedAt is not null)
        {
            return component;
        }

        now = Later(now, component);
        return component.BuiltIn ? ApiErrors.InvalidStateTransition("A built-in component cannot be archived.")
            : isNamed ? ApiErrors.InvalidStateTransition("An open incident or a draft names the component: resolve or delete it first.")
            : component with { ArchivedAt = now, Probed = Probed(component, hasProbe: false, now), Version = component.Version + 1, UpdatedAt = now };
    }

    private static ApiError? StartDateError(DateOnly date, DateOnly today) => date <= today && date >= today.AddDays(-MostDaysBack)
        ? null
        : ApiErrors.Invalid($"'start_date' must lie within the last {MostDaysBack} days.", "start_date");

    private static ApiError? NameError(StoredComponent component, ComponentSet set) =>
        set.Live.Any(other => other.Id != component.Id && other.NameKey == component.NameKey)
            ? ApiErrors.AlreadyExists("Another component has this name.", "name")
            : null;

    private static IReadOnlyList<ProbedSpan> Probed(StoredComponent component, bool hasProbe, DateTimeOffset now) => (component.Probe is not null, hasProbe) switch
    {
        (false, true) => [.. component.Probed, new(now, null)],
        (true, false) => [.. component.Probed.SkipLast(1), component.Probed[^1] with { To = now }],
        _ => component.Probed,
    };

    /// <summary>A clock that was set back must not make a component older than its last change.</summary>
    private static DateTimeOffset Later(DateTimeOffset now, StoredComponent component) =>
        Timestamps.ToMicroseconds(now) is var time && time < component.UpdatedAt ? component.UpdatedAt : time;

    private static string? NullIfEmpty(string? text) => text is "" ? null : text;
}
