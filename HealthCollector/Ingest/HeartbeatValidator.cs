using System.Buffers;
using Google.Protobuf.Collections;
using Xerotier.Health.V1;
using Xerotier.HealthCollector.Fleet;
using Xerotier.ServiceDefaults;

namespace Xerotier.HealthCollector.Ingest;

/// <summary>What a heartbeat must contain, and which fleet it belongs to (product.md section 5).</summary>
internal static class HeartbeatValidator
{
    /// <summary>Entries of a list at most.</summary>
    public const int MaxListLength = 256;

    private const int MaxIdLength = 128;
    private const int MaxTextLength = 200;
    private const int MaxModelLength = 256;
    private const int MaxSlugLength = 128;

    private static readonly SearchValues<char> IdCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-");
    private static readonly SearchValues<char> SlugCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
    /// <summary>Validates one heartbeat.</summary>
    /// <param name="heartbeat">The heartbeat as it was sent.</param>
    /// <param name="caller">Who sent it.</param>
    /// <param name="receivedAt">When it was received, in microseconds since 1970.</param>
    /// <param name="fleet">The fleet that it belongs to.</param>
    /// <param name="valid">What to write.</param>
    /// <returns>What is wrong with it, or null.</returns>
    public static Refusal? Validate(Heartbeat heartbeat, Caller caller, long receivedAt, out FleetKey fleet, out ReceivedHeartbeat valid)
    {
        (fleet, valid) = (default, default);
        var platform = caller.ProjectId == Caller.Platform;
        switch (heartbeat.SourceCase)
        {
            case Heartbeat.SourceOneofCase.Router:
                var router = heartbeat.Router;
                if (ValidateRouter(router) is { } wrongRouter)
                {
                    return wrongRouter;
                }

                if (!platform)
                {
                    return Refusal.Scope("A router must report with a platform key.");
                }

                fleet = FleetKey.OfRouter(router.RouterId);
                valid = new(router.RouterId, receivedAt, FleetRules.IsUp(router.State), HeartbeatRecord.Of(router));
                return null;

            case Heartbeat.SourceOneofCase.Agent:
                var agent = heartbeat.Agent;
                if (ValidateAgent(agent) is { } wrongAgent)
                {
                    return wrongAgent;
                }

                var shared = agent.Kind == AgentKind.Shared;
                if (shared && !platform)
                {
                    return Refusal.Scope("A shared agent must report with a platform key.");
                }

                if (platform && !shared && !ProjectId.IsWellFormed(agent.ProjectId))
                {
                    return agent.ProjectId.Length == 0
                        ? Refusal.Scope("A private agent must report with a key of its project, or its relay must name the project.")
                        : Refusal.Invalid("project_id must be a project's id.");
                }

                if (ValidateEndpoints(agent) is { } wrongEndpoint)
                {
                    return wrongEndpoint;
                }

                fleet = shared ? FleetKey.OfSharedAgent(agent.WorkerId) : FleetKey.PrivateAgents(platform ? agent.ProjectId : caller.ProjectId);
                agent.ProjectId = ""; // the fleet says it
                valid = new(agent.WorkerId, receivedAt, agent.State != AgentState.Offline, HeartbeatRecord.Of(agent));
                return null;

            default:
                return Refusal.Invalid("A heartbeat must contain a router or an agent.");
        }
    }

    private static Refusal? ValidateRouter(RouterHeartbeat router) =>
        ValidateId(router.RouterId, "router_id")
        ?? ValidateText(router.Region, "region")
        ?? ValidateText(router.Version, "version")
        ?? (router.State is RouterState.Online or RouterState.Draining or RouterState.Offline ? null : Refusal.Invalid("state must be online, draining or offline."));

    private static Refusal? ValidateAgent(AgentHeartbeat agent) =>
        ValidateId(agent.WorkerId, "worker_id")
        ?? ValidateText(agent.Name, "name")
        ?? ValidateText(agent.Region, "region")
        ?? ValidateText(agent.Version, "version")
        ?? (agent.Kind is AgentKind.Shared or AgentKind.Private ? null : Refusal.Invalid("kind must be shared or private."))
        ?? (agent.State is AgentState.Ready or AgentState.Draining or AgentState.Offline ? null : Refusal.Invalid("state must be ready, draining or offline."))
        ?? (agent.MaxConcurrentRequests >= 0 ? null : Refusal.Invalid("max_concurrent_requests must not be negative."))
        ?? (agent.ActiveRequests >= 0 ? null : Refusal.Invalid("active_requests must not be negative."))
        ?? ValidateModels(agent.Models);

    private static Refusal? ValidateId(string id, string field) =>
        id.Length is >= 1 and <= MaxIdLength && !id.AsSpan().ContainsAnyExcept(IdCharacters)
            ? null
            : Refusal.Invalid($"{field} must have 1 to {MaxIdLength} characters, each of A-Z a-z 0-9 . _ : -");

    private static Refusal? ValidateText(string text, string field)
    {
        if (text.Length > MaxTextLength)
        {
            return Refusal.Invalid($"{field} must have at most {MaxTextLength} characters.");
        }

        return HasControl(text) ? Refusal.Invalid($"{field} must not contain control characters.") : null;
    }

    private static Refusal? ValidateModels(RepeatedField<string> models)
    {
        if (models.Count > MaxListLength)
        {
            return Refusal.Invalid($"models must have at most {MaxListLength} entries.");
        }

        foreach (var model in models)
        {
            if (model.Length is 0 or > MaxModelLength || HasControl(model))
            {
                return Refusal.Invalid($"A model's name must have 1 to {MaxModelLength} characters and no control characters.");
            }
        }

        return null;
    }

    private static Refusal? ValidateEndpoints(AgentHeartbeat agent)
    {
        if (agent.Endpoints.Count > MaxListLength)
        {
            return Refusal.Invalid($"endpoints must have at most {MaxListLength} entries.");
        }

        var shared = agent.Kind == AgentKind.Shared;
        foreach (var endpoint in agent.Endpoints)
        {
            var slash = shared ? endpoint.IndexOf('/', StringComparison.Ordinal) : -1;
            var slug = endpoint.AsSpan(slash + 1);
            if (shared && (slash < 0 || !ProjectId.IsWellFormed(endpoint.AsSpan(0, slash))))
            {
                return Refusal.Invalid("A shared agent must name its endpoints as <project id>/<slug>.");
            }

            if (slug.Length is 0 or > MaxSlugLength || slug.ContainsAnyExcept(SlugCharacters))
            {
                return Refusal.Invalid($"An endpoint's slug must have 1 to {MaxSlugLength} characters, each of A-Z a-z 0-9 . _ -");
            }
        }

        return null;
    }

    private static bool HasControl(string text)
    {
        foreach (var character in text)
        {
            if (char.IsControl(character))
            {
                return true;
            }
        }

        return false;
    }
}
