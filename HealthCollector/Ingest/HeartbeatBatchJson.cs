using System.Text.Json;
using Google.Protobuf.Collections;
using Xerotier.Health.V1;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.HealthCollector.Ingest;

/// <summary>
/// Reads <c>{"heartbeats":[…]}</c> strictly. An error of the batch fails the request, the first error of a heartbeat refuses that
/// heartbeat. Not by <see cref="JsonFields"/>, which collects all errors of an object: a batch has a thousand objects, and this reads each
/// of them once, straight into its message.
/// </summary>
internal static class HeartbeatBatchJson
{
    /// <summary>Reads the batch in <paramref name="body"/>.</summary>
    /// <exception cref="ApiException">It is not a batch.</exception>
    public static async Task<IReadOnlyList<ParsedHeartbeat>> ReadAsync(Stream body, CancellationToken cancellation)
    {
        JsonDocument document;
        try
        {
            document = await JsonDocument.ParseAsync(body, cancellationToken: cancellation);
        }
        catch (JsonException)
        {
            throw new ApiException(ApiErrors.InvalidJson());
        }

        using (document)
        {
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
            {
                throw new ApiException(ApiErrors.InvalidJson("The body must be a JSON object."));
            }

            JsonElement list = default;
            try
            {
                foreach (var property in Fields(root))
                {
                    list = property.Name == "heartbeats"
                        ? property.Value
                        : throw UnknownField(JsonFields.Shorten(property.Name));
                }
            }
            catch (Exception failure) when (failure is RefusedException or InvalidOperationException)
            {
                throw new ApiException(ApiErrors.InvalidJson()); // a duplicate field, or a name that is not valid Unicode
            }

            if (list.ValueKind != JsonValueKind.Array)
            {
                throw new ApiException(ApiErrors.Invalid("heartbeats must be a list.", "heartbeats"));
            }

            return list.GetArrayLength() <= HeartbeatIntake.MaxBatch
                ? [.. list.EnumerateArray().Select(Read)]
                : throw new ApiException(ApiErrors.Invalid($"heartbeats must have at most {HeartbeatIntake.MaxBatch} entries.", "heartbeats"));
        }
    }

    private static ParsedHeartbeat Read(JsonElement element)
    {
        try
        {
            if (element.ValueKind != JsonValueKind.Object)
            {
                return new(null, Refusal.Invalid("A heartbeat must be a JSON object."));
            }

            return element.TryGetProperty("router_id", out _)
                ? new(new() { Router = Router(element) }, null)
                : new(new() { Agent = Agent(element) }, null);
        }
        catch (RefusedException refused)
        {
            return new(null, refused.Refusal);
        }
        catch (InvalidOperationException)
        {
            return new(null, Refusal.Invalid("A string is not valid Unicode.")); // a lone surrogate
        }
    }

    private static RouterHeartbeat Router(JsonElement element)
    {
        var router = new RouterHeartbeat();
        foreach (var property in Fields(element))
        {
            switch (property.Name)
            {
                case "router_id": router.RouterId = Text(property); break;
                case "region": router.Region = Text(property); break;
                case "version": router.Version = Text(property); break;
                case "state":
                    router.State = Text(property) switch
                    {
                        "online" => RouterState.Online,
                        "draining" => RouterState.Draining,
                        "offline" => RouterState.Offline,
                        _ => RouterState.Unspecified,
                    };
                    break;
                default: throw Unknown(property);
            }
        }

        return router;
    }

    private static AgentHeartbeat Agent(JsonElement element)
    {
        var agent = new AgentHeartbeat();
        foreach (var property in Fields(element))
        {
            switch (property.Name)
            {
                case "worker_id": agent.WorkerId = Text(property); break;
                case "name": agent.Name = Text(property); break;
                case "region": agent.Region = Text(property); break;
                case "version": agent.Version = Text(property); break;
                case "max_concurrent_requests": agent.MaxConcurrentRequests = Number(property); break;
                case "active_requests": agent.ActiveRequests = Number(property); break;
                case "models": Add(agent.Models, property); break;
                case "endpoints": Add(agent.Endpoints, property); break;
                case "kind":
                    agent.Kind = Text(property) switch
                    {
                        "shared" => AgentKind.Shared,
                        "private" => AgentKind.Private,
                        _ => AgentKind.Unspecified,
                    };
                    break;
                case "state":
                    agent.State = Text(property) switch
                    {
                        "ready" => AgentState.Ready,
                        "draining" => AgentState.Draining,
                        "offline" => AgentState.Offline,
                        _ => AgentState.Unspecified,
                    };
                    break;
                default: throw Unknown(property);
            }
        }

        return agent;
    }

    private static IEnumerable<JsonProperty> Fields(JsonElement element)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var property in element.EnumerateObject())
        {
            yield return seen.Add(property.Name) ? property : throw new RefusedException(Refusal.Invalid($"Duplicate field: '{JsonFields.Shorten(property.Name)}'."));
        }
    }

    private static string Text(JsonProperty property) => property.Value.ValueKind == JsonValueKind.String
        ? property.Value.GetString()!
        : throw new RefusedException(Refusal.Invalid($"{property.Name} must be a string."));

    private static int Number(JsonProperty property) => property.Value.ValueKind == JsonValueKind.Number && property.Value.TryGetInt32(out var number)
        ? number
        : throw new RefusedException(Refusal.Invalid($"{property.Name} must be a whole number of at most {int.MaxValue}."));

    private static void Add(RepeatedField<string> list, JsonProperty property)
    {
        if (property.Value.ValueKind != JsonValueKind.Array || property.Value.GetArrayLength() > HeartbeatValidator.MaxListLength)
        {
            throw new RefusedException(Refusal.Invalid($"{property.Name} must be a list of at most {HeartbeatValidator.MaxListLength} strings."));
        }

        foreach (var item in property.Value.EnumerateArray())
        {
            list.Add(item.ValueKind == JsonValueKind.String ? item.GetString()! : throw new RefusedException(Refusal.Invalid($"{property.Name} must be a list of strings.")));
        }
    }

    private static RefusedException Unknown(JsonProperty property) => new(Refusal.UnknownField($"'{JsonFields.Shorten(property.Name)}' is not a field of this heartbeat."));

    private static ApiException UnknownField(string name) =>
        new(new ApiError(400, ErrorTypes.InvalidRequest, "unknown_field", $"'{name}' is not a field of this request.", name));

    private sealed class RefusedException(Refusal refusal) : Exception(refusal.Message)
    {
        public Refusal Refusal { get; } = refusal;
    }
}
