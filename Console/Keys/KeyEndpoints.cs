using System.Text.Json.Nodes;
using Xerotier.OperatorConsole.Api;
using Xerotier.OperatorConsole.Visits;
using Xerotier.ServiceDefaults;

namespace Xerotier.OperatorConsole.Keys;

/// <summary>API keys: the project's, the platform's, and those of any project for the platform's operators.</summary>
internal static class KeyEndpoints
{
    private static readonly string[] Fields = ["name", "scopes", "expires_at", "allowed_ips"];
    private static readonly Dictionary<string, string> Renamed = new() { ["expires_at"] = "expires_in_days" };

    public static void MapKeys(this IEndpointRouteBuilder pages)
    {
        Map(pages.MapGroup("keys"), visit => new("/console/keys", visit.OfProject("management/keys"), "API keys", ["management", "inference", "heartbeat"], CanRotate: true, "api_key"));
        Map(pages.MapGroup("platform/keys"), visit => new("/console/platform/keys", OfPlatform(visit, "/v1/platform/keys"), "Platform keys", [], CanRotate: true, "platform_key"));
        Map(pages.MapGroup("platform/projects/{project}/keys"), visit => visit.Http.Request.RouteValues["project"] is string project
            ? new($"/console/platform/projects/{project}/keys", OfPlatform(visit, $"/v1/platform/projects/{Uri.EscapeDataString(project)}/keys"), $"Keys of {project}", ["management", "inference", "heartbeat"], CanRotate: false)
            : throw new ApiException(ApiErrors.NotFound()));
    }

    private static string OfPlatform(Visit visit, string path)
    {
        _ = visit.Platform();
        return path;
    }

    private static void Map(IEndpointRouteBuilder keys, Func<Visit, KeyRing> ring)
    {
        keys.MapGet("", (Visit visit) => ListAsync(visit, ring(visit), NewForm()));
        keys.MapPost("", (Visit visit) => CreateAsync(visit, ring(visit)));
        keys.MapPost("{id}/rotate", (Visit visit, string id) => RotateAsync(visit, ring(visit), id));
        keys.MapPost("{id}/revoke", (Visit visit, string id) => RevokeAsync(visit, ring(visit), id));
    }

    private static FormValues NewForm() => FormValues.Of(("scopes", "management"));

    /// <summary>The keys, and one that was made just now: its value is shown whatever else fails, for nobody can read it again.</summary>
    private static async Task<IResult> ListAsync(Visit visit, KeyRing ring, FormValues form, ApiKeyCreated? made = null, int status = 200, string? problem = null)
    {
        ListPage<ApiKey>? list = null;
        try
        {
            list = await visit.Api.GetAsync($"{ring.Path}?{visit.ListQuery(50)}", ContractsJson.Wire.ListPageApiKey);
        }
        catch (ApiException) when (made is not null)
        {
            problem = "The other keys cannot be read right now.";
        }

        return visit.Page<KeysPage>(
            new()
            {
                [nameof(KeysPage.Ring)] = ring,
                [nameof(KeysPage.List)] = list,
                [nameof(KeysPage.Form)] = form,
                [nameof(KeysPage.Made)] = made,
                [nameof(KeysPage.Problem)] = problem,
            },
            status);
    }

    private static async Task<IResult> CreateAsync(Visit visit, KeyRing ring)
    {
        var form = await FormValues.ReadAsync(visit.Http.Request);
        var body = new JsonObject { ["name"] = form["name"], ["allowed_ips"] = form.List("allowed_ips").ToJson() };
        if (ring.Scopes.Count > 0)
        {
            body["scopes"] = form.AllOf("scopes").ToJson();
        }

        if (form["expires_in_days"].Length > 0)
        {
            if (int.TryParse(form["expires_in_days"], out var days) && days is >= 1 and <= 3650)
            {
                body["expires_at"] = visit.Now.AddDays(days).ToString("O");
            }
            else
            {
                form.Fail("expires_in_days", "Enter a number of days from 1 to 3650, or nothing.");
            }
        }

        ApiKeyCreated? made = null;
        if (!form.HasErrors)
        {
            try
            {
                made = (await visit.Api.SendAsync(HttpMethod.Post, ring.Path, body, ContractsJson.Wire.ApiKeyCreated)).Value;
            }
            catch (ApiException refused)
            {
                form.Refuse(refused.Error, Fields, Renamed);
            }
        }

        return made is null ? await ListAsync(visit, ring, form, status: form.Status) : await ListAsync(visit, ring, NewForm(), made, StatusCodes.Status201Created);
    }

    private static async Task<IResult> RotateAsync(Visit visit, KeyRing ring, string id)
    {
        try
        {
            var made = await visit.Api.SendAsync(HttpMethod.Post, $"{ring.Path}/{Uri.EscapeDataString(id)}/rotate", null, ContractsJson.Wire.ApiKeyCreated);
            return await ListAsync(visit, ring, NewForm(), made.Value);
        }
        catch (ApiException refused) when (refused.Error.Status is 409)
        {
            return await ListAsync(visit, ring, NewForm(), status: refused.Error.Status, problem: refused.Error.Message);
        }
    }

    private static async Task<IResult> RevokeAsync(Visit visit, KeyRing ring, string id)
    {
        try
        {
            await visit.Api.SendAsync(HttpMethod.Delete, $"{ring.Path}/{Uri.EscapeDataString(id)}", null, ContractsJson.Wire.ApiKey);
            return Visit.See(ring.Page, "revoked");
        }
        catch (ApiException refused) when (refused.Error.Status is 409)
        {
            return await ListAsync(visit, ring, NewForm(), status: refused.Error.Status, problem: refused.Error.Message);
        }
    }
}

/// <summary>Keys that belong together.</summary>
/// <param name="Page">Address of their page.</param>
/// <param name="Path">Their path in the API.</param>
/// <param name="Title">The page's heading.</param>
/// <param name="Scopes">What a new one may be allowed; empty: they all have one scope.</param>
/// <param name="CanRotate">Whether the API rotates them.</param>
/// <param name="Audit">What the audit page calls them; null: their own project has their trail.</param>
public sealed record KeyRing(string Page, string Path, string Title, IReadOnlyList<string> Scopes, bool CanRotate, string? Audit = null);
