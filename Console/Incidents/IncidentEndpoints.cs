using System.Text.Json.Nodes;
using Microsoft.Extensions.Primitives;
using Xerotier.OperatorConsole.Shared;
using Xerotier.OperatorConsole.Visits;
using Xerotier.ServiceDefaults;

namespace Xerotier.OperatorConsole.Incidents;

/// <summary>Incidents and drafts: the lists, one with its updates and trail, and the composer.</summary>
internal static class IncidentEndpoints
{
    private const string Root = "/console/incidents";
    private const string Changed = "Somebody changed the incident meanwhile, and this is how it is now.";

    private static readonly string[] Fields = ["title", "status", "body", "components", "started_at", "at", "impact_override", "notify"];

    public static void MapIncidents(this IEndpointRouteBuilder pages)
    {
        var incidents = pages.MapGroup("incidents");
        incidents.MapGet("", (Visit visit) => ListAsync(visit, drafts: false));
        incidents.MapGet("drafts", (Visit visit) => ListAsync(visit, drafts: true));
        incidents.MapGet("new", NewAsync);
        incidents.MapPost("new", CreateAsync);
        incidents.MapGet("{id}", (Visit visit, string id) => ShowAsync(visit, id));
        incidents.MapGet("{id}/updates", (Visit visit, string id) => ShowAsync(visit, id, writes: true));
        incidents.MapPost("{id}/updates", PostUpdateAsync);
        incidents.MapGet("{id}/updates/{update}", EditUpdateAsync);
        incidents.MapPost("{id}/updates/{update}", SaveUpdateAsync);
        incidents.MapGet("{id}/edit", EditAsync);
        incidents.MapPost("{id}/edit", SaveAsync);
        incidents.MapGet("{id}/publish", (string id) => Visit.See($"{Root}/{id}"));
        incidents.MapPost("{id}/publish", PublishAsync);
        incidents.MapPost("{id}/delete", DeleteAsync);
    }

    /// <summary>The newest of the project's drafts.</summary>
    /// <param name="visit">The request.</param>
    /// <param name="within">The longest that it may take; null: as long as requests do.</param>
    public static Task<ListPage<Incident>> DraftsAsync(Visit visit, TimeSpan? within = null) =>
        visit.Api.GetAsync(visit.OfProject("management/incidents?draft=true&limit=10"), ContractsJson.Wire.ListPageIncident, within);

    private static string PathOf(Visit visit, string id) => visit.OfProject($"management/incidents/{Uri.EscapeDataString(id)}");

    private static async Task<IResult> ListAsync(Visit visit, bool drafts)
    {
        var list = await visit.Api.GetAsync(
            visit.OfProject($"management/incidents?{visit.ListQuery(50, drafts ? [] : ["status"])}&draft={(drafts ? "true" : "false")}"), ContractsJson.Wire.ListPageIncident);
        return visit.Page<IncidentsPage>(new() { [nameof(IncidentsPage.List)] = list, [nameof(IncidentsPage.AreDrafts)] = drafts });
    }

    /// <summary>An incident, with the form for its next update; a draft has that on a page of its own, beside nothing else that could be sent instead.</summary>
    private static async Task<IResult> ShowAsync(Visit visit, string id, FormValues? form = null, bool writes = false, string? problem = null, int status = 200)
    {
        var found = visit.Api.FindAsync(PathOf(visit, id), ContractsJson.Wire.Incident);
        var events = form?.IsOn(FormValues.PreviewAloneField) == true ? Task.FromResult<ListPage<IncidentEvent>>(new() { Data = [], FirstId = null, LastId = null, HasMore = false })
            : visit.Api.GetAsync(PathOf(visit, id) + "/events?limit=100", ContractsJson.Wire.ListPageIncidentEvent);
        var components = ComponentsAsync(visit);
        var page = visit.LivePageAsync();
        var (incident, tag) = await found;
        if (!incident.Draft || writes)
        {
            form ??= FormValues.Of(
                ("status", (incident.Status is IncidentStatus.Resolved ? IncidentStatus.Postmortem : incident.Status).Wire()),
                ("zone", visit.Zone.Name), ("notify", "on"), (FormValues.IdempotencyField, FormValues.NewIdempotencyKey()), (FormValues.VersionField, tag));
        }

        form?.TakeNewer(tag);
        var after = form is null ? incident : incident with { Updates = [.. incident.Updates, UpdateIn(visit, incident, form)] };
        var last = after.Updates[^1];
        var audience = await Notification.AudienceAsync(visit, incident.Draft || form is null ? "incident.created" : Happening(form), Affected(incident, form));
        var isTold = incident.Draft ? IsTold(visit, last) : !Notification.ComesLate(visit, last.At);
        return visit.Page<IncidentPage>(
            new()
            {
                [nameof(IncidentPage.Incident)] = incident,
                [nameof(IncidentPage.Version)] = tag,
                [nameof(IncidentPage.Events)] = await events,
                [nameof(IncidentPage.Components)] = await components,
                [nameof(IncidentPage.Form)] = form,
                [nameof(IncidentPage.Problem)] = problem,
                [nameof(IncidentPage.Public)] = await page,
                [nameof(IncidentPage.Outlook)] = await page is { } seen ? IncidentWords.Outlook(seen, incident.Id, after.Updates) : null,
                [nameof(IncidentPage.Impact)] = IncidentWords.Impact(await components, incident, after.Updates),
                [nameof(IncidentPage.Audience)] = isTold ? audience : null,
                [nameof(IncidentPage.Told)] = incident.Draft || form is null ? Notification.OfDraft(isTold, audience) : Notification.Told(form, audience, comesLate: !isTold),
            },
            status);
    }

    private static async Task<IResult> NewAsync(Visit visit)
    {
        var form = FormValues.Of(
            ("status", IncidentStatus.Investigating.Wire()), ("zone", visit.Zone.Name), ("impact_override", ""), ("notify", "on"), (FormValues.IdempotencyField, FormValues.NewIdempotencyKey()));
        if (IncidentTemplate.Find(visit.Http.Request.Query["template"]) is { } template)
        {
            FillIn(form, template);
        }

        return await ComposeAsync(visit, form);
    }

    private static async Task<IResult> CreateAsync(Visit visit)
    {
        var form = await FormValues.ReadAsync(visit.Http.Request);
        var isDraft = form["action"] == "draft";
        var body = BodyOf(form);
        body["title"] = form["title"];
        body["draft"] = isDraft;
        AddTime(form, body, "started_at");
        if (form["impact_override"].Length > 0)
        {
            body["impact_override"] = form["impact_override"];
        }

        if (IncidentTemplate.Find(form["template"]) is { } template)
        {
            FillIn(form, template);
            return await ComposeAsync(visit, form);
        }

        if (form["action"] == "preview" || form.GoesBack || form.HasErrors)
        {
            return await ComposeAsync(visit, form);
        }

        if (!isDraft && form.IsOn("notify") && !OpensLate(visit, form) && await Notification.MustAskAsync(visit, form, "incident.created", NamedIn(form)) is { } question)
        {
            return question;
        }

        try
        {
            var made = await visit.Api.SendAsync(HttpMethod.Post, visit.OfProject("management/incidents"), body, ContractsJson.Wire.Incident, idempotencyKey: form[FormValues.IdempotencyField]);
            return Visit.See($"{Root}/{made.Value.Id}", isDraft ? "drafted" : "published", made.Value.Warnings);
        }
        catch (ApiException refused)
        {
            form.Refuse(refused.Error, Fields);
            return await ComposeAsync(visit, form);
        }
    }

    private static async Task<IResult> PostUpdateAsync(Visit visit, string id)
    {
        var form = await FormValues.ReadAsync(visit.Http.Request);
        var body = BodyOf(form);
        AddTime(form, body, "at");
        if (form.HasErrors || form.GoesBack || form["action"] == "preview")
        {
            return await ShowAsync(visit, id, form, status: form.Status, writes: true);
        }

        if (form.IsOn("notify") && !Notification.ComesLate(visit, form.Time("at")))
        {
            var incident = await visit.Api.GetAsync(PathOf(visit, id), ContractsJson.Wire.Incident);
            if (!incident.Draft && await Notification.MustAskAsync(visit, form, Happening(form), Affected(incident, form)) is { } question)
            {
                return question;
            }
        }

        try
        {
            var changed = await visit.Api.SendAsync(
                HttpMethod.Post, PathOf(visit, id) + "/updates", body, ContractsJson.Wire.Incident, form.Version, form[FormValues.IdempotencyField]);
            return Visit.See($"{Root}/{id}", changed.Value.Draft ? "added" : form["status"] == "resolved" ? "resolved" : "posted", changed.Value.Warnings);
        }
        catch (ApiException refused)
        {
            form.Problem = refused.Error.Status == StatusCodes.Status412PreconditionFailed ? $"{Changed} What you wrote is added to that if you send it again." : null;
            form.Refuse(refused.Error, Fields);
            return await ShowAsync(visit, id, form, status: form.Status, writes: true);
        }
    }

    private static async Task<IResult> EditUpdateAsync(Visit visit, string id, string update)
    {
        var (incident, tag) = await visit.Api.FindAsync(PathOf(visit, id), ContractsJson.Wire.Incident);
        var edited = Updated(incident, update);
        var form = FormValues.Of([
            ("body", edited.Body), ("at", visit.Zone.ToField(edited.At)), (FormValues.Was("at"), edited.At.ToString("O")), ("zone", visit.Zone.Name), (FormValues.VersionField, tag),
            .. edited.Components.Select(declared => (ComponentField.Of(declared.Id), (StringValues)declared.Status.ToString().ToLowerInvariant()))]);
        return await UpdateFormAsync(visit, incident, edited, form);
    }

    private static async Task<IResult> SaveUpdateAsync(Visit visit, string id, string update)
    {
        var form = await FormValues.ReadAsync(visit.Http.Request);
        var body = new JsonObject { ["body"] = form["body"] };
        AddTime(form, body, "at");
        var (incident, tag) = await visit.Api.FindAsync(PathOf(visit, id), ContractsJson.Wire.Incident);
        var edited = Updated(incident, update);
        if (!ComponentField.Chosen(form).ToHashSet().SetEquals(edited.Components.Select(declared => (declared.Id, declared.Status.ToString().ToLowerInvariant()))))
        {
            body["components"] = ComponentField.Read(form); // in another order it would count as edited
        }

        if (!form.HasErrors)
        {
            try
            {
                await visit.Api.SendAsync(HttpMethod.Patch, PathOf(visit, id) + $"/updates/{Uri.EscapeDataString(update)}", body, ContractsJson.Wire.Incident, form.Version);
                return Visit.See($"{Root}/{id}", "saved");
            }
            catch (ApiException refused)
            {
                form.Refuse(refused.Error, Fields);
            }
        }

        (incident, tag) = await visit.Api.FindAsync(PathOf(visit, id), ContractsJson.Wire.Incident);
        form.TakeNewer(tag);
        return await UpdateFormAsync(visit, incident, Updated(incident, update), form);
    }

    private static IncidentUpdate Updated(Incident incident, string update) => incident.Updates.FirstOrDefault(one => one.Id == update) ?? throw new ApiException(ApiErrors.NotFound("There is no such update."));

    private static async Task<IResult> UpdateFormAsync(Visit visit, Incident incident, IncidentUpdate edited, FormValues form) => visit.Page<UpdateFormPage>(
        new()
        {
            [nameof(UpdateFormPage.Incident)] = incident,
            [nameof(UpdateFormPage.Update)] = edited,
            [nameof(UpdateFormPage.Components)] = await ComponentsAsync(visit),
            [nameof(UpdateFormPage.Form)] = form,
        },
        form.Status);

    private static async Task<IResult> EditAsync(Visit visit, string id)
    {
        var (incident, tag) = await visit.Api.FindAsync(PathOf(visit, id), ContractsJson.Wire.Incident);
        return EditForm(visit, incident, FormValues.Of(
            ("title", incident.Title), ("started_at", visit.Zone.ToField(incident.StartedAt)), (FormValues.Was("started_at"), incident.StartedAt.ToString("O")), ("zone", visit.Zone.Name),
            ("impact_override", incident.ImpactOverride?.ToString().ToLowerInvariant() ?? ""), (FormValues.VersionField, tag)));
    }

    private static async Task<IResult> SaveAsync(Visit visit, string id)
    {
        var form = await FormValues.ReadAsync(visit.Http.Request);
        var body = new JsonObject { ["title"] = form["title"], ["impact_override"] = form["impact_override"] is { Length: > 0 } impact ? impact : null };
        AddTime(form, body, "started_at");
        if (!form.HasErrors)
        {
            try
            {
                await visit.Api.SendAsync(HttpMethod.Patch, PathOf(visit, id), body, ContractsJson.Wire.Incident, form.Version);
                return Visit.See($"{Root}/{id}", "saved");
            }
            catch (ApiException refused)
            {
                form.Refuse(refused.Error, Fields);
            }
        }

        var (incident, tag) = await visit.Api.FindAsync(PathOf(visit, id), ContractsJson.Wire.Incident);
        form.TakeNewer(tag);
        return EditForm(visit, incident, form);
    }

    private static IResult EditForm(Visit visit, Incident incident, FormValues form) =>
        visit.Page<IncidentFormPage>(new() { [nameof(IncidentFormPage.Incident)] = incident, [nameof(IncidentFormPage.Form)] = form }, form.Status);

    private static async Task<IResult> PublishAsync(Visit visit, string id)
    {
        var form = await FormValues.ReadAsync(visit.Http.Request);
        if (form.GoesBack)
        {
            return Visit.See($"{Root}/{id}");
        }

        try
        {
            var draft = await visit.Api.GetAsync(PathOf(visit, id), ContractsJson.Wire.Incident);
            if (!draft.Draft)
            {
                return Visit.See($"{Root}/{id}", "published"); // by somebody else, or by this form before
            }

            if (IsTold(visit, draft.Updates[^1]) && await Notification.MustAskAsync(visit, form, "incident.created", Affected(draft)) is { } question)
            {
                return question;
            }

            await visit.Api.SendAsync(HttpMethod.Post, PathOf(visit, id) + "/publish", null, ContractsJson.Wire.Incident, form.Version);
            return Visit.See($"{Root}/{id}", "published");
        }
        catch (ApiException refused) when (refused.Error.Status is 400 or 409 or 412)
        {
            return await ShowAsync(visit, id, problem: SentenceOf(refused), status: refused.Error.Status);
        }
    }

    private static async Task<IResult> DeleteAsync(Visit visit, string id)
    {
        var form = await FormValues.ReadAsync(visit.Http.Request);
        try
        {
            await visit.Api.SendAsync(HttpMethod.Delete, PathOf(visit, id), null, ContractsJson.Wire.IncidentDeleted, form.Version);
            return Visit.See($"{Root}/drafts", "deleted");
        }
        catch (ApiException refused) when (refused.Error.Status is 409 or 412)
        {
            return await ShowAsync(visit, id, problem: SentenceOf(refused), status: refused.Error.Status);
        }
    }

    private static string SentenceOf(ApiException refused) => refused.Error.Status == StatusCodes.Status412PreconditionFailed ? $"{Changed} Nothing was done." : refused.Error.Message;

    private static async Task<IResult> ComposeAsync(Visit visit, FormValues form)
    {
        var components = ComponentsAsync(visit);
        var audience = Notification.AudienceAsync(visit, "incident.created", NamedIn(form));
        var page = visit.LivePageAsync();
        return visit.Page<ComposePage>(
            new()
            {
                [nameof(ComposePage.Form)] = form,
                [nameof(ComposePage.Components)] = await components,
                [nameof(ComposePage.Public)] = await page,
                [nameof(ComposePage.Audience)] = await audience,
                [nameof(ComposePage.ComesLate)] = OpensLate(visit, form),
            },
            form.Status);
    }

    private static async Task<IReadOnlyList<Component>> ComponentsAsync(Visit visit) =>
        (await visit.Api.GetAsync(visit.OfProject("management/components?limit=100"), ContractsJson.Wire.ListPageComponent)).Data;

    /// <summary>Fills a text to start from into what is empty or is another of them; nothing that was typed is lost.</summary>
    private static void FillIn(FormValues form, IncidentTemplate template)
    {
        if (form["title"].Length == 0 || IncidentTemplate.All.Any(other => other.Title == form["title"]))
        {
            form.Set("title", template.Title);
        }

        if (form["body"].Length == 0 || IncidentTemplate.All.Any(other => other.Body == form["body"]))
        {
            form.Set("body", template.Body);
            form.Set("status", template.Status.Wire());
        }
    }

    /// <summary>What people are told of: all components of the incident, and those that its next update names anew.</summary>
    private static IEnumerable<string> Affected(Incident incident, FormValues? next = null) => incident.Components.Select(component => component.Id).Union(next is null ? [] : NamedIn(next));

    private static IEnumerable<string> NamedIn(FormValues form) => ComponentField.Chosen(form).Select(chosen => chosen.Id);

    /// <summary>Whether a draft with this last update is told to anybody once it is published.</summary>
    private static bool IsTold(Visit visit, IncidentUpdate last) => last.Notify && !(last.Status is IncidentStatus.Resolved or IncidentStatus.Postmortem && Notification.ComesLate(visit, last.At));

    /// <summary>Whether an incident is told to nobody: it was over more than an hour ago.</summary>
    private static bool OpensLate(Visit visit, FormValues form) => form["status"] == IncidentStatus.Resolved.Wire() && Notification.ComesLate(visit, form.Time("started_at"));

    private static string Happening(FormValues form) => form["status"] switch { "resolved" => "incident.resolved", "postmortem" => "incident.postmortem", _ => "incident.updated" };

    /// <summary>What the form would post, after all that was posted.</summary>
    private static IncidentUpdate UpdateIn(Visit visit, Incident incident, FormValues form) => new()
    {
        Id = "",
        Status = WireNames.IncidentStatus(form["status"]) ?? IncidentStatus.Investigating,
        Body = form["body"],
        Components = [.. ComponentField.Chosen(form).Select(chosen => new ComponentDeclaration { Id = chosen.Id, Status = WireNames.Declared(chosen.Status) ?? DeclaredStatus.Operational })],
        At = form.Time("at") ?? (incident.Updates.Max(update => update.At) is var last && last > visit.Now ? last : visit.Now),
        PostedAt = visit.Now,
        EditedAt = null,
        CreatedBy = "",
        Notify = form.IsOn("notify"),
    };

    private static JsonObject BodyOf(FormValues form) => new()
    {
        ["status"] = form["status"],
        ["body"] = form["body"],
        ["components"] = ComponentField.Read(form),
        ["notify"] = form.IsOn("notify"),
    };

    private static void AddTime(FormValues form, JsonObject body, string name)
    {
        if (form.Time(name) is { } time)
        {
            body[name] = time.ToString("O");
        }
    }
}
