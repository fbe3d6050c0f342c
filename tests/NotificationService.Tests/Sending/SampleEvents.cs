using System.Text.Json;

namespace Xerotier.NotificationService.Tests.Sending;

/// <summary>The objects of events.</summary>
internal static class SampleEvents
{
    public static readonly DateTimeOffset Now = new(2026, 5, 22, 14, 0, 0, TimeSpan.Zero);

    public static JsonElement Incident(string title = "Elevated errors", IncidentStatus status = IncidentStatus.Investigating, bool resolved = false, params string[] bodies) => JsonSerializer.SerializeToElement(
        new Incident
        {
            Id = "inc_1",
            ProjectId = "proj_ABC123",
            Title = title,
            Status = status,
            Impact = IncidentImpact.Major,
            ImpactOverride = null,
            StartedAt = Now.AddHours(-1),
            ResolvedAt = resolved ? Now : null,
            Components = [new() { Id = "cmp_1", Name = "Batch API", Status = DeclaredStatus.Outage }],
            Updates =
            [
                .. bodies.Select((body, i) => new IncidentUpdate
                {
                    Id = $"upd_{i}",
                    Status = status,
                    Body = body,
                    Components = [new() { Id = "cmp_1", Status = DeclaredStatus.Outage }],
                    At = Now.AddMinutes(i),
                    PostedAt = Now.AddMinutes(i),
                    EditedAt = null,
                    CreatedBy = "ops-key",
                    Notify = true,
                }),
            ],
            UpdatesCount = bodies.Length,
            CreatedBy = "ops-key",
            CreatedAt = Now,
            UpdatedAt = Now,
            Draft = false,
        },
        ContractsJson.Wire.Incident);

    public static JsonElement Window(string title = "Database upgrade", string description = "Brief read-only window.", IReadOnlyList<string>? services = null) => JsonSerializer.SerializeToElement(
        new MaintenanceWindow
        {
            Id = "mw_1",
            ProjectId = "proj_ABC123",
            Title = title,
            Description = description,
            Severity = WindowSeverity.Warning,
            AffectedServices = services ?? ["Model Storage", "Batch API"],
            StartsAt = Now.AddHours(1),
            EndsAt = Now.AddHours(2),
            Status = WindowStatus.Scheduled,
            AutoTransition = true,
            CreatedBy = "ops-key",
            CreatedAt = Now,
            UpdatedAt = Now,
            CompletedAt = null,
            CancelledAt = null,
        },
        ContractsJson.Wire.MaintenanceWindow);

    public static MaintenanceSeries SeriesOf(string rule) => new()
    {
        Id = "mws_1",
        ProjectId = "proj_ABC123",
        Title = "Database maintenance",
        Description = "Brief read-only window.",
        Severity = WindowSeverity.Warning,
        AffectedServices = ["Model Storage", "Batch API"],
        AutoTransition = true,
        Timezone = "Europe/Berlin",
        StartsOn = new(2026, 3, 1), // a Sunday
        LocalTime = "02:30",
        Duration = "PT1H30M",
        Rrule = rule,
        Exdates = [new(2026, 6, 14), new(2026, 3, 8), new(2026, 5, 31)],
        HorizonDays = 60,
        CreatedBy = "ops-key",
        CreatedAt = Now,
        UpdatedAt = Now,
        CancelledAt = null,
    };

    public static JsonElement Series() => JsonSerializer.SerializeToElement(SeriesOf("FREQ=WEEKLY;BYDAY=SU"), ContractsJson.Wire.MaintenanceSeries);

    public static JsonElement Reminder(bool late)
    {
        var window = Window().EnumerateObject().Select(p => $"\"{p.Name}\":{p.Value.GetRawText()}");
        return Parse($$"""{{{string.Join(',', window)}},"reminder":"-1h","late":{{(late ? "true" : "false")}}}""");
    }

    public static JsonElement Status(string status, string before, string name = "Batch API") => Parse(
        $$"""{"id":"cmp_1","object":"component","name":{{JsonSerializer.Serialize(name)}},"status":"{{status}}","previous_status":"{{before}}","since":"2026-05-22T13:59:00Z"}""");

    public static JsonElement Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
