using System.Text.Json.Nodes;
using Xerotier.OperatorConsole.Visits;
using Xerotier.ServiceDefaults;

namespace Xerotier.OperatorConsole.Platform;

/// <summary>What the platform's operators alone see: projects, components, and who is told of the page.</summary>
internal static class PlatformEndpoints
{
    private const string Projects = "/console/platform/projects";
    private const string Components = "/console/platform/components";
    private const string Subscribers = "/console/platform/subscribers";
    private static readonly string[] ProjectFields = ["name", "slug", "platform"];
    private static readonly string[] ComponentFields = ["name", "description", "group", "position", "start_date", "only_show_if_degraded", "probe"];
    private static readonly Dictionary<string, string> Renamed = new() { ["probe"] = "probe_url", ["probe.interval_seconds"] = "probe_interval", ["probe.timeout_seconds"] = "probe_timeout", ["probe.expect_status"] = "probe_status" };

    public static void MapPlatform(this IEndpointRouteBuilder pages)
    {
        var platform = pages.MapGroup("platform");
        platform.MapGet("projects", (Visit visit) => ProjectsAsync(visit, FormValues.Of()));
        platform.MapPost("projects", CreateProjectAsync);
        platform.MapPost("projects/{id}/suspend", (Visit visit, string id) => SuspendAsync(visit, id, "suspend", "suspended"));
        platform.MapPost("projects/{id}/resume", (Visit visit, string id) => SuspendAsync(visit, id, "resume", "resumed"));
        platform.MapGet("components", ComponentsAsync);
        platform.MapGet("components/new", (Visit visit) => ComponentFormAsync(visit, null, FormValues.Of(("position", "100"))));
        platform.MapPost("components/new", CreateComponentAsync);
        platform.MapGet("components/{id}", EditComponentAsync);
        platform.MapPost("components/{id}", SaveComponentAsync);
        platform.MapPost("components/{id}/archive", ArchiveComponentAsync);
        platform.MapGet("subscribers", SubscribersAsync);
        platform.MapPost("subscribers/{id}/delete", DeleteSubscriberAsync);
    }

    private static string ComponentPath(string id) => $"/v1/platform/components/{Uri.EscapeDataString(id)}";

    private static async Task<IResult> ProjectsAsync(Visit visit, FormValues form, string? problem = null, int status = 200)
    {
        _ = visit.Platform();
        var list = await visit.Api.GetAsync($"/v1/platform/projects?{visit.ListQuery(50)}", ContractsJson.Wire.ListPageProject);
        return visit.Page<ProjectsPage>(
            new() { [nameof(ProjectsPage.List)] = list, [nameof(ProjectsPage.Form)] = form, [nameof(ProjectsPage.Problem)] = problem }, status);
    }

    private static async Task<IResult> CreateProjectAsync(Visit visit)
    {
        var form = await FormValues.ReadAsync(visit.Http.Request);
        try
        {
            var made = await visit.Api.SendAsync(
                HttpMethod.Post, "/v1/platform/projects", new() { ["name"] = form["name"], ["slug"] = form["slug"], ["platform"] = form.IsOn("platform") }, ContractsJson.Wire.Project);
            return Visit.See($"{Projects}/{made.Value.Id}/keys", "project");
        }
        catch (ApiException refused)
        {
            form.Refuse(refused.Error, ProjectFields);
            return await ProjectsAsync(visit, form, status: form.Status);
        }
    }

    private static async Task<IResult> SuspendAsync(Visit visit, string id, string verb, string done)
    {
        _ = visit.Platform();
        try
        {
            await visit.Api.SendAsync(HttpMethod.Post, $"/v1/platform/projects/{Uri.EscapeDataString(id)}/{verb}", null, ContractsJson.Wire.Project);
            return Visit.See(Projects, done);
        }
        catch (ApiException refused) when (refused.Error.Status is 409)
        {
            return await ProjectsAsync(visit, FormValues.Of(), refused.Error.Message, refused.Error.Status);
        }
    }

    private static async Task<IResult> ComponentsAsync(Visit visit)
    {
        _ = visit.Platform();
        var archived = visit.Http.Request.Query["archived"] == "true";
        var list = await visit.Api.GetAsync($"/v1/platform/components?{visit.ListQuery(100, "archived")}", ContractsJson.Wire.ListPageComponent);
        return visit.Page<ComponentsPage>(new() { [nameof(ComponentsPage.List)] = list, [nameof(ComponentsPage.WithArchived)] = archived });
    }

    private static async Task<IResult> ComponentFormAsync(Visit visit, Component? component, FormValues form, ApiError? refused = null)
    {
        _ = visit.Platform();
        return visit.Page<ComponentFormPage>(
            new()
            {
                [nameof(ComponentFormPage.Component)] = component,
                [nameof(ComponentFormPage.Events)] = component is null ? null : await visit.Api.GetAsync($"{ComponentPath(component.Id)}/events?limit=100", ContractsJson.Wire.ListPageComponentEvent),
                [nameof(ComponentFormPage.Form)] = form,
                [nameof(ComponentFormPage.Problem)] = refused?.Message,
            },
            refused?.Status ?? form.Status);
    }

    private static async Task<IResult> CreateComponentAsync(Visit visit)
    {
        var form = await FormValues.ReadAsync(visit.Http.Request);
        var body = ComponentBody(form, null);
        if (!form.HasErrors)
        {
            try
            {
                await visit.Api.SendAsync(HttpMethod.Post, "/v1/platform/components", body, ContractsJson.Wire.Component);
                return Visit.See(Components, "created");
            }
            catch (ApiException refused)
            {
                Refuse(form, refused);
            }
        }

        return await ComponentFormAsync(visit, null, form);
    }

    private static async Task<IResult> EditComponentAsync(Visit visit, string id)
    {
        _ = visit.Platform();
        var (component, tag) = await visit.Api.FindAsync(ComponentPath(id), ContractsJson.Wire.Component);
        return await ComponentFormAsync(visit, component, FormOf(component, tag));
    }

    private static async Task<IResult> SaveComponentAsync(Visit visit, string id)
    {
        var form = await FormValues.ReadAsync(visit.Http.Request);
        var (component, tag) = await visit.Api.FindAsync(ComponentPath(id), ContractsJson.Wire.Component);
        var body = ComponentBody(form, component);
        if (!form.HasErrors)
        {
            try
            {
                await visit.Api.SendAsync(HttpMethod.Patch, ComponentPath(id), body, ContractsJson.Wire.Component, form.Version);
                return Visit.See(Components, "saved");
            }
            catch (ApiException refused)
            {
                Refuse(form, refused);
                form.TakeNewer(tag);
            }
        }

        return await ComponentFormAsync(visit, component, form);
    }

    private static async Task<IResult> ArchiveComponentAsync(Visit visit, string id)
    {
        try
        {
            await visit.Api.SendAsync(HttpMethod.Delete, ComponentPath(id), null, ContractsJson.Wire.Component);
            return Visit.See(Components, "archived");
        }
        catch (ApiException refused) when (refused.Error.Status is 409)
        {
            var (component, tag) = await visit.Api.FindAsync(ComponentPath(id), ContractsJson.Wire.Component);
            return await ComponentFormAsync(visit, component, FormOf(component, tag), refused.Error);
        }
    }

    private static FormValues FormOf(Component component, string? tag) => FormValues.Of(
        ("name", component.Name), ("description", component.Description), ("group", component.Group), ("position", $"{component.Position}"), ("start_date", component.StartDate.ToString("yyyy-MM-dd")),
        ("only_show_if_degraded", component.OnlyShowIfDegraded ? "on" : ""), ("probe_url", component.Probe?.Url ?? ""), ("probe_interval", $"{component.Probe?.IntervalSeconds}"),
        ("probe_timeout", $"{component.Probe?.TimeoutSeconds}"), ("probe_status", $"{component.Probe?.ExpectStatus}"), (FormValues.VersionField, tag));

    private static async Task<IResult> SubscribersAsync(Visit visit)
    {
        _ = visit.Platform();
        var list = await visit.Api.GetAsync($"/v1/platform/subscribers?{visit.ListQuery(50)}", ContractsJson.Wire.ListPagePageSubscriber);
        return visit.Page<SubscribersPage>(new() { [nameof(SubscribersPage.List)] = list });
    }

    private static async Task<IResult> DeleteSubscriberAsync(Visit visit, string id)
    {
        _ = visit.Platform();
        await visit.Api.SendAsync(HttpMethod.Delete, $"/v1/platform/subscribers/{Uri.EscapeDataString(id)}", null, ContractsJson.Wire.PageSubscriberDeleted);
        return Visit.See(Subscribers, "deleted");
    }

    private static void Refuse(FormValues form, ApiException refused) => form.Refuse(refused.Error, ComponentFields, Renamed);

    /// <summary>What the form says; of a component that there is, only what differs: a built-in one keeps its name and has no probe.</summary>
    private static JsonObject ComponentBody(FormValues form, Component? component)
    {
        var body = new JsonObject();
        Text("name", component?.Name, form["name"]);
        Text("description", component?.Description, form["description"] is { Length: > 0 } description ? description : null);
        Text("group", component?.Group, form["group"] is { Length: > 0 } group ? group : null);
        if (form["start_date"].Length > 0)
        {
            Text("start_date", component?.StartDate.ToString("yyyy-MM-dd"), form["start_date"]);
        }

        if (int.TryParse(form["position"], out var position))
        {
            body["position"] = position;
        }
        else
        {
            form.Fail("position", "Enter a whole number.");
        }

        body["only_show_if_degraded"] = form.IsOn("only_show_if_degraded");
        if (form["probe_url"].Length > 0)
        {
            var probe = new JsonObject { ["url"] = form["probe_url"] };
            Number("probe_interval", "interval_seconds");
            Number("probe_timeout", "timeout_seconds");
            Number("probe_status", "expect_status");
            body["probe"] = probe;

            void Number(string field, string name)
            {
                if (form[field].Length == 0)
                {
                    return;
                }

                if (int.TryParse(form[field], out var number))
                {
                    probe[name] = number;
                }
                else
                {
                    form.Fail(field, "Enter a whole number, or nothing.");
                }
            }
        }
        else if (component?.Probe is not null)
        {
            body["probe"] = null;
        }

        return body;

        void Text(string name, string? now, string? wanted)
        {
            if (component is null ? wanted is not null : now != wanted)
            {
                body[name] = wanted;
            }
        }
    }
}
