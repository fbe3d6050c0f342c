using Xerotier.Contracts;

namespace Xerotier.Gateway.Description;

/// <content>What the platform's operators do.</content>
internal static partial class Operations
{
    private const string PlatformKeyExample = """{"name": "ops", "scopes": ["platform"], "allowed_ips": [], "key": "xero_platform_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789_-AbCdE"}""";

    public static readonly Operation ListProjects = new("listProjects", Tags.Platform, "List projects", $"All projects, newest first. {PagedById}")
    {
        Parameters = [Parameters.Limit, Parameters.After with { Example = Parameters.PlatformProjectId.Example }],
        Responses = [new(200, "One page of projects.", Body.Json<ListPage<Project>>())],
        Errors = [400],
    };

    public static readonly Operation CreateProject = new("createProject", Tags.Platform, "Create a project", "The slug must be unique. Create its first key next.")
    {
        Request = Body.Json<ProjectCreate>(),
        Responses = [new(201, "The new project.", Body.Json<Project>())],
        Errors = [400, 409],
    };

    public static readonly Operation CreateFirstKey = new(
        "createFirstKey", Tags.Platform, "Create a key of a project", "The response is the only one that shows the key's value. The service stores a hash. A project has at most 100 keys that are neither revoked nor expired.")
    {
        Parameters = [Parameters.PlatformProjectId],
        Request = Body.Json<ApiKeyCreate>(),
        Responses = [new(201, "The new key with its value.", Body.Json<ApiKeyCreated>("""{"expires_at": "2027-05-20T08:00:00Z"}"""))],
        Errors = [400, 409],
    };

    public static readonly Operation ListProjectKeys = new("listProjectKeys", Tags.Platform, "List a project's API keys", $"The project's keys without their values, newest first. {PagedById}")
    {
        Parameters = [Parameters.PlatformProjectId, Parameters.Limit, Parameters.After with { Example = Parameters.KeyId.Example }],
        Responses = [new(200, "One page of keys.", Body.Json<ListPage<ApiKey>>())],
        Errors = [400],
    };

    public static readonly Operation RevokeProjectKey = new("revokeProjectKey", Tags.Platform, "Revoke a project's API key", "Takes effect on every Gateway within a second, and ends the key's open streams.")
    {
        Parameters = [Parameters.KeyId],
        Responses = [new(200, "The revoked key.", Body.Json<ApiKey>("""{"revoked_at": "2026-05-21T09:00:00Z"}"""))],
    };

    public static readonly Operation SuspendProject = new(
        "suspendProject", Tags.Platform, "Suspend a project", "Within a second its keys stop working on every Gateway (403 project_suspended), its streams end, and its maintenance windows leave the public page. Suspending it again changes nothing. A project of the platform cannot be suspended.")
    {
        Parameters = [Parameters.PlatformProjectId],
        Responses = [new(200, "The suspended project.", Body.Json<Project>("""{"suspended_at": "2026-05-21T09:00:00Z"}"""))],
        Errors = [409],
    };

    public static readonly Operation ResumeProject = new(
        "resumeProject", Tags.Platform, "Resume a project", "Undoes the suspension: its keys work again within a second, and its windows come back. Resuming a project that is not suspended changes nothing.")
    {
        Parameters = [Parameters.PlatformProjectId],
        Responses = [new(200, "The project.", Body.Json<Project>())],
    };

    public static readonly Operation CancelAnyWindow = new(
        "cancelAnyWindow", Tags.Platform, "Cancel a maintenance window of any project", "A scheduled or active window of whichever project is cancelled for good, by the platform's operators. Its project sees it cancelled and, in its events, by which platform key. Cancelling it again changes nothing.")
    {
        Parameters = [Parameters.WindowId, Parameters.IfMatch],
        Responses = [CancelledWindow],
        Errors = [400, 409, 412],
    };

    public static readonly Operation ListPlatformKeys = new("listPlatformKeys", Tags.Platform, "List platform keys", $"The platform's keys without their values, newest first. {PagedById}")
    {
        Parameters = [Parameters.Limit, Parameters.After with { Example = Parameters.KeyId.Example }],
        Responses = [new(200, "One page of keys.", Body.Json<ListPage<ApiKey>>())],
        Errors = [400],
    };

    public static readonly Operation PlatformKeyEvents = new(
        "listPlatformKeyEvents", Tags.Platform, "List the events of platform keys", $"Every creation, rotation and revocation of the platform's keys, newest first: who did it, and when. No key's value is in it. {PagedById}")
    {
        Parameters = [Parameters.Limit, Parameters.After with { Example = "\"key_0v8w2x4y6z1a3b5c7d9e.1779264000000000\"" }],
        Responses = [new(200, "One page of events.", Body.Json<ListPage<ApiKeyEvent>>())],
        Errors = [400],
    };

    public static readonly Operation CreatePlatformKey = new("createPlatformKey", Tags.Platform, "Create a platform key", "The response is the only one that shows the key's value. The service stores a hash.")
    {
        Request = Body.Json<PlatformKeyCreate>(),
        Responses = [new(201, "The new key with its value.", Body.Json<ApiKeyCreated>(PlatformKeyExample))],
        Errors = [400],
    };

    public static readonly Operation RotatePlatformKey = new(
        "rotatePlatformKey", Tags.Platform, "Rotate a platform key", "Gives the key a new value. The old value stays valid for 24 hours. After rotating the key of the Gateways' configuration, configure the new value: they do not bring the old one back.")
    {
        Parameters = [Parameters.KeyId],
        Responses = [new(200, "The key with its new value.", Body.Json<ApiKeyCreated>(PlatformKeyExample))],
        Errors = [409],
    };

    public static readonly Operation RevokePlatformKey = new(
        "revokePlatformKey", Tags.Platform, "Revoke a platform key", "Takes effect on every Gateway within a second, and ends the key's open streams. The last platform key that can be used cannot be revoked (409): create another one first.")
    {
        Parameters = [Parameters.KeyId],
        Responses = [new(200, "The revoked key.", Body.Json<ApiKey>("""{"name": "ops", "scopes": ["platform"], "allowed_ips": [], "revoked_at": "2026-05-21T09:00:00Z"}"""))],
        Errors = [409],
    };
}
