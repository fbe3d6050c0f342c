using System.Text.Json.Nodes;
using Xerotier.OperatorConsole.Api;
using Xerotier.OperatorConsole.Shared;
using Xerotier.OperatorConsole.Visits;
using Xerotier.ServiceDefaults;

namespace Xerotier.OperatorConsole.Windows;

/// <summary>Maintenance windows: the list, one with its trail, and the form.</summary>
internal static class WindowEndpoints
{
    private const string Root = "/console/maintenance";
    private static readonly string[] Fields = ["title", "description", "severity", "affected_services", "starts_at", "ends_at", "auto_transition", "reminders", "notify"];

    public static void MapWindows(this IEndpointRouteBuilder pages)
    {
        var windows = pages.MapGroup("maintenance");
        windows.MapGet("", ListAsync);
        windows.MapGet("new", NewAsync);
        windows.MapPost("new", CreateAsync);
        windows.MapGet("{id}", (Visit visit, string id) => ShowAsync(visit, id));
        windows.MapGet("{id}/edit", EditAsync);
        windows.MapPost("{id}/edit", SaveAsync);
        windows.MapPost("{id}/start", (Visit visit, string id) => ActAsync(visit, id, "started", HttpMethod.Patch, "", new() { ["status"] = "active" }));
        windows.MapPost("{id}/complete", (Visit visit, string id) => ActAsync(visit, id, "completed", HttpMethod.Post, "/complete"));
        windows.MapPost("{id}/cancel", (Visit visit, string id) => ActAsync(visit, id, "cancelled", HttpMethod.Delete, ""));
        windows.MapPost("{id}/purge", PurgeAsync);
        foreach (var verb in (string[])["start", "complete", "cancel", "purge"])
        {
            windows.MapGet($"{{id}}/{verb}", (string id) => Visit.See($"{Root}/{id}"));
        }
    }

    /// <summary>Address of a window in the API.</summary>
    public static string PathOf(Visit visit, string id) => visit.OfProject($"management/maintenance/{Uri.EscapeDataString(id)}");

    private static async Task<IResult> ListAsync(Visit visit)
    {
        var list = await visit.Api.GetAsync(visit.OfProject($"management/maintenance?{visit.ListQuery(50, WindowsPage.Filters)}"), ContractsJson.Wire.ListPageMaintenanceWindow);
        return visit.Page<WindowsPage>(new() { [nameof(WindowsPage.List)] = list });
    }

    private static async Task<IResult> ShowAsync(Visit visit, string id, string? problem = null, int status = 200)
    {
        var window = visit.Api.GetAsync(PathOf(visit, id), ContractsJson.Wire.MaintenanceWindow);
        var events = visit.Api.GetAsync(PathOf(visit, id) + "/events?limit=100", ContractsJson.Wire.ListPageMaintenanceEvent);
        return visit.Page<WindowPage>(
            new() { [nameof(WindowPage.Window)] = await window, [nameof(WindowPage.Events)] = await events, [nameof(WindowPage.Problem)] = problem },
            status);
    }

    private static async Task<IResult> NewAsync(Visit visit)
    {
        var start = new DateTimeOffset(visit.Now.Ticks - (visit.Now.Ticks % TimeSpan.TicksPerHour), TimeSpan.Zero).AddHours(2);
        return await FormAsync(visit, null, FormValues.Of(
            ("severity", "info"), ("zone", visit.Zone.Name), ("starts_at", visit.Zone.ToField(start)), ("ends_at", visit.Zone.ToField(start.AddHours(1))),
            ("notify", "on"), ("reminders", "-24h, -1h"), (FormValues.IdempotencyField, FormValues.NewIdempotencyKey())));
    }

    private static async Task<IResult> CreateAsync(Visit visit)
    {
        var form = await FormValues.ReadAsync(visit.Http.Request);
        var body = Body(form);
        var isReady = !form.HasErrors && !form.GoesBack;
        if (isReady && form.IsOn("notify") && form.Time("ends_at") > visit.Now && await Notification.MustAskAsync(visit, form, "maintenance.scheduled", ServicesField.Of(form)) is { } question)
        {
            return question;
        }

        if (isReady)
        {
            try
            {
                var made = await visit.Api.SendAsync(HttpMethod.Post, visit.OfProject("management/maintenance"), body, ContractsJson.Wire.MaintenanceWindow, idempotencyKey: form[FormValues.IdempotencyField]);
                return Visit.See($"{Root}/{made.Value.Id}", "scheduled", made.Value.Warnings);
            }
            catch (ApiException refused)
            {
                form.Refuse(refused.Error, Fields);
            }
        }

        return await FormAsync(visit, null, form);
    }

    private static async Task<IResult> EditAsync(Visit visit, string id)
    {
        var (window, tag) = await visit.Api.FindAsync(PathOf(visit, id), ContractsJson.Wire.MaintenanceWindow);
        return await FormAsync(visit, window, FormValues.Of(
            ("title", window.Title), ("description", window.Description), ("severity", window.Severity.Wire()), ("affected_services", window.AffectedServices.ToArray()), ("zone", visit.Zone.Name),
            ("starts_at", visit.Zone.ToField(window.StartsAt)), ("ends_at", visit.Zone.ToField(window.EndsAt)),
            (FormValues.Was("starts_at"), window.StartsAt.ToString("O")), (FormValues.Was("ends_at"), window.EndsAt.ToString("O")), ("auto_transition", window.AutoTransition ? "on" : ""),
            ("reminders", string.Join(", ", window.Reminders)), ("notify", window.Notify ? "on" : ""), (FormValues.VersionField, tag)));
    }

    private static async Task<IResult> SaveAsync(Visit visit, string id)
    {
        var form = await FormValues.ReadAsync(visit.Http.Request);
        var body = Body(form);
        var isReady = !form.HasErrors && !form.GoesBack;
        if (isReady && form.IsOn("notify") && (form.IsMoved("starts_at") || form.IsMoved("ends_at")) && form.Time("ends_at") > visit.Now
            && Notification.IsKnown(visit, await visit.Api.GetAsync(PathOf(visit, id), ContractsJson.Wire.MaintenanceWindow), form.Time("starts_at"))
            && await Notification.MustAskAsync(visit, form, "maintenance.rescheduled", ServicesField.Of(form)) is { } question)
        {
            return question;
        }

        if (isReady)
        {
            try
            {
                var saved = await visit.Api.SendAsync(HttpMethod.Patch, PathOf(visit, id), body, ContractsJson.Wire.MaintenanceWindow, ifMatch: form.Version);
                return Visit.See($"{Root}/{id}", "saved", saved.Value.Warnings);
            }
            catch (ApiException refused)
            {
                form.Refuse(refused.Error, Fields);
            }
        }

        var (window, tag) = await visit.Api.FindAsync(PathOf(visit, id), ContractsJson.Wire.MaintenanceWindow);
        form.TakeNewer(tag);
        if (form.MetNewer)
        {
            form.Set(FormValues.Was("starts_at"), window.StartsAt.ToString("O")); // from there it moves, if it is saved again
            form.Set(FormValues.Was("ends_at"), window.EndsAt.ToString("O"));
        }

        return await FormAsync(visit, window, form);
    }

    private static async Task<IResult> ActAsync(Visit visit, string id, string done, HttpMethod method, string verb, JsonObject? body = null)
    {
        var form = await FormValues.ReadAsync(visit.Http.Request);
        if (form.GoesBack)
        {
            return Visit.See($"{Root}/{id}");
        }

        try
        {
            var window = await visit.Api.GetAsync(PathOf(visit, id), ContractsJson.Wire.MaintenanceWindow);
            if (window.Notify && (done != "cancelled" || IsCancelTold(visit, window)) && await Notification.MustAskAsync(visit, form, $"maintenance.{done}", window.AffectedServices) is { } question)
            {
                return question;
            }

            await visit.Api.SendAsync(method, PathOf(visit, id) + verb, body, ContractsJson.Wire.MaintenanceWindow);
            return Visit.See($"{Root}/{id}", done);
        }
        catch (ApiException refused) when (refused.Error.Status is 409)
        {
            return await ShowAsync(visit, id, refused.Error.Message, refused.Error.Status);
        }
    }

    private static async Task<IResult> PurgeAsync(Visit visit, string id)
    {
        try
        {
            await visit.Api.SendAsync(HttpMethod.Post, PathOf(visit, id) + "/purge", null, ContractsJson.Wire.MaintenanceWindowDeleted);
            return Visit.See(Root, "purged");
        }
        catch (ApiException refused) when (refused.Error.Status is 409)
        {
            return await ShowAsync(visit, id, refused.Error.Message, refused.Error.Status);
        }
    }

    /// <summary>Whether subscribers hear that a window that tells them is cancelled.</summary>
    public static bool IsCancelTold(Visit visit, MaintenanceWindow window) => window.Status == WindowStatus.Active || Notification.IsKnown(visit, window);

    private static JsonObject Body(FormValues form)
    {
        var body = new JsonObject
        {
            ["title"] = form["title"],
            ["description"] = form["description"],
            ["severity"] = form["severity"],
            ["affected_services"] = ServicesField.Of(form).ToJson(),
            ["auto_transition"] = form.IsOn("auto_transition"),
            ["reminders"] = form.List("reminders").ToJson(),
            ["notify"] = form.IsOn("notify"),
        };
        foreach (var name in new[] { "starts_at", "ends_at" })
        {
            if (form.Time(name) is { } time)
            {
                body[name] = time.ToString("O");
            }
            else if (form.ErrorOf(name) is null && form.ErrorOf("zone") is null)
            {
                form.Fail(name, "Enter a date and a time.");
            }
        }

        return body;
    }

    private static async Task<IResult> FormAsync(Visit visit, MaintenanceWindow? window, FormValues form)
    {
        var page = await visit.PublicAsync(GatewayApi.Briefly);
        return visit.Page<WindowFormPage>(
            new()
            {
                [nameof(WindowFormPage.Window)] = window,
                [nameof(WindowFormPage.Form)] = form,
                [nameof(WindowFormPage.Public)] = page,
            },
            form.Status);
    }
}
