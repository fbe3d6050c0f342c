using System.Text.RegularExpressions;
using Xerotier.Contracts;
using Xerotier.Gateway.Projects;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.Gateway.Management;

/// <summary>Responds to requests for the platform's projects: list, create, suspend, resume.</summary>
internal sealed partial class ProjectHandlers(ProjectStore store, [FromKeyedServices(DatabaseTime.Key)] TimeProvider time)
{
    /// <summary>GET /v1/platform/projects.</summary>
    public async Task ListAsync(Call call)
    {
        var list = ListRequest.Of(call.Http.Request);
        var projects = await store.ListAsync(list.Limit + 1, list.After).WaitAsync(call.Aborted);
        await list.WriteAsync(call.Http, projects, project => project.Id, ContractsJson.Wire.ListPageProject);
    }

    /// <summary>POST /v1/platform/projects.</summary>
    public async Task CreateAsync(Call call)
    {
        var fields = JsonFields.Parse(await JsonFields.ReadBodyAsync(call.Http.Request, (int)call.Route.MaxBody!));
        fields.Require("name", "slug");
        var name = fields.Text("name", 1, 100);
        var slug = fields.Text("slug", 1, 40);
        if (slug is not null && !Slug().IsMatch(slug))
        {
            fields.Invalid("slug", "must be 1 to 40 of a-z, 0-9 and '-'.");
        }

        var platform = fields.Flag("platform") ?? false;
        fields.ThrowIfInvalid();
        var project = new Project { Id = Id.New("proj_"), Name = name!, Slug = slug!, Platform = platform, CreatedAt = Timestamps.ToMicroseconds(time.GetUtcNow()), SuspendedAt = null };
        if (slug == Caller.Platform || !await store.CreateAsync(project, call.Actor).WaitAsync(call.Aborted))
        {
            throw new ApiException(ApiErrors.AlreadyExists($"The slug '{slug}' is taken.", "slug"));
        }

        await Responses.WriteJsonAsync(call.Http, 201, project, ContractsJson.Wire.Project);
    }

    /// <summary>POST /v1/platform/projects/{id}/suspend.</summary>
    public Task SuspendAsync(Call call) => SetSuspendedAsync(call, suspended: true);

    /// <summary>POST /v1/platform/projects/{id}/resume.</summary>
    public Task ResumeAsync(Call call) => SetSuspendedAsync(call, suspended: false);

    private async Task SetSuspendedAsync(Call call, bool suspended)
    {
        var project = await store.SetSuspendedAsync(call.Id!, suspended, Timestamps.ToMicroseconds(time.GetUtcNow()), call.Actor).WaitAsync(call.Aborted)
            ?? throw new ApiException(ApiErrors.NotFound());
        if (suspended && project.Platform)
        {
            throw new ApiException(ApiErrors.InvalidStateTransition("A project of the platform cannot be suspended."));
        }

        await Responses.WriteJsonAsync(call.Http, 200, project, ContractsJson.Wire.Project);
    }

    [GeneratedRegex("^[a-z0-9-]{1,40}$", RegexOptions.CultureInvariant)]
    private static partial Regex Slug();
}
