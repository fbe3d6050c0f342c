using System.Globalization;

namespace Xerotier.MaintenanceService;

/// <summary>Who makes a change.</summary>
/// <param name="Name">Name of the API key, or <c>auto_transition</c>.</param>
/// <param name="KeyId">Id of the API key; null for the clock.</param>
internal sealed record Actor(string Name, string? KeyId)
{
    /// <summary>Name of the clock in the audit trail.</summary>
    public const string Clock = "auto_transition";
}

/// <summary>One change of a window: a row of the audit table.</summary>
internal sealed record WindowEvent
{
    public required string WindowId { get; init; }

    /// <summary>The version that the change made.</summary>
    public required long Version { get; init; }

    public required DateTimeOffset OccurredAt { get; init; }

    public required string Actor { get; init; }

    public string? ActorKeyId { get; init; }

    /// <summary>created, updated, activated, completed, cancelled or purged.</summary>
    public required string Action { get; init; }

    /// <summary>Null for the first.</summary>
    public MaintenanceWindow? Before { get; init; }

    /// <summary>Null after a purge.</summary>
    public MaintenanceWindow? After { get; init; }

    /// <summary>The window's id and the version.</summary>
    public string Id => string.Create(CultureInfo.InvariantCulture, $"{WindowId}.{Version}");

    /// <summary>What the change changed, as the wire names it; what follows from every change (<c>updated_at</c>) is left out.</summary>
    public IEnumerable<string> ChangedFields
    {
        get
        {
            if (Before is null || After is null)
            {
                yield break;
            }

            if (Before.Title != After.Title)
            {
                yield return "title";
            }

            if (Before.Description != After.Description)
            {
                yield return "description";
            }

            if (Before.Severity != After.Severity)
            {
                yield return "severity";
            }

            if (!Before.AffectedServices.SequenceEqual(After.AffectedServices))
            {
                yield return "affected_services";
            }

            if (Before.StartsAt != After.StartsAt)
            {
                yield return "starts_at";
            }

            if (Before.EndsAt != After.EndsAt)
            {
                yield return "ends_at";
            }

            if (Before.Status != After.Status)
            {
                yield return "status";
            }

            if (Before.AutoTransition != After.AutoTransition)
            {
                yield return "auto_transition";
            }
        }
    }

    /// <summary>The version in <paramref name="id"/>, which must be that of an event of <paramref name="windowId"/>.</summary>
    public static long? VersionOf(string id, string windowId) =>
        id.Length > windowId.Length
        && id.StartsWith(windowId, StringComparison.Ordinal)
        && id[windowId.Length] == '.'
        && long.TryParse(id.AsSpan(windowId.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            ? version
            : null;
}
