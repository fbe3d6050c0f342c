using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Xerotier.Contracts.Tests;

/// <summary>The bytes of each shape: names, order, nulls, times.</summary>
public sealed class WireTests
{
    private static readonly DateTimeOffset Time = new(2026, 11, 3, 14, 2, 11, 250, TimeSpan.Zero);

    private static readonly MaintenanceWindow Window = new()
    {
        Id = "mw_1",
        ProjectId = "proj_ABC123",
        Title = "Upgrade <1> & “2”",
        Description = "",
        Severity = WindowSeverity.Warning,
        AffectedServices = ["Model Storage"],
        StartsAt = Time,
        EndsAt = Time.AddHours(1),
        Status = WindowStatus.Active,
        AutoTransition = false,
        CreatedBy = "ops-key",
        CreatedAt = Time,
        UpdatedAt = Time,
        CompletedAt = null,
        CancelledAt = null,
    };

    private const string WindowText =
        """{"id":"mw_1","object":"maintenance_window","project_id":"proj_ABC123","title":"Upgrade <1> & “2”","description":"","severity":"warning","affected_services":["Model Storage"],"starts_at":"2026-11-03T14:02:11.25Z","ends_at":"2026-11-03T15:02:11.25Z","status":"active","auto_transition":false,"reminders":["-24h","-1h"],"notify":true,"series_id":null,"occurrence":null,"created_by":"ops-key","created_at":"2026-11-03T14:02:11.25Z","updated_at":"2026-11-03T14:02:11.25Z","activated_at":null,"completed_at":null,"cancelled_at":null}""";

    private static readonly ApiKey Key = new()
    {
        Id = "key_1",
        Name = "ops-key",
        Scopes = ["management", "heartbeat"],
        ExpiresAt = null,
        AllowedIps = ["192.0.2.0/24"],
        CreatedAt = Time,
        CreatedBy = "platform",
        LastUsedAt = Time,
        RevokedAt = null,
    };

    private static readonly Project Project = new() { Id = "proj_ABC123", Name = "Acme", Slug = "acme", Platform = false, CreatedAt = Time, SuspendedAt = null };

    [Fact]
    public void An_error_leaves_out_what_it_does_not_say()
    {
        Is(
            """{"error":{"message":"Not found.","type":"invalid_request_error","code":"not_found","param":null}}""",
            new ErrorResponse { Error = new() { Message = "Not found.", Type = "invalid_request_error", Code = "not_found", Param = null } },
            ContractsJson.Wire.ErrorResponse);
        Is(
            """{"error":{"message":"2 fields are invalid.","type":"invalid_request_error","code":"invalid_request","param":"title","errors":[{"param":"title","code":"invalid_request","message":"'title' is required."},{"param":"x","code":"unknown_field","message":"'x' is not a field of a maintenance window."}]}}""",
            new ErrorResponse
            {
                Error = new()
                {
                    Message = "2 fields are invalid.",
                    Type = "invalid_request_error",
                    Code = "invalid_request",
                    Param = "title",
                    Errors =
                    [
                        new() { Param = "title", Code = "invalid_request", Message = "'title' is required." },
                        new() { Param = "x", Code = "unknown_field", Message = "'x' is not a field of a maintenance window." },
                    ],
                },
            },
            ContractsJson.Wire.ErrorResponse);
    }

    [Fact]
    public void A_429_says_how_to_retry() => Is(
        """{"error":{"message":"Too many requests.","type":"rate_limit_error","code":"rate_limit_exceeded","param":null,"retry_after":3,"retry_strategy":{"type":"exponential_backoff","initial_delay_ms":3000,"max_delay_ms":60000,"multiplier":2,"jitter":true}}}""",
        new ErrorResponse
        {
            Error = new()
            {
                Message = "Too many requests.",
                Type = "rate_limit_error",
                Code = "rate_limit_exceeded",
                Param = null,
                RetryAfter = 3,
                RetryStrategy = new() { InitialDelayMs = 3000, MaxDelayMs = 60_000, Multiplier = 2, Jitter = true },
            },
        },
        ContractsJson.Wire.ErrorResponse);

    [Fact]
    public void Liveness_and_readiness()
    {
        Is("""{"status":"ok","service":"gateway","version":"1.0.0","uptime_seconds":42}""", new Liveness { Service = "gateway", Version = "1.0.0", UptimeSeconds = 42 }, ContractsJson.Wire.Liveness);
        Is(
            """{"status":"draining","service":"gateway","checks":{"postgres":"ok","status_page":"unavailable","redis":"unknown"}}""",
            new Readiness
            {
                Status = ReadinessStatus.Draining,
                Service = "gateway",
                Checks = new Dictionary<string, CheckState> { ["postgres"] = CheckState.Ok, ["status_page"] = CheckState.Unavailable, ["redis"] = CheckState.Unknown },
            },
            ContractsJson.Wire.Readiness);
    }

    [Fact]
    public void The_status_document()
    {
        var window = new PageWindow
        {
            Id = "mw_1",
            Title = "Upgrade",
            Description = "",
            Severity = WindowSeverity.Info,
            AffectedServices = [],
            StartsAt = Time,
            EndsAt = Time,
            Status = WindowStatus.Completed,
            CompletedAt = Time,
            CancelledAt = null,
            CreatedAt = Time,
            UpdatedAt = Time,
        };
        Is(
            """
            {"object":"status","generated_at":"2026-11-03T14:02:11.25Z","stale_since":null,"demo":false,"overall":{"key":"partial_outage","label":"Partial Outage"},
            "indicators":[{"id":"cmp_inference_routing","name":"Inference Routing","description":null,"group":null,"position":1,"declared":false,"measured":"outage","status":"outage","reason":"no router is online","since":null,"uptime_percent":99.120,"days":[{"date":"2026-11-03","operational_seconds":1,"degraded_seconds":2,"outage_seconds":3,"maintenance_seconds":4,"no_data_seconds":5,"uptime_percent":null,"installation":"on"}]}],
            "incidents":[],"open_incidents_total":0,"windows":{"unavailable":true,"unavailable_since":"2026-11-03T14:02:11.25Z","active":[],"active_total":0,"scheduled":[],"scheduled_total":0,"recent":[{"id":"mw_1","title":"Upgrade","description":"","severity":"info","affected_services":[],"starts_at":"2026-11-03T14:02:11.25Z","ends_at":"2026-11-03T14:02:11.25Z","status":"completed","activated_at":null,"completed_at":"2026-11-03T14:02:11.25Z","cancelled_at":null,"series_id":null,"created_at":"2026-11-03T14:02:11.25Z","updated_at":"2026-11-03T14:02:11.25Z"}]}}
            """.ReplaceLineEndings(""),
            new StatusDocument
            {
                Demo = false,
                GeneratedAt = Time,
                StaleSince = null,
                Overall = new() { Key = OverallKey.PartialOutage, Label = "Partial Outage" },
                Indicators =
                [
                    new()
                    {
                        Id = "cmp_inference_routing",
                        Name = "Inference Routing",
                        Description = null,
                        Group = null,
                        Position = 1,
                        Declared = false,
                        Measured = ServiceStatus.Outage,
                        Status = ServiceStatus.Outage,
                        Reason = "no router is online",
                        Since = null,
                        UptimePercent = 99.120m,
                        Days =
                        [
                            new()
                            {
                                Date = new(2026, 11, 3),
                                OperationalSeconds = 1,
                                DegradedSeconds = 2,
                                OutageSeconds = 3,
                                MaintenanceSeconds = 4,
                                NoDataSeconds = 5,
                                UptimePercent = null,
                                Installation = InstallationDay.On,
                            },
                        ],
                    },
                ],
                Incidents = [],
                OpenIncidentsTotal = 0,
                Windows = new() { Unavailable = true, UnavailableSince = Time, Active = [], ActiveTotal = 0, Scheduled = [], ScheduledTotal = 0, Recent = [window] },
            },
            ContractsJson.Wire.StatusDocument);
    }

    [Fact]
    public void A_dashboard()
    {
        var dashboard = new HealthDashboardResponse
        {
            ProjectId = "proj_ABC123",
            GeneratedAt = Time,
            Status = ServiceStatus.Degraded,
            Routing = new()
            {
                Status = ServiceStatus.Degraded,
                Total = 2,
                Online = 1,
                Offline = 1,
                Routers = [new() { Id = "rtr-1", Region = "us-east", Version = "1.4.2", State = "online", LastHeartbeatAt = Time, HeartbeatAgeSeconds = 2.1 }],
            },
            Workers = new()
            {
                Status = ServiceStatus.Operational,
                Total = 4,
                Healthy = 3,
                Stale = 1,
                Items =
                [
                    new()
                    {
                        Id = "wkr-1",
                        Name = "gpu-ä",
                        Kind = "private",
                        Region = "us-east",
                        Version = "2",
                        State = "ready",
                        Status = "healthy",
                        ActiveRequests = 3,
                        MaxConcurrentRequests = 16,
                        Models = ["m-1"],
                        Endpoints = ["chat"],
                        LastHeartbeatAt = Time,
                        HeartbeatAgeSeconds = 1,
                    },
                ],
                HasMore = true,
                LastId = "wkr-1",
            },
            Endpoints = new()
            {
                Total = 1,
                Operational = 1,
                Degraded = 0,
                Outage = 0,
                Items = [new() { Slug = "chat", Status = ServiceStatus.Unknown, Models = ["m-1"], WorkersTotal = 4, WorkersHealthy = 3 }],
            },
            Maintenance = new() { Active = [Window], Upcoming = [] },
        };
        var head =
            """
            {"object":"health_dashboard","project_id":"proj_ABC123","generated_at":"2026-11-03T14:02:11.25Z","status":"degraded","routing":{"status":"degraded","total":2,"online":1,"offline":1,"routers":[{"id":"rtr-1","region":"us-east","version":"1.4.2","state":"online","last_heartbeat_at":"2026-11-03T14:02:11.25Z","heartbeat_age_seconds":2.1}]},
            "workers":{"status":"operational","total":4,"healthy":3,"stale":1,"items":[{"id":"wkr-1","name":"gpu-ä","kind":"private","region":"us-east","version":"2","state":"ready","status":"healthy","active_requests":3,"max_concurrent_requests":16,"models":["m-1"],"endpoints":["chat"],"last_heartbeat_at":"2026-11-03T14:02:11.25Z","heartbeat_age_seconds":1}],"has_more":true,"last_id":"wkr-1"},
            "endpoints":{"total":1,"operational":1,"degraded":0,"outage":0,"items":[{"slug":"chat","status":"unknown","models":["m-1"],"workers_total":4,"workers_healthy":3}]},"maintenance":
            """.ReplaceLineEndings("");
        Is(head + $$$"""{"active":[{{{WindowText}}}],"upcoming":[]}}""", dashboard, ContractsJson.Wire.HealthDashboardResponse);
        Is(
            head + """{"active":[],"upcoming":[],"unavailable":true}}""",
            dashboard with { Maintenance = new() { Active = [], Upcoming = [], Unavailable = true } },
            ContractsJson.Wire.HealthDashboardResponse);
    }

    [Fact]
    public void Windows_their_lists_and_events()
    {
        Is(WindowText, Window, ContractsJson.Wire.MaintenanceWindow);
        Is("""{"id":"mw_1","object":"maintenance_window.deleted","deleted":true}""", new MaintenanceWindowDeleted { Id = "mw_1" }, ContractsJson.Wire.MaintenanceWindowDeleted);
        Is("""{"object":"list","data":[],"first_id":null,"last_id":null,"has_more":false}""", ListPage.Of<MaintenanceWindow>([], 20, w => w.Id), ContractsJson.Wire.ListPageMaintenanceWindow);
        Is(
            $$"""{"object":"list","data":[{{WindowText}}],"first_id":"mw_1","last_id":"mw_1","has_more":true}""",
            ListPage.Of([Window, Window with { Id = "mw_2" }], 1, w => w.Id),
            ContractsJson.Wire.ListPageMaintenanceWindow);
        Is(
            $$"""{"object":"list","data":[{"id":"mw_1.1","object":"maintenance_window.event","window_id":"mw_1","action":"created","actor":"ops-key","actor_key_id":"key_1","occurred_at":"2026-11-03T14:02:11.25Z","changed_fields":["title"],"before":null,"after":{{WindowText}}}],"first_id":"mw_1.1","last_id":"mw_1.1","has_more":false}""",
            ListPage.Of(
                [
                    new MaintenanceEvent
                    {
                        Id = "mw_1.1", WindowId = "mw_1", Action = "created", Actor = "ops-key", ActorKeyId = "key_1", OccurredAt = Time, ChangedFields = ["title"], Before = null, After = Window,
                    },
                ],
                1,
                e => e.Id),
            ContractsJson.Wire.ListPageMaintenanceEvent);
    }

    [Fact]
    public void A_window_that_an_older_release_wrote_has_the_default_reminders()
    {
        var read = JsonSerializer.Deserialize(
            WindowText.Replace(""" "reminders":["-24h","-1h"],"notify":true,""".Trim(), "", StringComparison.Ordinal),
            ContractsJson.FromAnyVersion(ContractsJson.Wire.Options, ContractsJson.Wire.MaintenanceWindow))!;
        Assert.Equal(["-24h", "-1h"], read.Reminders);
        Assert.True(read.Notify);
        Is(WindowText, read, ContractsJson.Wire.MaintenanceWindow);
        read = JsonSerializer.Deserialize(
            WindowText.Replace(""" "reminders":["-24h","-1h"],"notify":true,""".Trim(), """ "reminders":[],"notify":false,""", StringComparison.Ordinal),
            ContractsJson.FromAnyVersion(ContractsJson.Wire.Options, ContractsJson.Wire.MaintenanceWindow))!;
        Assert.Equal((0, false), (read.Reminders.Count, read.Notify));
    }

    [Fact]
    public void Requests_leave_out_what_is_not_given()
    {
        Is(
            """{"title":"Upgrade","description":"","starts_at":"2026-11-03T14:02:11.25Z","ends_at":"2026-11-03T14:02:11.25Z","auto_transition":true,"reminders":[],"notify":false}""",
            new MaintenanceWindowCreate { Title = "Upgrade", Description = "", StartsAt = Time, EndsAt = Time, AutoTransition = true, Reminders = [], Notify = false },
            ContractsJson.Wire.MaintenanceWindowCreate);
        Is("""{"status":"cancelled"}""", new MaintenanceWindowUpdate { Status = WindowStatus.Cancelled }, ContractsJson.Wire.MaintenanceWindowUpdate);
        Is("""{"name":"ci","scopes":["management"]}""", new ApiKeyCreate { Name = "ci", Scopes = ["management"] }, ContractsJson.Wire.ApiKeyCreate);
        Is("""{"name":"Acme","slug":"acme"}""", new ProjectCreate { Name = "Acme", Slug = "acme" }, ContractsJson.Wire.ProjectCreate);
    }

    [Fact]
    public void Keys_and_projects()
    {
        const string key = """{"id":"key_1","object":"api_key","name":"ops-key","scopes":["management","heartbeat"],"expires_at":null,"allowed_ips":["192.0.2.0/24"],"created_at":"2026-11-03T14:02:11.25Z","created_by":"platform","last_used_at":"2026-11-03T14:02:11.25Z","revoked_at":null""";
        Is(key + "}", Key, ContractsJson.Wire.ApiKey);
        Is(
            key + ""","key":"xero_acme_x"}""",
            new ApiKeyCreated(Key, "xero_acme_x"),
            ContractsJson.Wire.ApiKeyCreated);
        Is(
            """{"object":"list","data":[{"id":"proj_ABC123","object":"project","name":"Acme","slug":"acme","platform":false,"created_at":"2026-11-03T14:02:11.25Z","suspended_at":null}],"first_id":"proj_ABC123","last_id":"proj_ABC123","has_more":false}""",
            ListPage.Of([Project], 20, p => p.Id),
            ContractsJson.Wire.ListPageProject);
    }

    [Fact]
    public void Heartbeats_and_their_acknowledgement()
    {
        Is(
            """{"heartbeats":[{"worker_id":"wkr-1","kind":"private","state":"ready","max_concurrent_requests":16,"endpoints":["chat"]},{"router_id":"rtr-1","region":"us-east","state":"online"}]}""",
            new HeartbeatBatch
            {
                Heartbeats =
                [
                    new AgentHeartbeat { WorkerId = "wkr-1", Kind = "private", State = "ready", MaxConcurrentRequests = 16, Endpoints = ["chat"] },
                    new RouterHeartbeat { RouterId = "rtr-1", Region = "us-east", State = "online" },
                ],
            },
            ContractsJson.Wire.HeartbeatBatch);
        Is(
            """{"accepted":1,"errors":[{"index":1,"code":"invalid_request","message":"state must be online, draining or offline."}]}""",
            new HeartbeatsAccepted { Accepted = 1, Errors = [new() { Index = 1, Code = "invalid_request", Message = "state must be online, draining or offline." }] },
            ContractsJson.Wire.HeartbeatsAccepted);
    }

    [Theory]
    [InlineData("2026-05-22T02:00:00Z", "2026-05-22T02:00:00Z")]
    [InlineData("2026-05-22T02:00:00.5+02:00", "2026-05-22T00:00:00.5Z")]
    [InlineData("2026-05-22T02:00:00.1234567Z", "2026-05-22T02:00:00.123456Z")]
    [InlineData("0001-01-01T00:00:00.000001Z", "0001-01-01T00:00:00.000001Z")]
    [InlineData("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z")]
    public void Times_are_in_UTC_to_the_microsecond(string read, string written) =>
        Assert.Equal($"\"{written}\"", JsonSerializer.Serialize(JsonSerializer.Deserialize($"\"{read}\"", ContractsJson.Wire.DateTimeOffset), ContractsJson.Wire.DateTimeOffset));

    /// <summary><paramref name="value"/> is written as <paramref name="text"/>, and what is read from that is written the same.</summary>
    private static void Is<T>(string text, T value, JsonTypeInfo<T> type)
    {
        Assert.Equal(text, JsonSerializer.Serialize(value, type));
        if (typeof(T) != typeof(HeartbeatBatch))
        {
            Assert.Equal(text, JsonSerializer.Serialize(JsonSerializer.Deserialize(text, type)!, type));
        }
    }
}
