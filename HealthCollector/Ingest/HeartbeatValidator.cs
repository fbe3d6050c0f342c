using System.Buffers;
using Google.Protobuf.Collections;
using Xerotier.Health.V1;
using Xerotier.ServiceDefaults;

namespace Xerotier.HealthCollector;

/// <summary>One heartbeat's error, as the acknowledgement carries it.</summary>
/// <param name="Code">Its code.</param>
/// <param name="Message">A sentence for the sender.</param>
internal sealed record Refusal(string Code, string Message)
{
    public static Refusal Invalid(string message) => new("invalid_request", message);

    public static Refusal Scope(string message) => new("scope_insufficient", message);

    public static Refusal UnknownField(string message) => new("unknown_field", message);

    public static Refusal Quota { get; } = new("quota_exceeded", "The project has as many registered agents, or as much of their data, as it may have.");

    public static Refusal RateLimit { get; } = new(ApiErrors.RateLimitExceeded(1).Code, ApiErrors.RateLimitExceeded(1).Message);

    public static Refusal Unavailable { get; } = new(ApiErrors.ServiceUnavailable.Code, ApiErrors.ServiceUnavailable.Message);
}

/// <summary>What a heartbeat must look like, and whose it is (product.md section 5).</summary>
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
    private static readonly SearchValues<char> AlphaNumeric = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");

    /// <summary><c>proj_</c> and 6 to 32 letters and digits.</summary>
    public static bool IsProjectId(ReadOnlySpan<char> text) =>
        text.StartsWith("proj_") && text.Length is >= 11 and <= 37 && !text[5..].ContainsAnyExcept(AlphaNumeric);

    /// <summary>Judges one heartbeat of <paramref name="caller"/>.</summary>
    /// <param name="heartbeat">As it came.</param>
    /// <param name="caller">Whose key it came with.</param>
    /// <param name="heardAt">When, in microseconds since 1970.</param>
    /// <param name="fleet">The fleet that it belongs to.</param>
    /// <param name="beat">What to write.</param>
    /// <returns>What is wrong with it, or null.</returns>
    public static Refusal? Judge(Heartbeat heartbeat, Caller caller, long heardAt, out FleetKey fleet, out Beat beat)
    {
        (fleet, beat) = (default, default);
        var platform = caller.ProjectId == Caller.Platform;
        switch (heartbeat.SourceCase)
        {
            case Heartbeat.SourceOneofCase.Router:
                var router = heartbeat.Router;
                if (Check(router) is { } wrongRouter)
                {
                    return wrongRouter;
                }

                if (!platform)
                {
                    return Refusal.Scope("A router reports with a platform key.");
                }

                fleet = FleetKey.Routers;
                beat = new(router.RouterId, heardAt, FleetRules.IsUp(router.State), FleetRecord.Of(router));
                return null;

            case Heartbeat.SourceOneofCase.Agent:
                var agent = heartbeat.Agent;
                if (Check(agent) is { } wrongAgent)
                {
                    return wrongAgent;
                }

                if (platform != (agent.Kind == AgentKind.Shared))
                {
                    return Refusal.Scope(platform ? "A private agent reports with a key of its project." : "A shared agent reports with a platform key.");
                }

                if (CheckEndpoints(agent) is { } wrongEndpoint)
                {
                    return wrongEndpoint;
                }

                fleet = platform ? FleetKey.SharedAgents : FleetKey.PrivateAgents(caller.ProjectId);
                beat = new(agent.WorkerId, heardAt, agent.State != AgentState.Offline, FleetRecord.Of(agent));
                return null;

            default:
                return Refusal.Invalid("A heartbeat is a router's or an agent's.");
        }
    }

    private static Refusal? Check(RouterHeartbeat router) =>
        CheckId(router.RouterId, "router_id")
        ?? CheckText(router.Region, "region")
        ?? CheckText(router.Version, "version")
        ?? (router.State is RouterState.Online or RouterState.Draining or RouterState.Offline ? null : Refusal.Invalid("state must be online, draining or offline."));

    private static Refusal? Check(AgentHeartbeat agent) =>
        CheckId(agent.WorkerId, "worker_id")
        ?? CheckText(agent.Name, "name")
        ?? CheckText(agent.Region, "region")
        ?? CheckText(agent.Version, "version")
        ?? (agent.Kind is AgentKind.Shared or AgentKind.Private ? null : Refusal.Invalid("kind must be shared or private."))
        ?? (agent.State is AgentState.Ready or AgentState.Draining or AgentState.Offline ? null : Refusal.Invalid("state must be ready, draining or offline."))
        ?? (agent.MaxConcurrentRequests >= 0 ? null : Refusal.Invalid("max_concurrent_requests must not be negative."))
        ?? (agent.ActiveRequests >= 0 ? null : Refusal.Invalid("active_requests must not be negative."))
        ?? CheckModels(agent.Models);

    private static Refusal? CheckId(string id, string field) =>
        id.Length is >= 1 and <= MaxIdLength && !id.AsSpan().ContainsAnyExcept(IdCharacters)
            ? null
            : Refusal.Invalid($"{field} must be 1 to {MaxIdLength} of A-Z a-z 0-9 . _ : -");

    private static Refusal? CheckText(string text, string field)
    {
        if (text.Length > MaxTextLength)
        {
            return Refusal.Invalid($"{field} must have at most {MaxTextLength} characters.");
        }

        return HasControl(text) ? Refusal.Invalid($"{field} must not contain control characters.") : null;
    }

    private static Refusal? CheckModels(RepeatedField<string> models)
    {
        if (models.Count > MaxListLength)
        {
            return Refusal.Invalid($"models must have at most {MaxListLength} entries.");
        }

        foreach (var model in models)
        {
            if (model.Length is 0 or > MaxModelLength || HasControl(model))
            {
                return Refusal.Invalid($"A model's name must have 1 to {MaxModelLength} characters, none of them a control character.");
            }
        }

        return null;
    }

    private static Refusal? CheckEndpoints(AgentHeartbeat agent)
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
            if (shared && (slash < 0 || !IsProjectId(endpoint.AsSpan(0, slash))))
            {
                return Refusal.Invalid("A shared agent names an endpoint as <project id>/<slug>.");
            }

            if (slug.Length is 0 or > MaxSlugLength || slug.ContainsAnyExcept(SlugCharacters))
            {
                return Refusal.Invalid($"An endpoint's slug must be 1 to {MaxSlugLength} of A-Z a-z 0-9 . _ -");
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
