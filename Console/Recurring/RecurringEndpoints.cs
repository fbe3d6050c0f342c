using System.Text.Json.Nodes;
using System.Xml;
using Xerotier.OperatorConsole.Api;
using Xerotier.OperatorConsole.Shared;
using Xerotier.OperatorConsole.Visits;
using Xerotier.OperatorConsole.Windows;
using Xerotier.ServiceDefaults;

namespace Xerotier.OperatorConsole.Recurring;

/// <summary>Series of windows: the list, one with its trail, and the form with a preview of the next ten.</summary>
internal static class RecurringEndpoints
{
    private const string Root = "/console/recurring";
    private static readonly string[] Fields = ["title", "description", "severity", "affected_services", "timezone", "starts_on", "local_time", "duration", "rrule", "exdates", "horizon_days", "auto_transition", "reminders", "notify"];

    private static readonly Dictionary<string, string> Renamed = new() { ["duration"] = "minutes" };

    public static void MapRecurring(this IEndpointRouteBuilder pages)
    {
        var series = pages.MapGroup("recurring");
        series.MapGet("", ListAsync);
        series.MapGet("new", NewAsync);
        series.MapPost("new", CreateAsync);
        series.MapGet("{id}", ShowAsync);
        series.MapGet("{id}/edit", EditAsync);
        series.MapPost("{id}/edit", SaveAsync);
        series.MapGet("{id}/cancel", (string id) => Visit.See($"{Root}/{id}"));
        series.MapPost("{id}/cancel", CancelAsync);
    }

    private static string PathOf(Visit visit, string id) => visit.OfProject($"management/maintenance-series/{Uri.EscapeDataString(id)}");

    private static async Task<IResult> ListAsync(Visit visit)
    {
        var list = await visit.Api.GetAsync(visit.OfProject($"management/maintenance-series?{visit.ListQuery(50)}"), ContractsJson.Wire.ListPageMaintenanceSeries);
        return visit.Page<RecurringPage>(new() { [nameof(RecurringPage.List)] = list });
    }

    private static async Task<IResult> ShowAsync(Visit visit, string id)
    {
        var series = visit.Api.GetAsync(PathOf(visit, id), ContractsJson.Wire.MaintenanceSeries);
        var events = visit.Api.GetAsync(PathOf(visit, id) + "/events?limit=100", ContractsJson.Wire.ListPageMaintenanceSeriesEvent);
        var windows = await OpenWindowsAsync(visit, id);
        return visit.Page<SeriesPage>(new()
        {
            [nameof(SeriesPage.Series)] = await series,
            [nameof(SeriesPage.Events)] = await events,
            [nameof(SeriesPage.Windows)] = windows.TakeLast(10).Reverse().ToList(),
        });
    }

    /// <summary>What of a series is scheduled or active, latest start first: two pages at most, for it is made ahead by 90 days.</summary>
    private static async Task<List<MaintenanceWindow>> OpenWindowsAsync(Visit visit, string id)
    {
        var open = new List<MaintenanceWindow>();
        ListPage<MaintenanceWindow> page;
        do
        {
            page = await visit.Api.GetAsync(
                visit.OfProject($"management/maintenance?limit=100&status=scheduled&status=active&series_id={Uri.EscapeDataString(id)}{(open.Count > 0 ? $"&after={open[^1].Id}" : "")}"),
                ContractsJson.Wire.ListPageMaintenanceWindow);
            open.AddRange(page.Data);
        }
        while (page.HasMore);
        return open;
    }

    private static Task<IResult> NewAsync(Visit visit) => NewFormAsync(visit, null, FormValues.Of(
        ("severity", "info"), ("timezone", visit.Zone.Name), ("starts_on", visit.Now.AddDays(1).ToString("yyyy-MM-dd")), ("local_time", "02:00"), ("minutes", "60"),
        ("rrule", "FREQ=WEEKLY;BYDAY=SU"), ("auto_transition", "on"), ("notify", "on"), ("reminders", "-24h, -1h"), ("horizon_days", "60"), (FormValues.IdempotencyField, FormValues.NewIdempotencyKey())));

    private static async Task<IResult> CreateAsync(Visit visit)
    {
        var form = await FormValues.ReadAsync(visit.Http.Request);
        var body = Body(form);
        if (form["action"] == "preview" || form.HasErrors || form.GoesBack)
        {
            return await FormAsync(visit, null, form, form.HasErrors ? null : body);
        }

        if (form.IsOn("notify") && await Notification.MustAskAsync(visit, form, "maintenance.scheduled", ServicesField.Of(form)) is { } question)
        {
            return question;
        }

        try
        {
            var made = await visit.Api.SendAsync(HttpMethod.Post, visit.OfProject("management/maintenance-series"), body, ContractsJson.Wire.MaintenanceSeries, idempotencyKey: form[FormValues.IdempotencyField]);
            return Visit.See($"{Root}/{made.Value.Id}", "created", made.Value.Warnings);
        }
        catch (ApiException refused)
        {
            Refuse(form, refused);
            return await FormAsync(visit, null, form);
        }
    }

    private static async Task<IResult> EditAsync(Visit visit, string id)
    {
        var (series, tag) = await visit.Api.FindAsync(PathOf(visit, id), ContractsJson.Wire.MaintenanceSeries);
        return series.CancelledAt is not null ? Visit.See($"{Root}/{id}") : await NewFormAsync(visit, series, FormValues.Of(
            ("title", series.Title), ("description", series.Description), ("severity", series.Severity.Wire()), ("affected_services", series.AffectedServices.ToArray()), ("timezone", series.Timezone),
            ("starts_on", series.StartsOn.ToString("yyyy-MM-dd")), ("local_time", series.LocalTime), ("minutes", $"{XmlConvert.ToTimeSpan(series.Duration).TotalMinutes:0}"), ("rrule", series.Rrule),
            ("exdates", string.Join(", ", series.Exdates.Select(date => date.ToString("yyyy-MM-dd")))), ("horizon_days", $"{series.HorizonDays}"), ("auto_transition", series.AutoTransition ? "on" : ""),
            ("notify", series.Notify ? "on" : ""), ("reminders", string.Join(", ", series.Reminders)), (FormValues.VersionField, tag)));
    }

    private static async Task<IResult> SaveAsync(Visit visit, string id)
    {
        var form = await FormValues.ReadAsync(visit.Http.Request);
        var body = Body(form);
        if (form["action"] != "preview" && !form.HasErrors && !form.GoesBack)
        {
            if (form.IsOn("notify") && await visit.Api.GetAsync(PathOf(visit, id), ContractsJson.Wire.MaintenanceSeries) is var now && Moves(form, now)
                && await Notification.MustAskAsync(visit, form, "maintenance.rescheduled", ServicesField.Of(form)) is { } question)
            {
                return question;
            }

            try
            {
                var saved = await visit.Api.SendAsync(HttpMethod.Patch, PathOf(visit, id), body, ContractsJson.Wire.MaintenanceSeries, form.Version);
                return Visit.See($"{Root}/{id}", "saved", saved.Value.Warnings);
            }
            catch (ApiException refused)
            {
                Refuse(form, refused);
            }
        }

        var (series, tag) = await visit.Api.FindAsync(PathOf(visit, id), ContractsJson.Wire.MaintenanceSeries);
        form.TakeNewer(tag);
        return await FormAsync(visit, series, form, form["action"] == "preview" && !form.HasErrors ? body : null);
    }

    private static async Task<IResult> CancelAsync(Visit visit, string id)
    {
        var form = await FormValues.ReadAsync(visit.Http.Request);
        if (form.GoesBack)
        {
            return Visit.See($"{Root}/{id}");
        }

        var series = await visit.Api.GetAsync(PathOf(visit, id), ContractsJson.Wire.MaintenanceSeries);
        if (series.Notify && await Notification.MustAskAsync(visit, form, "maintenance.cancelled", series.AffectedServices) is { } question)
        {
            return question;
        }

        await visit.Api.SendAsync(HttpMethod.Delete, PathOf(visit, id), null, ContractsJson.Wire.MaintenanceSeries);
        return Visit.See($"{Root}/{id}", "cancelled");
    }

    /// <summary>Whether it begins or ends at other times then, of which people are told.</summary>
    private static bool Moves(FormValues form, MaintenanceSeries series) =>
        (form["rrule"], form["starts_on"], form["local_time"], form["timezone"], form["minutes"])
            != (series.Rrule, $"{series.StartsOn:yyyy-MM-dd}", series.LocalTime, series.Timezone, $"{XmlConvert.ToTimeSpan(series.Duration).TotalMinutes:0}")
        || !form.List("exdates").ToHashSet(StringComparer.Ordinal).SetEquals(series.Exdates.Select(date => $"{date:yyyy-MM-dd}"));

    private static JsonObject Body(FormValues form)
    {
        var body = new JsonObject
        {
            ["title"] = form["title"],
            ["description"] = form["description"],
            ["severity"] = form["severity"],
            ["affected_services"] = ServicesField.Of(form).ToJson(),
            ["timezone"] = form["timezone"],
            ["starts_on"] = form["starts_on"],
            ["local_time"] = form["local_time"],
            ["rrule"] = form["rrule"],
            ["exdates"] = form.List("exdates").ToJson(),
            ["auto_transition"] = form.IsOn("auto_transition"),
            ["notify"] = form.IsOn("notify"),
            ["reminders"] = form.List("reminders").ToJson(),
        };
        Number("minutes", 5, 1440, minutes => body["duration"] = $"PT{minutes}M");
        Number("horizon_days", 7, 90, days => body["horizon_days"] = days);
        return body;

        void Number(string name, int least, int most, Action<int> set)
        {
            if (int.TryParse(form[name], out var number) && number >= least && number <= most)
            {
                set(number);
            }
            else
            {
                form.Fail(name, $"Enter a number from {least} to {most}.");
            }
        }
    }

    private static void Refuse(FormValues form, ApiException refused) => form.Refuse(refused.Error, Fields, Renamed);

    /// <summary>The form with what is saved or to start from, and its next occurrences.</summary>
    private static Task<IResult> NewFormAsync(Visit visit, MaintenanceSeries? series, FormValues form) => FormAsync(visit, series, form, Body(form));

    /// <summary>The form, with the next occurrences of what stands in it where <paramref name="previewed"/> is given and they can be told right now.</summary>
    private static async Task<IResult> FormAsync(Visit visit, MaintenanceSeries? series, FormValues form, JsonObject? previewed = null)
    {
        var page = visit.PublicAsync(GatewayApi.Briefly);
        var preview = previewed is null ? null : await PreviewAsync(visit, form, previewed);
        return visit.Page<SeriesFormPage>(
            new()
            {
                [nameof(SeriesFormPage.Series)] = series,
                [nameof(SeriesFormPage.Form)] = form,
                [nameof(SeriesFormPage.Public)] = await page,
                [nameof(SeriesFormPage.Preview)] = preview,
                [nameof(SeriesFormPage.CannotPreview)] = previewed is not null && preview is null && !form.HasErrors,
            },
            form.Status);
    }

    /// <returns>Null: what stands in the form is refused, which it then says, or it cannot be told right now.</returns>
    private static async Task<MaintenanceSeriesPreview?> PreviewAsync(Visit visit, FormValues form, JsonObject body)
    {
        if (form["title"].Length == 0)
        {
            body["title"] = "Preview"; // times are seen without one
        }

        var isAsked = HttpMethods.IsPost(visit.Http.Request.Method);
        try
        {
            var made = visit.Api.SendAsync(HttpMethod.Post, visit.OfProject("management/maintenance-series/preview"), body, ContractsJson.Wire.MaintenanceSeriesPreview, within: isAsked ? null : GatewayApi.Briefly);
            return (await GatewayApi.OrNullAsync(made))?.Value;
        }
        catch (ApiException refused)
        {
            if (isAsked || refused.Error.Status != StatusCodes.Status400BadRequest) // else nobody has entered anything yet
            {
                Refuse(form, refused);
            }

            return null;
        }
    }
}
