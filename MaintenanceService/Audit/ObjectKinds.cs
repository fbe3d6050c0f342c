using System.Globalization;
using Xerotier.MaintenanceService.Components;
using Xerotier.MaintenanceService.Incidents;
using Xerotier.MaintenanceService.Model;
using Xerotier.MaintenanceService.Series;

namespace Xerotier.MaintenanceService.Audit;

/// <summary>A kind of object whose changes the audit trail has.</summary>
internal enum ObjectKind
{
    MaintenanceWindow,
    MaintenanceSeries,
    Incident,
    Component,
}

/// <summary>The kinds of objects as their ids and the API name them.</summary>
internal static class ObjectKinds
{
    private const int LongestId = 100;
    private static readonly ObjectKind[] Kinds = Enum.GetValues<ObjectKind>();

    /// <summary>The kind that the API calls so; null: none.</summary>
    public static ObjectKind? Named(string name) => name switch
    {
        "maintenance_window" => ObjectKind.MaintenanceWindow,
        "maintenance_series" => ObjectKind.MaintenanceSeries,
        "incident" => ObjectKind.Incident,
        "component" => ObjectKind.Component,
        _ => null,
    };

    /// <summary>How the ids of objects of a kind begin.</summary>
    public static string PrefixOf(ObjectKind kind) => kind switch
    {
        ObjectKind.MaintenanceWindow => StoredWindow.IdPrefix,
        ObjectKind.MaintenanceSeries => StoredSeries.IdPrefix,
        ObjectKind.Incident => StoredIncident.IdPrefix,
        _ => StoredComponent.IdPrefix,
    };

    /// <summary>The kind of the object with this id; null: none.</summary>
    public static ObjectKind? KindOf(string objectId)
    {
        foreach (var kind in Kinds)
        {
            if (objectId.StartsWith(PrefixOf(kind), StringComparison.Ordinal))
            {
                return kind;
            }
        }

        return null;
    }

    /// <summary>What the id of an event says; null: it can be none.</summary>
    public static (ObjectKind Kind, string ObjectId, long Version)? Parse(string eventId) =>
        eventId.LastIndexOf('.') is > 0 and <= LongestId and var dot
        && eventId[..dot] is var objectId && KindOf(objectId) is { } kind && objectId.All(c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '_')
        && long.TryParse(eventId.AsSpan(dot + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            ? (kind, objectId, version)
            : null;
}
