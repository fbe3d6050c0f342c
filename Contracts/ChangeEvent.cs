using System.Text.Json.Serialization;

namespace Xerotier.Contracts;

/// <summary>One change of an object; <c>object</c> says of which kind.</summary>
[JsonDerivedType(typeof(MaintenanceEvent))]
[JsonDerivedType(typeof(MaintenanceSeriesEvent))]
[JsonDerivedType(typeof(IncidentEvent))]
[JsonDerivedType(typeof(ComponentEvent))]
public abstract record ChangeEvent
{
    /// <summary>The event's ID: the object's ID and its version.</summary>
    public abstract string Id { get; init; }
}
