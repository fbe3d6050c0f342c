namespace Xerotier.NotificationService.Events;

/// <summary>Something that subscribers are told of.</summary>
/// <param name="Key">What makes it one event, whoever notices it and how often.</param>
/// <param name="Type">One of <see cref="Model.EventTypes"/>.</param>
/// <param name="ObjectId">The incident, window, series or component.</param>
/// <param name="ProjectId">Whose it is; empty: the platform's.</param>
/// <param name="Platform">Whether everybody may be told, because it is of the platform's own operators.</param>
/// <param name="Components">The components that it is about; empty: all.</param>
/// <param name="OccurredAt">When it happened.</param>
/// <param name="Data">The object as JSON.</param>
internal sealed record NewEvent(
    string Key, string Type, string ObjectId, string ProjectId, bool Platform, IReadOnlyList<string> Components, DateTimeOffset OccurredAt, byte[] Data);
