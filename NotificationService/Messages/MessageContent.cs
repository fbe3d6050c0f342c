using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Xml;
using Xerotier.NotificationService.Model;

namespace Xerotier.NotificationService.Messages;

/// <summary>What a message says to people, not escaped.</summary>
/// <param name="Headline">What happened, in one line.</param>
/// <param name="Body">More of it; may be empty.</param>
/// <param name="Details">When, how bad, to what.</param>
internal sealed record MessageContent(string Headline, string Body, IReadOnlyList<string> Details)
{
    /// <summary>Whether the body is Markdown, as operators write it of incidents.</summary>
    public bool IsMarkdown { get; init; }

    private static readonly JsonTypeInfo<Incident> AnyIncident = ContractsJson.FromAnyVersion(ContractsJson.Wire.Options, ContractsJson.Wire.Incident);
    private static readonly JsonTypeInfo<MaintenanceSeries> AnySeries = ContractsJson.FromAnyVersion(ContractsJson.Wire.Options, ContractsJson.Wire.MaintenanceSeries);
    private static readonly JsonTypeInfo<MaintenanceWindow> AnyWindow = ContractsJson.FromAnyVersion(ContractsJson.Wire.Options, ContractsJson.Wire.MaintenanceWindow);

    /// <summary>What a message says of an event.</summary>
    /// <param name="type">The event's type.</param>
    /// <param name="data">The event's object.</param>
    /// <param name="now">When it is sent: a reminder says how long it is until the start, and a series what is left out from then on.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such type.</exception>
    public static MessageContent Of(string type, JsonElement data, DateTimeOffset now) => type switch
    {
        EventTypes.IncidentCreated or EventTypes.IncidentUpdated or EventTypes.IncidentResolved or EventTypes.IncidentPostmortem => Of(data.Deserialize(AnyIncident)!),
        EventTypes.MaintenanceScheduled when IsOfSeries(data) => OfSeries("Recurring maintenance scheduled", data, now),
        EventTypes.MaintenanceRescheduled when IsOfSeries(data) => OfSeries("Recurring maintenance rescheduled", data, now),
        EventTypes.MaintenanceCancelled when IsOfSeries(data) => OfSeries("Recurring maintenance cancelled", data, now, "The maintenance does not recur any more."),
        EventTypes.MaintenanceScheduled => Planned("Maintenance scheduled", data),
        EventTypes.MaintenanceRescheduled => Planned("Maintenance rescheduled", data),
        EventTypes.MaintenanceReminder => Reminder(data, now),
        EventTypes.MaintenanceStarted => Step("Maintenance in progress", data, _ => "The maintenance is in progress."),
        EventTypes.MaintenanceOverrunning => Step("Maintenance running over", data, window => $"The maintenance is running over its planned end at {Wording.Moment(window.EndsAt)}."),
        EventTypes.MaintenanceCompleted => Step("Maintenance completed", data, _ => "The maintenance is completed."),
        EventTypes.MaintenanceCancelled => Step("Maintenance cancelled", data, _ => "The maintenance is cancelled."),
        EventTypes.StatusChanged => OfStatus(data),
        EventTypes.Test => new("Test message", "Messages of this subscription arrive here.", [Text(data, "id")]),
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    private static MessageContent Of(Incident incident)
    {
        var named = incident.Components.Select(c => incident.ResolvedAt is null ? $"{c.Name}: {c.Status.ToString().ToLowerInvariant()}" : c.Name);
        return new(
            $"{incident.Status}: {incident.Title}",
            incident.Updates is [.., var newest] ? newest.Body : "",
            [
                Wording.Impact(incident.Impact),
                incident.ResolvedAt is { } resolved ? $"From {Wording.Moment(incident.StartedAt)} to {Wording.Moment(resolved)}" : $"Since {Wording.Moment(incident.StartedAt)}",
                string.Join(", ", named),
            ])
        { IsMarkdown = true };
    }

    private static MessageContent Planned(string what, JsonElement data)
    {
        var window = data.Deserialize(AnyWindow)!;
        return new($"{what}: {window.Title}", window.Description, DetailsOf(window));
    }

    private static bool IsOfSeries(JsonElement data) => Text(data, "object") == "maintenance_series";

    private static MessageContent OfSeries(string what, JsonElement data, DateTimeOffset now, string? said = null)
    {
        var series = data.Deserialize(AnySeries)!;
        return new(
            $"{what}: {series.Title}",
            said ?? series.Description,
            [
                $"{RuleWording.WithTime(series)}, for {Wording.Length(XmlConvert.ToTimeSpan(series.Duration))}",
                RuleWording.Span(series),
                RuleWording.LeftOut(series, now),
                .. WhatOf(series.Severity, series.AffectedServices),
            ]);
    }

    private static MessageContent Step(string what, JsonElement data, Func<MaintenanceWindow, string> said)
    {
        var window = data.Deserialize(AnyWindow)!;
        return new($"{what}: {window.Title}", said(window), DetailsOf(window));
    }

    private static MessageContent Reminder(JsonElement data, DateTimeOffset now)
    {
        var window = data.Deserialize(AnyWindow)!;
        var left = window.StartsAt - now;
        var when = left >= TimeSpan.FromMinutes(1) ? $"Maintenance starts in {Wording.Length(left)}"
            : left > -TimeSpan.FromMinutes(1) ? "Maintenance starts now"
            : $"Maintenance was to start {Wording.Length(-left)} ago";
        var late = data.TryGetProperty("late", out var mark) && mark.GetBoolean();
        return new($"{when}: {window.Title}", window.Description, [.. late ? ["This reminder is late"] : Array.Empty<string>(), .. DetailsOf(window)]);
    }

    private static string[] DetailsOf(MaintenanceWindow window) =>
    [
        $"Planned from {Wording.Moment(window.StartsAt)} to {Wording.Moment(window.EndsAt)}",
        .. WhatOf(window.Severity, window.AffectedServices),
    ];

    private static string[] WhatOf(WindowSeverity severity, IReadOnlyList<string> services) => [Wording.Impact(severity), services.Count > 0 ? string.Join(", ", services) : "All services"];

    private static MessageContent OfStatus(JsonElement data)
    {
        var (name, status, before) = (Text(data, "name"), Text(data, "status"), Text(data, "previous_status"));
        return new(
            $"{name}: {Wording.Label(status)}",
            Wording.Sentence(name, status),
            [.. before.Length > 0 ? [$"Before: {Wording.Label(before)}"] : Array.Empty<string>(), $"Since {Wording.Moment(data.GetProperty("since").GetDateTimeOffset())}"]);
    }

    private static string Text(JsonElement data, string name) => data.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString()! : "";
}
